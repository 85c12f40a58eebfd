//! Programs that do not crash: they live until their input ends, and say what a dump of them must show (`src/living`).
//!
//! Each is compiled when a test asks for it, once, as the crashing ones are.

use std::path::PathBuf;
use std::process::Command;

use crate::build::{BuildError, Step, at, lock};
use crate::targets::Targets;

/// How a living program is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LivingKind {
    /// Position independent, against shared libraries, as most programs are.
    Dynamic,
    /// `cc -static`.
    Static,
    /// `cc -static-pie`.
    StaticPie,
    /// `musl-gcc -static`.
    StaticMusl,
    /// By the Go compiler: no libc, goroutines.
    Go,
    /// A library for [`LivingKind::Dynamic`] to load.
    Module,
}

impl LivingKind {
    /// The programs.
    pub const PROGRAMS: [Self; 5] =
        [Self::Dynamic, Self::Static, Self::StaticPie, Self::StaticMusl, Self::Go];

    /// The file's name.
    #[must_use]
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Dynamic => "living",
            Self::Static => "living-static",
            Self::StaticPie => "living-static-pie",
            Self::StaticMusl => "living-musl",
            Self::Go => "living-go",
            Self::Module => "living-module.so",
        }
    }

    const fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Go => &["living.go", "address.go"],
            Self::Module => &["module.c"],
            _ => &["living.c", "threads.c", "memory.c"],
        }
    }

    const fn compiler(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Dynamic => ("cc", &["-DLIVING_LOADER"]),
            Self::Static => ("cc", &["-static"]),
            Self::StaticPie => ("cc", &["-static-pie"]),
            Self::StaticMusl => ("musl-gcc", &["-static"]),
            Self::Go => ("go", &["build", "-trimpath"]),
            Self::Module => ("cc", &["-shared", "-fPIC"]),
        }
    }

    /// Compiles it, unless it is up to date, and says where it is. Several processes may call this at the same time.
    ///
    /// # Errors
    /// A compiler is missing or refuses, or the disk does not take the result.
    pub fn build(self, targets: &Targets) -> Result<PathBuf, BuildError> {
        let folder = targets.crashers.join("living");
        std::fs::create_dir_all(&folder).map_err(|source| at(&folder, source))?;
        let _one_at_a_time = lock(&folder.join(".lock"))?;
        let output = folder.join(self.file_name());
        let sources = targets.workspace.join("crates/tools/crasher/src/living");
        let unfinished = folder.join(format!("{}.new", self.file_name()));
        let mut inputs: Vec<PathBuf> = self.sources().iter().map(|name| sources.join(name)).collect();
        let (compiler, arguments) = self.compiler();
        let mut command = Command::new(compiler);
        command.args(arguments);
        if self == Self::Go {
            command.env("GO111MODULE", "off").env("GOCACHE", folder.join("go-cache")).env("GOFLAGS", "");
            command.env("CGO_ENABLED", "0");
        } else {
            command.args(["-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"]);
        }
        command.arg("-o").arg(&unfinished).args(&inputs);
        inputs.push(sources.join("living.h"));
        Step { command, unfinished, output: &output, inputs }.make()?;
        Ok(output)
    }
}
