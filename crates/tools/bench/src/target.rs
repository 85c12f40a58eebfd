//! The process that is dumped: threads that stamp the clock as often as the machine can bear, and tell the longest gap
//! between two stamps of one thread, without the pause that it meant to make. A thread that is stopped cannot stamp, so
//! the longest gap is what a stop costs the process: with many threads, one is stopped at the very end of its pause.
//!
//! Talks over its standard input and output: `reset` -> `ok`, `report` -> the longest gap in nanoseconds since then,
//! `count` -> writes to the heap so far, `fork` -> nanoseconds of a bare clone, `abort` -> the monotonic clock, and its end.

pub(crate) mod memory;

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use memory::{PAGE_WORDS, clone_ns, heap, word_of};

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
    #[arg(long, value_enum, default_value_t)]
    pages: Pages,
    #[arg(long, value_enum, default_value_t)]
    zeros: Zeros,
    /// One more thread writes to the heap without a pause: what is there already, page after page at random.
    #[arg(long)]
    writes: bool,
}

/// Pages of the heap.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Pages {
    /// As the machine does it.
    #[default]
    Default,
    /// 4 KiB.
    Small,
    /// 2 MiB.
    Huge,
}

/// Zero pages of the heap; all are touched.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Zeros {
    #[default]
    None,
    /// Its second half.
    Half,
    /// Every other one.
    Alternating,
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
    let heap = heap(options.heap_mib << 20, options.pages, options.zeros)?;
    // This thread answers; all others stamp.
    let mut stamps: Vec<Arc<Stamps>> = (1..options.threads.max(2)).map(|_| Arc::default()).collect();
    let interval = (STAMP_INTERVAL_PER_THREAD * stamps.len() as u32).max(STAMP_INTERVAL_MIN);
    for (index, stamp) in stamps.iter().enumerate() {
        let stamp = Arc::clone(stamp);
        std::thread::Builder::new()
            .name(format!("stamper-{index}"))
            .spawn(move || stamp_forever(&stamp, interval))
            .context("the target cannot start its threads")?;
    }
    if options.writes {
        let writer: Arc<Stamps> = Arc::default();
        stamps.insert(0, Arc::clone(&writer));
        std::thread::spawn(move || write_forever(heap, &writer));
    }
    wait_for_stamps(&stamps);
    println!("ready {}", heap.as_ptr().addr());
    answer(&stamps)
}

/// Writes to one page after another what is there already, and stamps after each.
fn write_forever(heap: &[AtomicU64], stamps: &Stamps) {
    let pages = (heap.len() / PAGE_WORDS).max(1) as u64;
    let mut gap = Gap::new(Duration::ZERO);
    for step in 0.. {
        let index = (word_of(step) >> 8) % pages * PAGE_WORDS as u64;
        if let Some(word) = heap.get(index as usize) {
            word.store(word.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        gap.stamp(stamps);
    }
}

fn stamp_forever(stamps: &Stamps, interval: Duration) {
    let mut gap = Gap::new(interval);
    loop {
        std::thread::sleep(interval);
        gap.stamp(stamps);
    }
}

/// Since a thread's last stamp.
struct Gap {
    /// The pause that it means to make.
    pause: Duration,
    last: Instant,
    resets: u64,
}

impl Gap {
    fn new(pause: Duration) -> Self {
        Self { pause, last: Instant::now(), resets: 0 }
    }

    fn stamp(&mut self, stamps: &Stamps) {
        let now = Instant::now();
        let gap = now.duration_since(self.last).saturating_sub(self.pause).as_nanos() as u64;
        self.last = now;
        let wanted = stamps.resets.load(Ordering::Acquire);
        if wanted == self.resets {
            stamps.longest_gap_ns.fetch_max(gap, Ordering::Relaxed);
        } else {
            self.resets = wanted;
            stamps.longest_gap_ns.store(0, Ordering::Relaxed);
        }
        stamps.count.fetch_add(1, Ordering::Release);
    }
}

/// Waits until every thread has stamped twice more: once for a stamp that was under way.
fn wait_for_stamps(all: &[Arc<Stamps>]) {
    let before: Vec<u64> = all.iter().map(|stamps| stamps.count.load(Ordering::Acquire)).collect();
    for (stamps, before) in all.iter().zip(before) {
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
            // Of the thread that writes, where there is one.
            "count" => println!("{}", all.first().map_or(0, |stamps| stamps.count.load(Ordering::Acquire))),
            "fork" => println!("{}", clone_ns()?),
            "abort" => abort()?,
            other => bail!("the target knows no command {other:?}"),
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// Ends with a core as large as it will.
fn abort() -> Result<()> {
    setrlimit(Resource::Core, Rlimit { current: None, maximum: None }).context("no core limit")?;
    let now = clock_gettime(ClockId::Monotonic);
    println!("{}", now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned());
    std::io::stdout().flush()?;
    std::process::abort();
}
