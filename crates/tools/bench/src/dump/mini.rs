//! A mini dump of a living process to a file in memory, ours and minidump-writer's by turns.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use minidump_writer::minidump_writer::MinidumpWriterConfig;
use wer_abi::flags::DumpType;
use wer_check::{Violation, check};
use wer_minidump::DumpOptions;

use crate::dump::Options;
use crate::held::Held;
use crate::row::Row;
use crate::target_process::{Setup, Target};

/// Of minidump-writer's.
const STOPPED_GOAL: f64 = 1.0 / 3.0;
const TOTAL_GOAL: f64 = 0.5;

/// One row.
pub(super) fn compare(options: &Options, threads: usize) -> Result<Row> {
    let setup = Setup { threads, heap_mib: options.heap_mib, ..Setup::default() };
    let mut target = Target::start(&setup)?;
    let folder = tempfile::tempdir_in("/dev/shm").context("no folder in memory: /dev/shm")?;
    let (mut ours, mut peers, mut undisturbed) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=options.rounds {
        let (our, peer) = if round % 2 == 0 {
            let our = measure(&mut target, folder.path(), write_ours)?;
            (our, measure(&mut target, folder.path(), write_peers)?)
        } else {
            let peer = measure(&mut target, folder.path(), write_peers)?;
            (measure(&mut target, folder.path(), write_ours)?, peer)
        };
        our.held.holds_at_least(&peer.held).context("our dump does not count")?;
        ensure!(our.violations.is_empty(), "our dump is wrong: {}", our.violations[0]);
        let quiet = our.total_ms.max(peer.total_ms);
        if round > 0 {
            undisturbed.push(target.undisturbed_ms(quiet)?);
            ours.push(our);
            peers.push(peer);
        }
    }
    Ok(row(options, threads, &ours, &peers, &undisturbed))
}

/// One dump.
struct Measured {
    stopped_ms: f64,
    total_ms: f64,
    held: Held,
    /// What our strict checker says.
    violations: Vec<Violation>,
}

fn measure(target: &mut Target, folder: &Path, write: fn(u32, &mut File) -> Result<()>) -> Result<Measured> {
    let path = folder.join("bench.dmp");
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path)?;
    target.ask("reset")?;
    let start = Instant::now();
    write(target.pid(), &mut file)?;
    let total_ms = start.elapsed().as_secs_f64() * 1e3;
    let stopped_ms = target.longest_gap_ms()?;
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(Measured { stopped_ms, total_ms, held: Held::read(&bytes)?, violations: check(&bytes) })
}

fn write_ours(pid: u32, file: &mut File) -> Result<()> {
    let mut capture = wer_capture::live(pid)?;
    let options = DumpOptions::for_type(DumpType::Mini);
    let copied =
        wer_minidump::plan(&capture.snapshot, capture.memory(), &options).copy(capture.memory(), file)?;
    capture.begin_release();
    copied.write(&capture.snapshot, file)?;
    capture.release();
    Ok(())
}

fn write_peers(pid: u32, file: &mut File) -> Result<()> {
    let pid = i32::try_from(pid)?;
    let written = MinidumpWriterConfig::new(pid, pid).write(file);
    written.map_err(|error| anyhow::anyhow!("minidump-writer failed: {error}"))?;
    Ok(())
}

fn row(
    options: &Options,
    threads: usize,
    ours: &[Measured],
    peers: &[Measured],
    undisturbed_ms: &[f64],
) -> Row {
    let of = |all: &[Measured], value: fn(&Measured) -> f64| all.iter().map(value).collect::<Vec<_>>();
    let mut row = Row::new(format!("mini dump, {threads} threads, {} MiB of heap", options.heap_mib));
    row.figure("longest gap without a dump", "ms", undisturbed_ms);
    let mut both = |name: &str, unit: &'static str, value: fn(&Measured) -> f64| {
        let our = row.figure(&format!("{name}, ours"), unit, &of(ours, value));
        our / row.figure(&format!("{name}, minidump-writer"), unit, &of(peers, value))
    };
    let stopped = both("stopped", "ms", |measured| measured.stopped_ms);
    let total = both("total", "ms", |measured| measured.total_ms);
    both("size", "bytes", |measured| measured.held.bytes as f64);
    both("stacks", "bytes", |measured| measured.held.stack_bytes() as f64);
    both("threads", "", |measured| measured.held.threads() as f64);
    both("modules", "", |measured| measured.held.modules() as f64);
    row.at_most("stopped, of minidump-writer's", STOPPED_GOAL, stopped, "");
    row.at_most("total, of minidump-writer's", TOTAL_GOAL, total, "");
    row
}
