//! lldb, by a script that runs inside it.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::{Asked, Reading, of_script, ranges, run, script};
use crate::lldb::python_packages;

/// Reads a dump or a core.
///
/// # Errors
/// lldb is missing or refuses the file.
pub fn read(path: &Path, asked: &[Asked]) -> Result<Reading> {
    let mut command = Command::new("lldb");
    if let Some(python) = python_packages() {
        command.env("PYTHONPATH", python);
    }
    command.args(["--no-lldbinit", "--no-use-colors", "-b", "-c"]).arg(path);
    command.arg("-o").arg(format!("command script import {}", script("lldb_reading.py").display()));
    command.env("READER_RANGES", ranges(asked));
    let mut magic = [0; 4];
    File::open(path)?.read_exact(&mut magic).with_context(|| path.display().to_string())?;
    if magic == *b"MDMP" {
        command.args(["-o", "process plugin dump --linux"]);
    }
    let ended = run(&mut command, path)?;
    let mut reading = of_script(&ended)?;
    // What is behind the script's line: the texts of Linux streams.
    if let Some((_, texts)) = ended.stdout.split_once("process plugin dump") {
        reading.view.push_str(texts);
    }
    Ok(reading)
}
