//! gdb on a core, by a script that runs inside it.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::{Asked, Reading, of_script, ranges, run, script};

/// Reads a core.
///
/// # Errors
/// gdb is missing or refuses the core.
pub fn read(path: &Path, asked: &[Asked]) -> Result<Reading> {
    let mut command = Command::new("gdb");
    command.args(["-nx", "-batch", "-iex", "set auto-load off", "-ex"]);
    command.arg(format!("core-file {}", path.display()));
    command.arg("-x").arg(script("gdb_reading.py")).env("READER_RANGES", ranges(asked));
    let ended = run(&mut command, path)?;
    let reading = of_script(&ended)?;
    // gdb goes on without a core that it cannot read.
    ensure!(!reading.threads.is_empty(), "gdb on {}: {}", path.display(), ended.describe());
    Ok(reading)
}
