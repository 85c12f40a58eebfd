//! Compiling the crashing programs, only when something they are made of has changed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use rustix::fs::{FlockOperation, flock};

use crate::catalogue::KINDS;
use crate::kind::{Flavour, Kind, Language, Linking};
use crate::samples::{self, Sample};
use crate::targets::Targets;

/// The programs cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file or folder.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The compiler is not there.
    #[error("{compiler} cannot be started ({source}); `cargo xtask setup` installs it")]
    NoCompiler {
        /// Its name.
        compiler: String,
        /// Why.
        source: io::Error,
    },
    /// The compiler refused.
    #[error("{program} does not compile:\n{command}\n{output}")]
    Refused {
        /// Which program.
        program: String,
        /// The command line.
        command: String,
        /// What the compiler said.
        output: String,
    },
    /// Something that cargo builds is not there.
    #[error("{0} is missing; run `cargo build --workspace` first")]
    NoLibrary(PathBuf),
}

/// The compiled programs.
#[derive(Clone, Debug)]
pub struct Crashers {
    folder: PathBuf,
    samples: Vec<Sample>,
}

impl Crashers {
    /// Compiles every kind in every flavour that it has. What is up to date stays; a static musl program is left out
    /// where there is no `musl-gcc`. Several processes may call this at the same time.
    ///
    /// # Errors
    /// A compiler is missing or refuses, a library was not built, or the disk does not take the result.
    pub fn build(targets: &Targets) -> Result<Self, BuildError> {
        let folder = targets.crashers.clone();
        fs::create_dir_all(&folder).map_err(|source| at(&folder, source))?;
        let _one_at_a_time = lock(&folder.join(".lock"))?;
        for kind in KINDS {
            for flavour in [Flavour::Plain, Flavour::Attached] {
                if kind.has(flavour) && compiler_exists(kind) {
                    Recipe::new(targets, kind, flavour).make()?;
                }
            }
        }
        samples::build(targets)?;
        Ok(Self { folder, samples: samples::all(targets) })
    }

    /// The article's sample, in C and in Rust.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// The executable of a kind; `None` where this machine cannot compile it or it has no such flavour.
    #[must_use]
    pub fn path(&self, kind: &Kind, flavour: Flavour) -> Option<PathBuf> {
        let path = self.folder.join(kind.file_name(flavour));
        path.is_file().then_some(path)
    }
}

pub(crate) fn at(path: &Path, source: io::Error) -> BuildError {
    BuildError::File { path: path.to_path_buf(), source }
}

/// Held until the file is dropped.
pub(crate) fn lock(path: &Path) -> Result<File, BuildError> {
    let file = File::create(path).map_err(|source| at(path, source))?;
    flock(&file, FlockOperation::LockExclusive).map_err(|errno| at(path, errno.into()))?;
    Ok(file)
}

fn compiler_exists(kind: &Kind) -> bool {
    kind.linking != Linking::StaticMusl || Command::new("musl-gcc").arg("--version").output().is_ok()
}

/// How one program is made.
struct Recipe<'a> {
    targets: &'a Targets,
    kind: &'a Kind,
    flavour: Flavour,
    source: PathBuf,
    output: PathBuf,
}

impl<'a> Recipe<'a> {
    fn new(targets: &'a Targets, kind: &'a Kind, flavour: Flavour) -> Self {
        let sources = targets.workspace.join("crates/tools/crasher/src");
        let folder = match kind.language {
            Language::C => "c",
            Language::Cpp => "cpp",
            Language::Rust => "rust",
        };
        let output = targets.crashers.join(kind.file_name(flavour));
        Self { targets, kind, flavour, source: sources.join(folder).join(kind.source), output }
    }

    fn make(&self) -> Result<(), BuildError> {
        let unfinished = self.output.with_extension("new");
        let command = self.command(&unfinished);
        let step = Step { command, unfinished, output: &self.output, inputs: self.inputs()? };
        step.make()
    }

    fn command(&self, output: &Path) -> Command {
        match self.kind.language {
            Language::Rust => self.rustc(output),
            Language::C | Language::Cpp => self.cc(output),
        }
    }

