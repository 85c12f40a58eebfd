//! `wer-bench dump`: dumps of living processes against their peers and against what the machine can do at all.
//!
//! Everything of one row is measured in the same run, by turns, and each row says which goals it meets.

pub(crate) mod engine;
mod full;
mod kernel_core;
mod mini;
mod raw;
mod snapshot;
mod space;
mod spent;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Parser, ValueEnum};
use tempfile::TempDir;

use crate::row::Row;

/// Fewer rounds tell nothing.
const MIN_ROUNDS: usize = 5;

/// What to measure.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Rows to measure; all of them unless told.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Section>,
    /// Mini dumps: numbers of threads of the target.
    #[arg(long, value_delimiter = ',', default_values_t = [8, 100, 1000])]
    threads: Vec<usize>,
    /// Mini dumps: heap of the target, touched.
    #[arg(long, default_value_t = 64)]
    heap_mib: usize,
    /// Mini dumps: by each writer, after one of each that does not count; at least 5.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Full dumps: heaps of the target, touched.
    #[arg(long, value_delimiter = ',', default_values_t = [1024, 4096])]
    full_mib: Vec<usize>,
    /// Full dumps, snapshots: rounds of each; at least 5.
    #[arg(long, default_value_t = 5)]
    full_rounds: usize,
    /// Full dumps: rounds of gdb's gcore, which is slow.
    #[arg(long, default_value_t = 2)]
    gcore_rounds: usize,
    /// Fork snapshots: heap of the target, touched.
    #[arg(long, default_value_t = 4096)]
    snapshot_mib: usize,
    /// Zero pages: heap of the target, touched.
    #[arg(long, default_value_t = 1024)]
    space_mib: usize,
    /// Where full dumps go; its file system is the one that is measured [default: beside this program].
    #[arg(long)]
    folder: Option<PathBuf>,
    /// One JSON array instead of text.
    #[arg(long)]
    json: bool,
}

/// Kinds of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Mini dumps, against minidump-writer.
    Mini,
    /// Full dumps, against the raw limits, gcore and the kernel's core.
    Full,
    /// Fork snapshots, against a bare clone.
    Snapshot,
    /// What zero pages take on disk.
    Space,
}

impl Default for Options {
    fn default() -> Self {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            options: Options,
        }
        Alone::parse_from(["dump"]).options
    }
}

impl Options {
    fn measures(&self, section: Section) -> bool {
        self.only.is_empty() || self.only.contains(&section)
    }

    /// A folder for large files, emptied when it is dropped.
    fn folder(&self) -> Result<TempDir> {
        let program = std::env::current_exe()?;
        let parent = self.folder.as_deref().or(program.parent()).context("the program is in no folder")?;
        let prefixed = tempfile::Builder::new().prefix("b").tempdir_in(parent);
        prefixed.with_context(|| format!("no folder can be made in {}", parent.display()))
    }
}

/// Measures and prints.
///
/// # Errors
/// A dump that fails or that holds less than the peer's, or a goal that is missed.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.rounds.min(options.full_rounds) >= MIN_ROUNDS, "at least {MIN_ROUNDS} rounds are needed");
    let mut rows = Vec::new();
    let mut add = |row: Row| {
        if !options.json {
            print!("{row}");
        }
        rows.push(row);
    };
    if options.measures(Section::Mini) {
        options.threads.iter().try_for_each(|threads| mini::compare(options, *threads).map(&mut add))?;
    }
    if options.measures(Section::Full) {
        options.full_mib.iter().try_for_each(|heap_mib| full::compare(options, *heap_mib).map(&mut add))?;
    }
    if options.measures(Section::Snapshot) {
        snapshot::measure(options)?.into_iter().for_each(&mut add);
    }
    if options.measures(Section::Space) {
        space::measure(options)?.into_iter().for_each(&mut add);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    }
    let missed: Vec<String> = rows.iter().flat_map(Row::missed).collect();
    if missed.is_empty() { Ok(()) } else { bail!("missed: {}", missed.join("; ")) }
}
