//! Names for addresses, from the machine's own `addr2line`: an opinion that is not ours.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The function at an offset from a module's base, demangled; the innermost of inlined ones. Empty where the module
/// has no name for it.
///
/// # Errors
/// `addr2line` is missing or fails.
pub fn function_at(module: &Path, offset: u64) -> Result<String> {
    let output = Command::new("addr2line")
        .args(["-f", "-C", "-i", "-e"])
        .arg(module)
        .arg(format!("{offset:#x}"))
        .output()
        .context("addr2line cannot be started; `cargo xtask setup` installs it")?;
    ensure!(output.status.success(), "addr2line: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = text.lines().next().unwrap_or_default();
    Ok(if first == "??" { String::new() } else { first.to_owned() })
}
