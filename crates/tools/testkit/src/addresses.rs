//! Names for addresses, from the machine's own `addr2line`: an opinion that is not ours.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Where `e_type` is in an ELF header.
const TYPE_AT: usize = 16;
/// `ET_EXEC`: a program that is loaded at the addresses that it was linked for.
const FIXED_ADDRESSES: u8 = 2;

/// The function at an instruction in a module that was loaded at `base`, demangled; the innermost of inlined ones. Empty
/// where the module has no name for it.
///
/// # Errors
/// The module cannot be read, or `addr2line` is missing or fails.
pub fn function_at(module: &Path, base: u64, instruction: u64) -> Result<String> {
    let mut header = [0; TYPE_AT + 1];
    File::open(module)
        .and_then(|mut file| file.read_exact(&mut header))
        .with_context(|| module.display().to_string())?;
    let linked_at =
        if header[TYPE_AT] == FIXED_ADDRESSES { instruction } else { instruction.saturating_sub(base) };
    let output = Command::new("addr2line")
        .args(["-f", "-C", "-i", "-e"])
        .arg(module)
        .arg(format!("{linked_at:#x}"))
        .output()
        .context("addr2line cannot be started; `cargo xtask setup` installs it")?;
    ensure!(output.status.success(), "addr2line: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = text.lines().next().unwrap_or_default();
    Ok(if first == "??" { String::new() } else { first.to_owned() })
}