    fn cc(&self, output: &Path) -> Command {
        let mut command = Command::new(match (self.kind.language, self.kind.linking) {
            (Language::Cpp, _) => "c++",
            (_, Linking::StaticMusl) => "musl-gcc",
            _ => "cc",
        });
        command.args(["-g", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-infinite-recursion"]);
        command.args(self.kind.compiler_arguments);
        command.arg("-I").arg(self.targets.workspace.join("crates/tools/crasher/src/c"));
        if self.kind.linking != Linking::Dynamic {
            command.arg("-static");
        }
        command.arg("-o").arg(output).arg(&self.source);
        if self.flavour == Flavour::Attached {
            command.arg("-DCRASHER_ATTACHED").arg("-I").arg(self.targets.workspace.join("include"));
            command.arg("-L").arg(&self.targets.build).arg("-lwer");
            command.arg(format!("-Wl,-rpath,{}", self.targets.build.display()));
        }
        command
    }

    fn rustc(&self, output: &Path) -> Command {
        let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        command.args(["--edition", "2024", "-g", "-C", "opt-level=2", "--crate-type", "bin"]);
        command.args(["--crate-name", &self.kind.name.replace('-', "_")]);
        command.args(self.kind.compiler_arguments);
        if self.flavour == Flavour::Attached {
            command
                .args(["--cfg", "attached", "--extern"])
                .arg(format!("wer={}", self.rust_library().display()));
            command.arg("-L").arg(format!("dependency={}", self.targets.build.join("deps").display()));
        }
        command.arg("-o").arg(output).arg(&self.source);
        command
    }

    fn rust_library(&self) -> PathBuf {
        self.targets.build.join("libwer.rlib")
    }

    fn inputs(&self) -> Result<Vec<PathBuf>, BuildError> {
        let mut inputs = vec![self.source.clone()];
        if self.kind.language != Language::Rust {
            inputs.push(self.targets.workspace.join("crates/tools/crasher/src/c/crasher.h"));
        }
        if self.flavour == Flavour::Attached {
            let library = match self.kind.language {
                Language::Rust => self.rust_library(),
                Language::C | Language::Cpp => {
                    inputs.push(self.targets.workspace.join("include/werapi.h"));
                    inputs.push(self.targets.workspace.join("include/wer_linux.h"));
                    self.targets.build.join("libwer.so")
                }
            };
            if !library.is_file() {
                return Err(BuildError::NoLibrary(library));
            }
            if self.kind.language == Language::Rust {
                inputs.push(library);
            }
        }
        Ok(inputs)
    }
}

/// One call of a compiler.
pub(crate) struct Step<'a> {
    /// Writes to `unfinished`.
    pub(crate) command: Command,
    /// A name that nobody else uses.
    pub(crate) unfinished: PathBuf,
    /// The finished file.
    pub(crate) output: &'a Path,
    /// What it is made of.
    pub(crate) inputs: Vec<PathBuf>,
}

impl Step<'_> {
    /// Compiles, unless the same command has made the file and nothing that it is made of is younger.
    pub(crate) fn make(self) -> Result<(), BuildError> {
        let line = format!("{:?}", self.command);
        let stamp = self.output.with_extension("command");
        if self.is_up_to_date(&stamp, &line) {
            return Ok(());
        }
        let Self { command, unfinished, output, .. } = self;
        run(command, output, &line)?;
        fs::rename(&unfinished, output).map_err(|source| at(output, source))?;
        fs::write(&stamp, line).map_err(|source| at(&stamp, source))
    }

    fn is_up_to_date(&self, stamp: &Path, line: &str) -> bool {
        let Some(made) = modified(self.output) else { return false };
        let same_command = fs::read_to_string(stamp).is_ok_and(|stamp| stamp == line);
        same_command && self.inputs.iter().all(|input| modified(input).is_some_and(|time| time <= made))
    }
}

fn run(mut command: Command, output: &Path, line: &str) -> Result<(), BuildError> {
    let compiler = command.get_program().to_string_lossy().into_owned();
    let ended = command.output().map_err(|source| BuildError::NoCompiler { compiler, source })?;
    if ended.status.success() {
        return Ok(());
    }
    Err(BuildError::Refused {
        program: output.display().to_string(),
        command: line.to_owned(),
        output: String::from_utf8_lossy(&ended.stderr).into_owned(),
    })
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
