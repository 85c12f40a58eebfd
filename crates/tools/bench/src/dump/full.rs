//! A full dump by `wer dump PID --type full`, against the two raw limits measured beside it, gdb's gcore, and the
//! kernel's own core. No side syncs to disk; before each, what was written earlier is written back, and as much memory as
//! the file takes is touched.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use minidump::Minidump;
use wer_testkit::core_pattern::CorePattern;

use crate::dump::raw::{read_s, settle, write_s};
use crate::dump::spent::{self, Spent};
use crate::dump::{Options, engine, kernel_core};
use crate::row::Row;
use crate::target::memory::compare_heap;
use crate::target_process::{Setup, Target};

/// Of the lower of the two raw limits.
const RAW_GOAL: f64 = 0.8;
/// Times as fast as gcore.
const GCORE_GOAL: f64 = 5.0;
/// Of us, for any dump.
pub(super) const PEAK_GOAL_MIB: f64 = 64.0;
pub(super) const MIB: f64 = 1_048_576.0;
/// Type of the stream that lists all memory of a full dump.
const MEMORY_64_LIST: u32 = 9;

/// Seconds of each round.
#[derive(Default)]
struct Times {
    read: Vec<f64>,
    write: Vec<f64>,
    ours: Vec<f64>,
    engine: Vec<f64>,
    gcore: Vec<f64>,
    kernel: Vec<f64>,
    peak_mib: Vec<f64>,
}

struct Bench<'a> {
    setup: Setup,
    target: Target,
    folder: &'a Path,
    kernel: bool,
    times: Times,
}

/// One row.
pub(super) fn compare(options: &Options, heap_mib: usize) -> Result<Row> {
    let setup = Setup { threads: 1, heap_mib, ..Setup::default() };
    let folder = options.folder()?;
    let cores = folder.path().join("k");
    let kernel = CorePattern::why_not();
    let pattern = cores.join("c");
    let _pattern = match kernel {
        None => Some(CorePattern::set(pattern.to_str().context("the folder's name is no text")?)?),
        Some(_) => None,
    };
    let target = Target::start(&setup)?;
    let is_allowed = kernel.is_none();
    let mut bench =
        Bench { setup, target, folder: folder.path(), kernel: is_allowed, times: Times::default() };
    for round in 0..options.full_rounds {
        bench.round(round, round < options.gcore_rounds)?;
    }
    let mut row = bench.row();
    if let Some(reason) = kernel {
        row.note(format!("the kernel's core is left out: {reason}"));
    }
    Ok(row)
}

