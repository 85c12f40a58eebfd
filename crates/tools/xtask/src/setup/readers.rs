//! Others' readers of minidumps, which the tests hold our dumps against: below `target/tools`, each once.
//!
//! Versions are pinned: a reader's answers stand in a table of `docs/minidump.md`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::{cargo, run as run_command};
use crate::setup::once;
use crate::workspace::root;

/// rust-minidump's own program.
const STACKWALK_VERSION: &str = "0.27.0";
/// Python's package `minidump`.
const PYTHON_PACKAGE: &str = "minidump==0.0.24";
/// What asks a running watson for everything that its OpenAPI document promises. No reader, but installed as one.
const SCHEMA_TESTER: &str = "schemathesis==4.32.5";

/// Installs what is missing, or has another version.
///
/// # Errors
/// A registry cannot be reached, or the reader cannot be built.
pub(super) fn install() -> Result<()> {
    let tools = root().join("target/tools");
    std::fs::create_dir_all(&tools).with_context(|| tools.display().to_string())?;
    once(&tools.join("stackwalk.version"), STACKWALK_VERSION, || stackwalk(&tools))?;
    once(&tools.join("python.version"), PYTHON_PACKAGE, || python(&tools.join("python"), PYTHON_PACKAGE))?;
    once(&tools.join("schemathesis.version"), SCHEMA_TESTER, || {
        python(&tools.join("schemathesis"), SCHEMA_TESTER)
    })
}

/// Without debug information and optimisation: it reads small files, and is built on every new machine.
fn stackwalk(tools: &Path) -> Result<()> {
    let mut install = cargo(&["install", "minidump-stackwalk", "--locked", "--debug", "--quiet", "--force"]);
    install.args(["--version", STACKWALK_VERSION, "--config", "profile.dev.debug=false"]);
    install.arg("--root").arg(tools).arg("--target-dir").arg(tools.join("build"));
    run_command("building minidump-stackwalk", &mut install)
}

/// A package in an environment of its own, of the system's Python.
fn python(folder: &Path, package: &str) -> Result<()> {
    let mut venv = Command::new("/usr/bin/python3");
    run_command("making an environment for Python", venv.args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", package]);
    run_command(&format!("installing Python's {package}"), &mut pip)
}
