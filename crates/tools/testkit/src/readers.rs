//! Others' readers: what programs that share no code with ours make of a dump or a core.
//!
//! Each is run as its own process and answers with the same [`Reading`], so that one test can hold all of them against
//! the truth.

pub mod gdb;
pub mod library;
pub mod lldb;
pub mod python_minidump;
pub mod stackwalk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::living::hex_bytes;
use crate::process;

/// One reader with one file.
const READER_LIMIT: Duration = Duration::from_secs(120);

/// One thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadThread {
    /// Its id.
    pub tid: u64,
    /// Its name, where the reader knows it.
    pub name: Option<String>,
    /// Registers that the reader shows.
    pub registers: BTreeMap<String, u128>,
}

/// What a reader says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Threads.
    pub threads: Vec<ReadThread>,
    /// Path (or what the reader keeps of it) and first address of each module.
    pub modules: Vec<(String, u64)>,
    /// The bytes of each range that was asked for; `None` where the reader has not all of them.
    pub memory: Vec<Option<Vec<u8>>>,
    /// Everything that it shows, for comparisons.
    pub view: String,
}

/// A range of memory to read.
pub type Asked = (u64, usize);

/// A reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reader {
    /// lldb, on dumps.
    Lldb,
    /// `minidump-stackwalk`, on dumps. It shows memory byte by byte, so ranges are read from small dumps only.
    Stackwalk,
    /// Python's package `minidump`, on dumps.
    Python,
    /// gdb, on a core that `wer convert` made of the dump.
    Gdb,
}

impl Reader {
    /// All.
    pub const ALL: [Self; 4] = [Self::Lldb, Self::Stackwalk, Self::Python, Self::Gdb];

    /// As the table of `docs/minidump.md` names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lldb => "lldb",
            Self::Stackwalk => "minidump-stackwalk",
            Self::Python => "Python's minidump",
            Self::Gdb => "gdb by a core",
        }
    }

    /// Reads a file: a core for [`Reader::Gdb`], a dump for the others.
    ///
    /// # Errors
    /// The reader is missing, or refuses the file.
    pub fn read(self, path: &Path, asked: &[Asked]) -> Result<Reading> {
        match self {
            Self::Lldb => lldb::read(path, asked),
            Self::Stackwalk => stackwalk::read(path, asked),
            Self::Python => python_minidump::read(path, asked),
            Self::Gdb => gdb::read(path, asked),
        }
    }
}

/// A script beside this file.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/readers").join(name)
}

/// A tool that `cargo xtask setup` puts below `target/tools`.
fn tool(below: &str) -> Result<PathBuf> {
    let targets = wer_crasher::Targets::of_this_program()?;
    let path = targets.build.parent().context("a target folder")?.join("tools").join(below);
    ensure!(path.exists(), "{} is missing; `cargo xtask setup` installs it", path.display());
    Ok(path)
}

fn run(command: &mut Command, path: &Path) -> Result<process::Ended> {
    let ended = process::run(command.env_remove("DEBUGINFOD_URLS"), READER_LIMIT)
        .context("the reader cannot be run; `cargo xtask setup` installs it")?;
    ensure!(ended.status.success(), "{command:?} on {}: {}", path.display(), ended.describe());
    Ok(ended)
}

/// As the scripts take ranges.
fn ranges(asked: &[Asked]) -> String {
    asked.iter().map(|(start, size)| format!("{start:x}:{size:x} ")).collect()
}

/// The line of JSON that the scripts print.
fn of_script(ended: &process::Ended) -> Result<Reading> {
    let line = ended.stdout.lines().find_map(|line| line.strip_prefix("READING "));
    let line = line.with_context(|| format!("no reading: {}", ended.describe()))?;
    let value: Value = serde_json::from_str(line)?;
    let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
    Ok(Reading {
        threads: list("threads").iter().map(thread).collect(),
        modules: list("modules")
            .iter()
            .map(|one| {
                (one["path"].as_str().unwrap_or_default().to_owned(), one["base"].as_u64().unwrap_or(0))
            })
            .collect(),
        memory: list("memory").iter().map(|bytes| bytes.as_str().and_then(hex_bytes)).collect(),
        view: line.to_owned(),
    })
}

/// Registers come as text, since JSON's numbers have not 128 bits everywhere.
fn thread(value: &Value) -> ReadThread {
    let registers = value["registers"].as_object().into_iter().flatten();
    ReadThread {
        tid: value["tid"].as_u64().unwrap_or(0),
        name: value["name"].as_str().map(str::to_owned),
        registers: registers
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.parse().ok()?)))
            .collect(),
    }
}
