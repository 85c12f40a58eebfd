//! What a dump takes on disk when half of the pages are zero.

use std::fs::File;
use std::os::unix::fs::MetadataExt;

use anyhow::Result;

use crate::dump::Options;
use crate::dump::full::{MIB, PEAK_GOAL_MIB, dump};
use crate::row::Row;
use crate::target::Zeros;
use crate::target_process::{Setup, Target};

/// Half, and a little for the program itself, streams, and the file system's lists.
const GOAL: f64 = 0.52;
/// Of `st_blocks`.
const BLOCK_BYTES: u64 = 512;

/// Both ways to be half zero.
pub(super) fn measure(options: &Options) -> Result<Vec<Row>> {
    let both = [(Zeros::Half, "its second half"), (Zeros::Alternating, "every other page of 4 KiB")];
    both.into_iter().map(|(zeros, what)| one(options, zeros, what)).collect()
}

fn one(options: &Options, zeros: Zeros, what: &str) -> Result<Row> {
    let setup = Setup { threads: 1, heap_mib: options.space_mib, zeros, ..Setup::default() };
    let target = Target::start(&setup)?;
    let folder = options.folder()?;
    let path = folder.path().join("zeros.dmp");
    let spent = dump(target.pid(), &path, setup.heap_bytes())?;
    let file = File::open(&path)?;
    // Blocks that are not on disk yet are not counted by every file system.
    file.sync_all()?;
    let blocks_bytes = file.metadata()?.blocks() * BLOCK_BYTES;
    let mut row = Row::new(format!("full dump, {} MiB of heap, zeros in {what}", setup.heap_mib));
    row.figure("length", "MiB", &[file.metadata()?.len() as f64 / MIB]);
    row.figure("on disk", "MiB", &[blocks_bytes as f64 / MIB]);
    row.figure("time", "s", &[spent.seconds]);
    let peak = row.figure("our peak memory", "MiB", &[spent.peak_bytes as f64 / MIB]);
    row.at_most("on disk, of the heap", GOAL, blocks_bytes as f64 / setup.heap_bytes() as f64, "");
    row.at_most("our peak memory", PEAK_GOAL_MIB, peak, " MiB");
    Ok(row)
}
