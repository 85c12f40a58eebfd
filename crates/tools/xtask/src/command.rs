//! Running other programs, shown to the person who waits.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace::root;

/// `cargo` in the repository.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command to its end, with our own output, after saying what it is.
///
/// # Errors
/// It cannot be started or fails.
pub(crate) fn run(title: &str, command: &mut Command) -> Result<()> {
    eprintln!("xtask: {title}");
    let status = command.status().with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(status.success(), "{title}: {command:?} failed ({status})");
    Ok(())
}
