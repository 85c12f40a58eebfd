//! The copy alone, in a process of its own: all readable memory of a process to a file, with no streams before it.
//! It is no dump; beside one it tells what planning and writing the rest cost.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;
use wer_copy::{CopyJob, Ignore, Output, Range, Wanted, copy};
use wer_snapshot::RegionKind;

/// Where memory begins.
const ROOM_BYTES: u64 = 1 << 20;
const HEAD: [u8; 32] = *b"no dump: only what was copied   ";

/// Of the hidden subcommand.
#[derive(Debug, Args)]
pub(crate) struct EngineOptions {
    pid: u32,
    path: PathBuf,
}

/// The command that runs it.
pub(super) fn command(pid: u32, path: &std::path::Path) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["copy", &pid.to_string()]).arg(path);
    Ok(command)
}

/// Copies.
pub(crate) fn run(options: &EngineOptions) -> Result<()> {
    let mut capture = wer_capture::live(options.pid)?;
    let readable = capture
        .snapshot
        .regions
        .iter()
        .filter(|region| region.protection.read && region.kind != RegionKind::Kernel);
    let wanted: Vec<Wanted> = readable
        .map(|region| Wanted {
            range: Range::new(region.start, region.end),
            may_be_untouched: region.inode == 0 && !region.protection.shared,
        })
        .collect();
    let path = &options.path;
    let file = File::create_new(path).with_context(|| path.display().to_string())?;
    let mut output = Output::file(&file);
    let job = CopyJob { wanted: &wanted, excluded: &[], in_memory_max_bytes: 0, room_bytes: ROOM_BYTES };
    let copied = copy(&job, capture.memory(), &mut output, &mut Ignore)?;
    capture.release();
    output.finish(&HEAD, ROOM_BYTES, &copied)?;
    ensure!(copied.missing.count == 0, "memory is missing: {:?}", copied.missing);
    Ok(())
}
