//! `wer dump`: a dump of a living process. The process stands still only while its memory is copied, or, with a
//! snapshot, only while it forks.

mod cancel;
mod content;
mod name;
mod progress;
mod spool;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};
use wer_dbghelp::{Continue, MinidumpBuilder, MinidumpError, Summary, Target};

use crate::output::{clean_value, print, print_json};

use self::cancel::Cancel;
use self::content::Content;

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The process.
    pid: u32,
    #[command(flatten)]
    content: Content,
    /// The file to write, or - for standard output [default: NAME.PID.dmp here].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it exists.
    #[arg(short, long)]
    force: bool,
    /// Dump a copy that the process is made to fork, so that it stands still for the fork only.
    #[arg(long)]
    snapshot: bool,
    /// Compress with zstd, 1 to 19.
    #[arg(long, value_name = "LEVEL", num_args = 0..=1, require_equals = true, default_missing_value = "3",
          value_parser = clap::value_parser!(i32).range(1..=19))]
    compress: Option<i32>,
    /// Print JSON (on standard error with -o -).
    #[arg(long)]
    json: bool,
}

impl Arguments {
    fn is_to_stdout(&self) -> bool {
        self.output.as_deref() == Some(Path::new("-"))
    }

    fn path(&self) -> PathBuf {
        let name = || name::default_name(self.pid, self.compress.is_some());
        self.output.clone().unwrap_or_else(name)
    }
}

/// Writes a dump.
///
/// # Errors
/// The process cannot be captured, or the file cannot be written; then none is left.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let pid = arguments.pid;
    let cancel = Cancel::by_signals()?;
    let mut bar = progress::Bar::new(!arguments.json);
    let mut watch = |done, total| {
        bar.show(done, total);
        if cancel.is_wanted() { Continue::Cancel } else { Continue::Yes }
    };
    let mut builder = MinidumpBuilder::new(Target::Pid(pid))
        .options(arguments.content.options()?)
        .snapshot(arguments.snapshot)
        .overwrite(arguments.force)
        .progress(&mut watch);
    if let Some(level) = arguments.compress {
        builder = builder.compress(level);
    }
    if arguments.is_to_stdout() {
        let spool = spool::Spool::new()?;
        let written = builder.write_file(spool.file());
        bar.clear();
        let summary = written.map_err(|error| failed(pid, error))?;
        spool.copy_to_stdout(&cancel)?;
        return tell(arguments, "-", &summary);
    }
    let path = arguments.path();
    let written = builder.write_path(&path);
    bar.clear();
    match written {
        Ok(summary) => tell(arguments, &path.to_string_lossy(), &summary),
        Err(MinidumpError::Exists { .. }) => {
            bail!(
                "{} exists already; remove it, name another file with -o, or replace it with --force",
                path.display()
            )
        }
        Err(error @ (MinidumpError::Create { .. } | MinidumpError::NotAFile { .. })) => Err(error.into()),
        Err(error @ MinidumpError::Dump(_)) if !error.is_cancelled() => {
            Err(error).with_context(|| format!("{} was not written", path.display()))
        }
        Err(error) => Err(failed(pid, error)),
    }
}

fn failed(pid: u32, error: MinidumpError) -> anyhow::Error {
    if error.is_cancelled() {
        return anyhow!("cancelled: no dump of process {pid} was made, and it goes on as before");
    }
    anyhow::Error::new(error).context(format!("no dump of process {pid} was made"))
}

fn tell(arguments: &Arguments, path: &str, summary: &Summary) -> Result<ExitCode> {
    if arguments.json {
        let answer = answer(arguments, path, summary);
        match arguments.is_to_stdout() {
            true => eprintln!("{}", serde_json::to_string_pretty(&answer)?),
            false => print_json(&answer)?,
        }
        return Ok(ExitCode::SUCCESS);
    }
    let line = format!(
        "{}: {} bytes, {} threads, {} modules\n",
        clean_value(path),
        summary.bytes,
        summary.threads,
        summary.modules
    );
    if arguments.is_to_stdout() {
        eprint!("{line}");
    } else {
        print(&line)?;
    }
    for error in &summary.soft_errors {
        eprintln!("wer: {}", clean_value(&error.message));
    }
    Ok(ExitCode::SUCCESS)
}

fn answer(arguments: &Arguments, path: &str, summary: &Summary) -> Value {
    json!({
        "path": path,
        "pid": arguments.pid,
        "type": arguments.content.type_name(),
        "capture_source": summary.capture_source,
        "compressed": arguments.compress.is_some(),
        "bytes": summary.bytes,
        "threads": summary.threads,
        "modules": summary.modules,
        "memory_bytes": summary.memory_bytes,
        "soft_errors": summary.soft_errors,
    })
}
