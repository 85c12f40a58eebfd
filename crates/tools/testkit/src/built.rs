//! What must be compiled before anything can be tested: the workspace's executables and libraries, and the crashing
//! programs.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use wer_crasher::{Crashers, Flavour, Kind, Sample, Targets};

/// Everything compiled.
#[derive(Clone, Debug)]
pub struct Built {
    /// Where it is.
    pub targets: Targets,
    crashers: Crashers,
}

impl Built {
    /// Builds once per process. `WER_TESTKIT_NO_BUILD=1` takes the workspace as it is, for a caller that has just
    /// built it.
    ///
    /// # Errors
    /// Something does not compile; the message has what the compiler said.
    pub fn once() -> Result<&'static Self> {
        Self::get(std::env::var_os("WER_TESTKIT_NO_BUILD").is_none())
    }

    /// For a caller that has just built the workspace: compiles only the crashing programs. The first call in a
    /// process decides.
    ///
    /// # Errors
    /// Something does not compile; the message has what the compiler said.
    pub fn of_built_workspace() -> Result<&'static Self> {
        Self::get(false)
    }

    fn get(builds_workspace: bool) -> Result<&'static Self> {
        static BUILT: OnceLock<Result<Built, String>> = OnceLock::new();
        BUILT
            .get_or_init(|| Self::build(builds_workspace).map_err(|error| format!("{error:#}")))
            .as_ref()
            .map_err(|message| anyhow::anyhow!("{message}"))
    }

    fn build(builds_workspace: bool) -> Result<Self> {
        let targets = Targets::of_this_program()?;
        if builds_workspace {
            build_workspace(&targets)?;
        }
        let crashers = Crashers::build(&targets)?;
        Ok(Self { targets, crashers })
    }

    /// An executable of the workspace.
    #[must_use]
    pub fn binary(&self, name: &str) -> PathBuf {
        self.targets.binary(name)
    }

    /// The article's sample, in C and in Rust.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        self.crashers.samples()
    }

    /// A crashing program; `None` where this machine cannot compile it.
    #[must_use]
    pub fn crasher(&self, kind: &Kind, flavour: Flavour) -> Option<PathBuf> {
        self.crashers.path(kind, flavour)
    }
}

fn build_workspace(targets: &Targets) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--workspace"])
        .current_dir(&targets.workspace)
        .output()
        .context("cargo cannot be started")?;
    ensure!(
        output.status.success(),
        "the workspace does not compile:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
