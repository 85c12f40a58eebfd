//! `wer inspect`: what a minidump holds, or what is wrong with its form. Dumps of any writer are read; nothing but the dump is
//! looked at, and it is mapped, so that its size does not matter.

mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use wer_dump::DumpFile;
use wer_inspect::{Inspector, Options};

use crate::commands::inspect::show::Address;

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Minidumps, also zstd-compressed ones.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Only this stream: a number (6, 0x47670009) or a name (ExceptionStream, exception).
    #[arg(long, value_name = "N|NAME")]
    stream: Option<String>,
    /// Write the stream's bytes as they are.
    #[arg(long, requires = "stream", conflicts_with_all = ["json", "check"])]
    raw: bool,
    /// Only the header and the directory.
    #[arg(long, conflicts_with_all = ["stream", "check"])]
    stream_list: bool,
    /// Long lists and texts whole.
    #[arg(long)]
    all: bool,
    /// Say everything that is wrong with the file's form.
    #[arg(long, conflicts_with_all = ["stream", "all"])]
    check: bool,
    /// Memory of the process as hex; 256 bytes if no length is given.
    #[arg(long, value_name = "ADDRESS[+LENGTH]", conflicts_with_all = ["stream", "check", "stream_list"])]
    memory: Option<Address>,
}

/// Shows or checks dumps.
///
/// # Errors
/// A file cannot be read, is no minidump, or lacks what was asked for.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.raw && arguments.files.len() > 1 {
        bail!("--raw writes one stream of one file; {} files were given", arguments.files.len());
    }
    let mut right = true;
    let mut documents = Vec::new();
    for path in &arguments.files {
        let file = DumpFile::open(path)?;
        let dump = || {
            let options = Options { everything: arguments.all };
            Inspector::open(file.bytes(), options)
                .with_context(|| format!("{} cannot be inspected", path.display()))
        };
        if arguments.check {
            right &= show::check(path, file.bytes(), arguments.json, &mut documents)?;
        } else if let Some(address) = arguments.memory {
            show::memory(path, &dump()?, address, arguments.json, &mut documents)?;
        } else if arguments.raw {
            show::raw(path, &dump()?, arguments.stream.as_deref().unwrap_or_default())?;
        } else if arguments.json {
            documents.push(show::document(
                path,
                &dump()?,
                arguments.stream.as_deref(),
                arguments.stream_list,
            )?);
        } else {
            let title = arguments.files.len() > 1;
            show::text(path, &dump()?, arguments.stream.as_deref(), arguments.stream_list, title)?;
        }
    }
    if arguments.json {
        show::documents(documents)?;
    }
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
