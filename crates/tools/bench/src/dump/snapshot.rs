//! A fork snapshot, against a bare clone by the target itself. The stop is what the target's own threads see; one of
//! them writes to the heap without a pause, page after page at random, so that copying on write costs it something.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wer_snapshot::{CaptureSource, Facts};

use crate::dump::Options;
use crate::row::Row;
use crate::target::Pages;
use crate::target::memory::compare_heap;
use crate::target_process::{Setup, Target};

/// Of a bare clone's time, and this much more.
const CLONE_FACTOR: f64 = 1.3;
const CLONE_ALLOWANCE_MS: f64 = 5.0;
/// After the target runs again.
const AFTER: Duration = Duration::from_secs(2);
/// Before it is stopped.
const BEFORE: Duration = Duration::from_millis(500);

/// Milliseconds, and writes per second, of each round.
#[derive(Default)]
struct Figures {
    clone_ms: Vec<f64>,
    stopped_ms: Vec<f64>,
    total_ms: Vec<f64>,
    undisturbed_ms: Vec<f64>,
    gap_after_ms: Vec<f64>,
    slowdown: Vec<f64>,
}

/// With both sizes of pages.
pub(super) fn measure(options: &Options) -> Result<Vec<Row>> {
    [Pages::Small, Pages::Huge].into_iter().map(|pages| one(options, pages)).collect()
}

fn one(options: &Options, pages: Pages) -> Result<Row> {
    let setup = Setup { threads: 4, heap_mib: options.snapshot_mib, pages, writes: true, ..Setup::default() };
    let mut target = Target::start(&setup)?;
    let mut figures = Figures::default();
    for _ in 0..options.full_rounds {
        round(&mut target, &setup, &mut figures)?;
    }
    let size = if matches!(pages, Pages::Huge) { "2 MiB" } else { "4 KiB" };
    let mut row = Row::new(format!("fork snapshot, {} MiB of heap, pages of {size}", setup.heap_mib));
    let clone_ms = row.figure("bare clone by the target", "ms", &figures.clone_ms);
    let stopped_ms = row.figure("target stopped", "ms", &figures.stopped_ms);
    row.figure("until the snapshot can be read", "ms", &figures.total_ms);
    row.figure("longest gap in 0.5 s before", "ms", &figures.undisturbed_ms);
    row.figure("longest gap in 2 s after", "ms", &figures.gap_after_ms);
    row.figure("slowdown in 2 s after", "times", &figures.slowdown);
    let limit_ms = CLONE_FACTOR * clone_ms + CLONE_ALLOWANCE_MS;
    row.at_most("target stopped, against 1.3 clones and 5 ms", limit_ms, stopped_ms, " ms");
    row.note("the snapshot equals the heap page by page in every round");
    Ok(row)
}

fn round(target: &mut Target, setup: &Setup, figures: &mut Figures) -> Result<()> {
    let clone_ns: u64 = target.ask("fork")?.parse()?;
    figures.clone_ms.push(clone_ns as f64 / 1e6);
    let (before, undisturbed_ms) = watch(target, BEFORE)?;
    figures.undisturbed_ms.push(undisturbed_ms);
    target.ask("reset")?;
    let start = Instant::now();
    let capture = wer_capture::fork_snapshot(target.pid(), &Facts::default())?;
    figures.total_ms.push(start.elapsed().as_secs_f64() * 1e3);
    figures.stopped_ms.push(target.longest_gap_ms()?);
    let source = capture.snapshot.source;
    ensure!(source == CaptureSource::ForkSnapshot, "no fork: {:?}", capture.snapshot.soft_errors);
    let (after, gap_ms) = watch(target, AFTER)?;
    figures.gap_after_ms.push(gap_ms);
    figures.slowdown.push(before / after);
    // The target writes what is there already, so every page must be as it was made.
    let read = |address, buffer: &mut [u8]| capture.memory().read(address, buffer) == buffer.len();
    compare_heap(target.heap(), setup.heap_bytes(), read).context("the snapshot does not count")
}

/// Writes per second and the longest gap in the next time.
fn watch(target: &mut Target, time: Duration) -> Result<(f64, f64)> {
    target.ask("reset")?;
    let (start, first): (Instant, u64) = (Instant::now(), target.ask("count")?.parse()?);
    std::thread::sleep(time);
    let last: u64 = target.ask("count")?.parse()?;
    let rate = (last - first) as f64 / start.elapsed().as_secs_f64();
    Ok((rate, target.longest_gap_ms()?))
}
