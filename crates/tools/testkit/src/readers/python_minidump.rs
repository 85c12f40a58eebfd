//! Python's package `minidump`, by a script.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Asked, Reading, of_script, ranges, run, script, tool};

/// Reads a dump.
///
/// # Errors
/// The package is missing or refuses the dump.
pub fn read(path: &Path, asked: &[Asked]) -> Result<Reading> {
    let mut command = Command::new(tool("python/bin/python")?);
    command.arg(script("python_reading.py")).arg(path).env("READER_RANGES", ranges(asked));
    of_script(&run(&mut command, path)?)
}
