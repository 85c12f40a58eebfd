//! A mini dump of a living process to a file in memory, ours and minidump-writer's by turns.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use minidump_writer::minidump_writer::MinidumpWriterConfig;
use serde::Serialize;
use wer_abi::flags::DumpType;
use wer_minidump::DumpOptions;
use wer_minidump::check::{Violation, check};

use crate::held::Held;
use crate::stats::median;

/// Fewer rounds tell nothing.
const MIN_ROUNDS: usize = 7;

/// What to measure.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Numbers of threads of the target.
    #[arg(long, value_delimiter = ',', default_values_t = [8, 100])]
    threads: Vec<usize>,
    /// Heap of the target, touched.
    #[arg(long, default_value_t = 64)]
    heap_mib: usize,
    /// Dumps by each writer, after one of each that does not count; at least 7.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// One JSON array instead of a table.
    #[arg(long)]
    json: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { threads: vec![8, 100], heap_mib: 64, rounds: 15, json: false }
    }
}

/// Medians of one writer.
#[derive(Debug, Serialize)]
struct Figures {
    /// Longest gap between two stamps of one thread of the target around the dump.
    stopped_ms: f64,
    /// From the request to the finished file.
    total_ms: f64,
    bytes: f64,
    stack_bytes: f64,
    threads: usize,
    modules: usize,
}

/// Ours divided by the peer's: below 1 is better.
#[derive(Debug, Serialize)]
struct Ratios {
    stopped: f64,
    total: f64,
    bytes: f64,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Comparison {
    threads: usize,
    heap_mib: usize,
    rounds: usize,
    /// The target's longest gap in as long a time without any dump: what a machine's noise costs.
    undisturbed_ms: f64,
    ours: Figures,
    peer: Figures,
    ratios: Ratios,
}

/// Measures, prints, and fails when ours is the slower one.
///
/// # Errors
/// A dump that fails, that holds less than the peer's, or a median that is worse than the peer's.
pub(crate) fn run(options: &Options) -> Result<()> {
    ensure!(options.rounds >= MIN_ROUNDS, "at least {MIN_ROUNDS} rounds are needed");
    let threads = options.threads.iter();
    let comparisons: Vec<Comparison> =
        threads.map(|threads| compare(options, *threads)).collect::<Result<_>>()?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&comparisons)?);
    } else {
        print_table(&comparisons);
    }
    for comparison in &comparisons {
        let Ratios { stopped, total, .. } = comparison.ratios;
        ensure!(
            stopped <= 1.0 && total <= 1.0,
            "slower than minidump-writer at {} threads: {stopped:.2} times stopped, {total:.2} times in all",
            comparison.threads
        );
    }
    Ok(())
}

fn compare(options: &Options, threads: usize) -> Result<Comparison> {
    let mut target = Target::start(threads, options.heap_mib)?;
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
    let (ours, peer) = (figures(&ours), figures(&peers));
    let ratios = Ratios {
        stopped: ours.stopped_ms / peer.stopped_ms,
        total: ours.total_ms / peer.total_ms,
        bytes: ours.bytes / peer.bytes,
    };
    Ok(Comparison {
        threads,
        heap_mib: options.heap_mib,
        rounds: options.rounds,
        undisturbed_ms: median(&undisturbed),
        ours,
        peer,
        ratios,
    })
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
    write(target.child.id(), &mut file)?;
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
    capture.release();
    copied.write(&capture.snapshot, file)?;
    Ok(())
}

fn write_peers(pid: u32, file: &mut File) -> Result<()> {
    let pid = i32::try_from(pid)?;
    let written = MinidumpWriterConfig::new(pid, pid).write(file);
    written.map_err(|error| anyhow::anyhow!("minidump-writer failed: {error}"))?;
    Ok(())
}

fn figures(all: &[Measured]) -> Figures {
    let of = |value: fn(&Measured) -> f64| median(&all.iter().map(value).collect::<Vec<_>>());
    let last = all.last().map(|measured| &measured.held);
    Figures {
        stopped_ms: of(|measured| measured.stopped_ms),
        total_ms: of(|measured| measured.total_ms),
        bytes: of(|measured| measured.held.bytes as f64),
        stack_bytes: of(|measured| measured.held.stack_bytes() as f64),
        threads: last.map_or(0, Held::threads),
        modules: last.map_or(0, Held::modules),
    }
}

fn print_table(comparisons: &[Comparison]) {
    println!("mini dump of a living process, medians (heap, rounds as given; below 1 = ours is better)");
    println!(
        "{:<26}{:>12}{:>12}{:>12}{:>12}{:>12}{:>10}",
        "", "stopped ms", "total ms", "bytes", "stacks", "threads", "modules"
    );
    for comparison in comparisons {
        let Comparison { threads, heap_mib, rounds, undisturbed_ms, ours, peer, ratios } = comparison;
        println!(
            "{threads} threads, {heap_mib} MiB, {rounds} rounds; longest gap without a dump {undisturbed_ms:.2} ms"
        );
        for (name, figures) in [("  ours", ours), ("  minidump-writer 0.13", peer)] {
            println!(
                "{name:<26}{:>12.2}{:>12.2}{:>12}{:>12}{:>12}{:>10}",
                figures.stopped_ms,
                figures.total_ms,
                figures.bytes,
                figures.stack_bytes,
                figures.threads,
                figures.modules
            );
        }
        println!("{:<26}{:>12.2}{:>12.2}{:>12.2}", "  ratio", ratios.stopped, ratios.total, ratios.bytes);
    }
}

/// The target process; killed when dropped.
struct Target {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Target {
    fn start(threads: usize, heap_mib: usize) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["target", "--threads", &threads.to_string(), "--heap-mib", &heap_mib.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the target does not start")?;
        let commands = child.stdin.take().context("no pipe to the target")?;
        let answers = BufReader::new(child.stdout.take().context("no pipe from the target")?);
        let mut target = Self { child, commands, answers };
        let ready = target.answer()?;
        ensure!(ready.starts_with("ready"), "the target says {ready:?}");
        Ok(target)
    }

    fn ask(&mut self, command: &str) -> Result<String> {
        self.commands.write_all(format!("{command}\n").as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(!line.is_empty(), "the target is gone");
        Ok(line.trim_end().to_owned())
    }

    fn longest_gap_ms(&mut self) -> Result<f64> {
        let nanoseconds: u64 = self.ask("report")?.parse()?;
        Ok(nanoseconds as f64 / 1e6)
    }

    /// The longest gap in a time in which nothing is done to the target.
    fn undisturbed_ms(&mut self, for_ms: f64) -> Result<f64> {
        self.ask("reset")?;
        std::thread::sleep(std::time::Duration::from_secs_f64(for_ms / 1e3));
        self.longest_gap_ms()
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
