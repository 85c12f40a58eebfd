//! `wer convert`: a core file to a minidump, and a minidump to a core file. Which way is decided by what the file holds, not
//! by its name. What was there before is never overwritten, and what did not become whole is never left.

mod new_file;
mod progress;
mod to_core;
mod to_dump;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::json;
use wer_abi::flags::DumpType;
use wer_model::SoftError;

use crate::output::{clean_value, print, print_json};

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// An ELF core file (also packed with zstd or lz4), or a minidump (also compressed).
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The file to write: a minidump of a core, a core of a minidump.
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// What is in the minidump [default: mini].
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    dump_type: Option<Type>,
    /// Compress the minidump with zstd.
    #[arg(long)]
    compress: bool,
    /// Take nothing from the mapped files on this machine, even where they are still the same by their build id.
    #[arg(long)]
    no_files: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Type {
    /// The stacks of all threads.
    Mini,
    /// Mini, and the memory that the process has written to, and what it registered.
    Heap,
    /// All memory in the core.
    Full,
}

impl Type {
    const fn dump_type(self) -> DumpType {
        match self {
            Self::Mini => DumpType::Mini,
            Self::Heap => DumpType::Heap,
            Self::Full => DumpType::Full,
        }
    }
}

/// What was made.
struct Made {
    kind: &'static str,
    bytes: u64,
    threads: usize,
    memory_bytes: u64,
    soft_errors: Vec<SoftError>,
}

/// Converts a file.
///
/// # Errors
/// The file is neither, or cannot be read; the other exists already or cannot be written, and then none is left.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let Arguments { input, output, .. } = arguments;
    let is_core = wer_capture::is_core_file(input)?;
    if !is_core && (arguments.dump_type.is_some() || arguments.compress || arguments.no_files) {
        bail!(
            "{} is no core file, and --type, --compress and --no-files are for those: a core made of a minidump holds \
             what the minidump does",
            input.display()
        );
    }
    let made = if is_core { to_dump::convert(arguments) } else { to_core::convert(arguments) };
    let made =
        made.with_context(|| format!("{} was not converted to {}", input.display(), output.display()))?;
    tell(arguments, &made)?;
    Ok(ExitCode::SUCCESS)
}

fn tell(arguments: &Arguments, made: &Made) -> Result<()> {
    let path: &Path = &arguments.output;
    if arguments.json {
        return print_json(&json!({
            "path": path,
            "kind": made.kind,
            "bytes": made.bytes,
            "threads": made.threads,
            "memory_bytes": made.memory_bytes,
            "soft_errors": made.soft_errors,
        }));
    }
    print(&format!(
        "{}: a {} of {} bytes, {} threads, {} bytes of memory\n",
        clean_value(&path.to_string_lossy()),
        made.kind,
        made.bytes,
        made.threads,
        made.memory_bytes,
    ))?;
    for error in &made.soft_errors {
        eprintln!("wer: {}", clean_value(&error.message));
    }
    Ok(())
}
