//! The process that is dumped: threads that stamp the clock as often as the machine can bear, and tell the longest gap
//! between two stamps of one thread. A thread that is stopped cannot stamp, so a gap is what a stop costs the process.
//!
//! Talks over its standard input and output: `reset` -> `ok`, `report` -> the longest gap in nanoseconds since then.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

/// Time between two stamps of one thread, per thread: with all threads together, about one stamp in this time.
const STAMP_INTERVAL_PER_THREAD: Duration = Duration::from_micros(10);
/// Time between two stamps of one thread, at least.
const STAMP_INTERVAL_MIN: Duration = Duration::from_micros(100);

/// Of the hidden subcommand.
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[arg(long)]
    threads: usize,
    #[arg(long)]
    heap_mib: usize,
}

/// One thread's stamps.
#[derive(Default)]
struct Stamps {
    count: AtomicU64,
    longest_gap_ns: AtomicU64,
    /// Raised by the controller; the thread then forgets its longest gap.
    resets: AtomicU64,
}

/// Runs until standard input ends.
pub(crate) fn run(options: &Options) -> Result<()> {
    let heap = vec![0x5A_u8; options.heap_mib << 20];
    // This thread answers; all others stamp.
    let stamps: Vec<Arc<Stamps>> = (1..options.threads.max(2)).map(|_| Arc::default()).collect();
    let interval = (STAMP_INTERVAL_PER_THREAD * stamps.len() as u32).max(STAMP_INTERVAL_MIN);
    for (index, stamp) in stamps.iter().enumerate() {
        let stamp = Arc::clone(stamp);
        std::thread::Builder::new()
            .name(format!("stamper-{index}"))
            .spawn(move || stamp_forever(&stamp, interval))
            .context("the target cannot start its threads")?;
    }
    wait_for_stamps(&stamps);
    println!("ready {}", heap.len());
    answer(&stamps)?;
    drop(heap);
    Ok(())
}

fn stamp_forever(stamps: &Stamps, interval: Duration) {
    let mut last = Instant::now();
    let mut resets = 0;
    loop {
        std::thread::sleep(interval);
        let now = Instant::now();
        let gap = now.duration_since(last).as_nanos() as u64;
        last = now;
        let wanted = stamps.resets.load(Ordering::Acquire);
        if wanted == resets {
            stamps.longest_gap_ns.fetch_max(gap, Ordering::Relaxed);
        } else {
            resets = wanted;
            stamps.longest_gap_ns.store(0, Ordering::Relaxed);
        }
        stamps.count.fetch_add(1, Ordering::Release);
    }
}

/// Waits until every thread has stamped twice more: once for a stamp that was under way.
fn wait_for_stamps(all: &[Arc<Stamps>]) {
    for stamps in all {
        let before = stamps.count.load(Ordering::Acquire);
        while stamps.count.load(Ordering::Acquire) < before + 2 {
            std::thread::sleep(Duration::from_micros(50));
        }
    }
}

fn answer(all: &[Arc<Stamps>]) -> Result<()> {
    for line in std::io::stdin().lock().lines() {
        match line?.as_str() {
            "reset" => {
                for stamps in all {
                    stamps.resets.fetch_add(1, Ordering::Release);
                }
                wait_for_stamps(all);
                println!("ok");
            }
            "report" => {
                wait_for_stamps(all);
                let longest = all.iter().map(|stamps| stamps.longest_gap_ns.load(Ordering::Relaxed)).max();
                println!("{}", longest.unwrap_or(0));
            }
            other => bail!("the target knows no command {other:?}"),
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}
