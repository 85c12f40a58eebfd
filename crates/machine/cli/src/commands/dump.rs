//! `wer dump`: a dump of a living process. The process stands still only while its memory is copied.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::json;
use wer_abi::flags::DumpType;
use wer_minidump::{DumpOptions, DumpSummary};
use wer_snapshot::ProcessSnapshot;

use crate::output::{clean_value, print, print_json};

mod progress;

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The process.
    pid: u32,
    /// What is in the dump.
    #[arg(long = "type", value_enum, default_value_t = Type::Mini, value_name = "TYPE")]
    dump_type: Type,
    /// The file to write [default: NAME.PID.dmp here].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Type {
    /// The stack of one thread.
    Micro,
    /// The stacks of all threads.
    Mini,
    /// Mini, and the memory that the process has written to, and what it registered.
    Heap,
    /// All memory.
    Full,
}

impl Type {
    const fn dump_type(self) -> DumpType {
        match self {
            Self::Micro => DumpType::Micro,
            Self::Mini => DumpType::Mini,
            Self::Heap => DumpType::Heap,
            Self::Full => DumpType::Full,
        }
    }
}

/// Writes a dump.
///
/// # Errors
/// The process cannot be captured, or the file cannot be written; then none is left.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let pid = arguments.pid;
    let mut capture = wer_capture::live(pid).with_context(|| format!("no dump of process {pid} was made"))?;
    let path = arguments.output.clone().unwrap_or_else(|| default_name(&capture.snapshot));
    let file = create(&path)?;
    let dump_type = arguments.dump_type.dump_type();
    let plan = wer_minidump::plan(&capture.snapshot, capture.memory(), &DumpOptions::for_type(dump_type));
    let planned_bytes = plan.memory_bytes();
    let bar =
        (io::stderr().is_terminal() && !arguments.json).then(|| progress::Bar::start(&file, planned_bytes));
    let copied = plan.copy(capture.memory(), &file);
    capture.release();
    let written = copied.and_then(|copied| copied.write(&capture.snapshot, &file));
    drop(bar);
    match written {
        Ok(summary) => tell(arguments, &path, &capture.snapshot, &summary, planned_bytes),
        Err(error) => {
            if let Err(error) = std::fs::remove_file(&path) {
                eprintln!("wer: the unfinished {} could not be removed: {error}", path.display());
            }
            Err(error).with_context(|| format!("{} was not written", path.display()))
        }
    }
}

fn tell(
    arguments: &Arguments,
    path: &Path,
    snapshot: &ProcessSnapshot,
    summary: &DumpSummary,
    memory_bytes: u64,
) -> Result<ExitCode> {
    let soft_errors: Vec<_> = snapshot.soft_errors.iter().chain(&summary.soft_errors).collect();
    if arguments.json {
        print_json(&json!({
            "path": path,
            "pid": arguments.pid,
            "type": arguments.dump_type.dump_type().name(),
            "bytes": summary.bytes,
            "threads": snapshot.threads.len(),
            "modules": snapshot.modules.len(),
            "memory_bytes": memory_bytes,
            "soft_errors": soft_errors,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!(
        "{}: {} bytes, {} threads, {} modules\n",
        clean_value(&path.to_string_lossy()),
        summary.bytes,
        snapshot.threads.len(),
        snapshot.modules.len()
    ))?;
    for error in soft_errors {
        eprintln!("wer: {}", clean_value(&error.message));
    }
    Ok(ExitCode::SUCCESS)
}

/// A new file for its owner only: a dump holds whatever the process knew.
fn create(path: &Path) -> Result<File> {
    match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{} exists already; remove it or name another file with -o", path.display())
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be made", path.display())),
    }
}

/// The executable's name and the pid, in the current folder.
fn default_name(snapshot: &ProcessSnapshot) -> PathBuf {
    let name = snapshot.process.executable.rsplit('/').next().unwrap_or_default();
    let name = if name.is_empty() { snapshot.process.name.as_str() } else { name };
    let harmless: String = name.chars().map(|c| if c.is_control() || c == '/' { '_' } else { c }).collect();
    PathBuf::from(format!("{harmless}.{}.dmp", snapshot.process.pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.dmp");
        drop(create(&path).expect("a new file"));
        let refused = create(&path).expect_err("it exists").to_string();
        assert!(refused.contains("exists already"), "{refused}");
    }
}