impl Bench<'_> {
    /// All of them, in another order each time.
    fn round(&mut self, round: usize, with_gcore: bool) -> Result<()> {
        for step in 0..6 {
            match (step + round) % 6 {
                0 => self.times.read.push(read_s(self.target.pid(), self.target.heap(), self.bytes())?),
                1 => self.times.write.push(write_s(self.folder, self.bytes())?),
                2 => self.ours(round == 0)?,
                3 if with_gcore => self.gcore()?,
                4 if self.kernel => {
                    self.times.kernel.push(kernel_core::core_s(&self.setup, &self.folder.join("k"))?);
                }
                5 => self.engine()?,
                _ => {}
            }
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        self.setup.heap_bytes()
    }

    fn ours(&mut self, compares: bool) -> Result<()> {
        let path = self.folder.join("ours.dmp");
        let Spent { seconds, peak_bytes } = dump(self.target.pid(), &path, self.bytes())?;
        let size = fs::metadata(&path)?.len();
        ensure!(size >= self.bytes(), "our dump is cut: {size} bytes");
        if compares {
            compare_content(&path, self.target.heap(), self.bytes()).context("our dump does not count")?;
        }
        fs::remove_file(path)?;
        self.times.ours.push(seconds);
        self.times.peak_mib.push(peak_bytes as f64 / MIB);
        Ok(())
    }

    fn engine(&mut self) -> Result<()> {
        settle(self.folder, self.bytes())?;
        let path = self.folder.join("copied");
        let spent = spent::run(&mut engine::command(self.target.pid(), &path)?)?;
        ensure!(fs::metadata(&path)?.len() >= self.bytes(), "the copy is cut");
        fs::remove_file(path)?;
        self.times.engine.push(spent.seconds);
        Ok(())
    }

    fn gcore(&mut self) -> Result<()> {
        settle(self.folder, self.bytes())?;
        let prefix = self.folder.join("g");
        let mut command = Command::new("gcore");
        command.arg("-o").arg(&prefix).arg(self.target.pid().to_string());
        let spent = spent::run(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))?;
        let core = prefix.with_extension(self.target.pid().to_string());
        ensure!(fs::metadata(&core)?.len() >= self.bytes(), "gcore's core is cut");
        fs::remove_file(core)?;
        self.times.gcore.push(spent.seconds);
        Ok(())
    }

    fn row(&self) -> Row {
        let gib = self.setup.heap_mib as f64 / 1024.0;
        let mut row = Row::new(format!("full dump, {} MiB of heap", self.setup.heap_mib));
        let rates = |seconds: &[f64]| seconds.iter().map(|seconds| gib / seconds).collect::<Vec<_>>();
        let mut rate = |name: &str, seconds: &[f64]| row.figure(name, "GiB/s", &rates(seconds));
        let read = rate("raw limit: process_vm_readv, 1 MiB", &self.times.read);
        let write = rate("raw limit: buffered write, 1 MiB", &self.times.write);
        let ours = rate("wer dump --type full", &self.times.ours);
        rate("the copy of memory alone", &self.times.engine);
        let gcore = (!self.times.gcore.is_empty()).then(|| rate("gdb's gcore", &self.times.gcore));
        let kernel = self.kernel.then(|| rate("the kernel's core to a file", &self.times.kernel));
        let peak = row.figure("our peak memory", "MiB", &self.times.peak_mib);
        row.at_least("of the lower raw limit", RAW_GOAL, ours / read.min(write), "");
        if let Some(gcore) = gcore {
            row.at_least("times as fast as gcore", GCORE_GOAL, ours / gcore, "");
        }
        if let Some(kernel) = kernel {
            row.at_least("times as fast as the kernel's core", 1.0, ours / kernel, "");
        }
        let peak = self.times.peak_mib.iter().copied().fold(peak, f64::max);
        row.at_most("our peak memory, the largest", PEAK_GOAL_MIB, peak, " MiB");
        row
    }
}

/// `wer dump PID --type full`, of the same build as this program.
pub(super) fn dump(pid: u32, path: &Path, heap_bytes: u64) -> Result<Spent> {
    let wer: PathBuf = std::env::current_exe()?.with_file_name("wer");
    let mut command = Command::new(wer);
    command.args(["dump", &pid.to_string(), "--type", "full", "--output"]).arg(path);
    settle(path.parent().context("a file in no folder")?, heap_bytes)?;
    spent::run(command.stdout(Stdio::null()))
}

/// Whether the heap is in the dump as the target made it. Reads the file piece by piece: what is mapped here would count
/// as the peak memory of the programs that are started next.
fn compare_content(path: &Path, heap: u64, heap_bytes: u64) -> Result<()> {
    let runs = runs_of(&Minidump::read_path(path)?)?;
    let file = File::open(path)?;
    compare_heap(heap, heap_bytes, |address, buffer| {
        let wanted_end = address + buffer.len() as u64;
        let run = runs.iter().find(|run| run.start <= address && wanted_end <= run.start + run.size);
        run.is_some_and(|run| file.read_exact_at(buffer, run.position + (address - run.start)).is_ok())
    })
}

/// Memory of a dump, and where it is in the file.
struct Run {
    start: u64,
    size: u64,
    position: u64,
}

fn runs_of(dump: &Minidump<'_, impl std::ops::Deref<Target = [u8]>>) -> Result<Vec<Run>> {
    let list = dump.get_raw_stream(MEMORY_64_LIST)?;
    let words: Vec<u64> = list.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let mut position = *words.get(1).context("the list of memory is cut")?;
    let mut runs = Vec::new();
    for pair in words.get(2..).unwrap_or_default().as_chunks::<2>().0 {
        let [start, size] = *pair;
        runs.push(Run { start, size, position });
        position += size;
    }
    Ok(runs)
}
