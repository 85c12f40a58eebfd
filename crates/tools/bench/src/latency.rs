//! `wer-bench latency`: from the fault to the report in the store, for each way of capture, with a small and a large heap.
//!
//! The victim says when it faults (`CLOCK_MONOTONIC`), the bench sees by inotify when the folder of the report appears
//! in `ReportQueue`, and by `waitpid` when the process is gone. What the kernel itself needs to tear a process of that
//! size down is measured beside it, on a process that nobody reports, and left out of the time to release.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;
use rustix::time::{ClockId, Timespec, clock_gettime};
use serde::Serialize;
use tempfile::TempDir;
use wer_testkit::core_pattern::CorePattern;

use crate::stats::median;

/// A report that is not there by then will not come.
const LIMIT: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

/// Choices.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Crashes per way and heap.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// MiB of touched heap; the first is the small one that the others are compared with.
    #[arg(long, value_delimiter = ',', default_value = "64,4096")]
    heap_mib: Vec<usize>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Choices of the victim.
#[derive(Debug, clap::Args)]
pub(crate) struct VictimOptions {
    /// MiB of heap to touch.
    #[arg(long)]
    heap_mib: usize,
    /// Attach the crash handler first.
    #[arg(long)]
    attach: bool,
}

/// How the crash reaches the reporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    /// Nobody reports: the kernel's own part.
    Nobody,
    Application,
    Pipe,
    Socket,
}

/// Milliseconds after the fault.
#[derive(Clone, Copy, Debug)]
struct Times {
    committed: f64,
    gone: f64,
}

/// Medians of one way and heap.
#[derive(Clone, Copy, Debug, Serialize)]
struct Row {
    way: Way,
    heap_mib: usize,
    committed_ms: f64,
    gone_ms: f64,
    /// Gone, less what the kernel needs for a process of this size that nobody reports.
    released_ms: f64,
    /// Against the smallest heap.
    committed_ratio: f64,
}

/// The victim: touches its heap, says when, and aborts.
pub(crate) fn victim(options: &VictimOptions) -> Result<()> {
    let mut heap = vec![0_u8; options.heap_mib << 20];
    for page in heap.chunks_mut(4096) {
        page[0] = 1;
    }
    if options.attach {
        wer::attach()?;
    }
    std::hint::black_box(&heap);
    println!("{}", now_ns());
    std::io::stdout().flush()?;
    std::process::abort();
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    let bench = Bench::new()?;
    let mut rows: Vec<Row> = Vec::new();
    for &heap_mib in &options.heap_mib {
        let floor = bench.medians(Way::Nobody, heap_mib, options.rounds)?;
        for way in [Way::Application, Way::Pipe, Way::Socket] {
            if way != Way::Application
                && let Some(reason) = CorePattern::why_not()
            {
                eprintln!("{way:?} is left out: {reason}");
                continue;
            }
            let times = bench.medians(way, heap_mib, options.rounds)?;
            let small =
                rows.iter().find(|row| row.way == way).map_or(times.committed, |row| row.committed_ms);
            rows.push(Row {
                way,
                heap_mib,
                committed_ms: times.committed,
                gone_ms: times.gone,
                released_ms: (times.gone - floor.gone).max(0.0),
                committed_ratio: times.committed / small,
            });
        }
    }
    print(&rows, options.json)
}

fn print(rows: &[Row], json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "latency": rows }))?);
        return Ok(());
    }
    println!(
        "{:<12} {:>9} {:>13} {:>12} {:>9} {:>12}",
        "way", "heap MiB", "committed ms", "released ms", "gone ms", "to smallest"
    );
    for row in rows {
        println!(
            "{:<12} {:>9} {:>13.2} {:>12.2} {:>9.2} {:>12.2}",
            format!("{:?}", row.way),
            row.heap_mib,
            row.committed_ms,
            row.released_ms,
            row.gone_ms,
            row.committed_ratio
        );
    }
    Ok(())
}

struct Bench {
    own: PathBuf,
    binaries: PathBuf,
    folder: TempDir,
}

impl Bench {
    fn new() -> Result<Self> {
        let own = std::env::current_exe().context("the path of this program")?;
        let binaries = own.parent().context("its folder")?.to_owned();
        ensure!(
            binaries.join("werfault").is_file(),
            "werfault is not beside {}; build the workspace",
            own.display()
        );
        Ok(Self { own, binaries, folder: tempfile::tempdir_in("/tmp")? })
    }

    fn medians(&self, way: Way, heap_mib: usize, rounds: usize) -> Result<Times> {
        let _pattern = self.core_pattern(way)?;
        let _service = self.service(way)?;
        let store = match way {
            Way::Application | Way::Nobody => self.folder.path().join("store"),
            Way::Pipe | Way::Socket => self.folder.path().join("var/lib/wer"),
        };
        // Asked of the store, so that the queue has its own modes.
        drop(wer_store::Store::open(&store)?);
        let mut all = Vec::new();
        // One more than counted: the first brings files into memory.
        for round in 0..=rounds {
            let times = self.crash(way, heap_mib, &store)?;
            if round > 0 {
                all.push(times);
            }
        }
        let column = |pick: fn(&Times) -> f64| median(&all.iter().map(pick).collect::<Vec<_>>());
        Ok(Times { committed: column(|times| times.committed), gone: column(|times| times.gone) })
    }

    fn core_pattern(&self, way: Way) -> Result<Option<CorePattern>> {
        let folder = self.folder.path().display();
        let pattern = match way {
            Way::Application | Way::Nobody => return Ok(None),
            Way::Pipe => {
                format!("|{}/werfault --kernel --base {folder} %P %I %s %d %F", self.binaries.display())
            }
            Way::Socket => format!("@@{folder}/run/wer/coredump.sock"),
        };
        CorePattern::set(&pattern).map(Some)
    }

    fn service(&self, way: Way) -> Result<Option<Service>> {
        if way != Way::Socket {
            return Ok(None);
        }
        let mut command = Command::new(self.binaries.join("wersvc"));
        command.arg("--base").arg(self.folder.path()).stdout(Stdio::piped());
        let mut child = command.spawn().context("wersvc cannot be started")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("its output")?;
        let service = Service(child);
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(line.contains("listening"), "wersvc said: {line}");
        Ok(Some(service))
    }

    fn crash(&self, way: Way, heap_mib: usize, store: &Path) -> Result<Times> {
        let watch = inotify::init(inotify::CreateFlags::CLOEXEC)?;
        inotify::add_watch(&watch, store.join("ReportQueue"), inotify::WatchFlags::MOVED_TO)?;
        let mut command = Command::new(&self.own);
        command
            .args(["victim", "--heap-mib", &heap_mib.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command.env("WER_STORE_DIR", store).env("WER_SYSTEM_CONFIG_DIR", self.folder.path().join("etc/wer"));
        command.env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        command.env("WER_WERFAULT", self.binaries.join("werfault"));
        if way == Way::Application {
            command.arg("--attach");
        }
        let mut victim = command.spawn().context("the victim cannot be started")?;
        let fault = read_fault(&mut victim);
        let waiter = std::thread::spawn(move || victim.wait().map(|_| now_ns()));
        let committed = if way == Way::Nobody { Ok(now_ns()) } else { wait_for(&watch) };
        let gone = waiter.join().map_err(|_| anyhow::anyhow!("the wait for the victim failed"))??;
        self.forget(store)?;
        let fault = fault?;
        let ms = |end: u64| Duration::from_nanos(end.saturating_sub(fault)).as_secs_f64() * 1000.0;
        Ok(Times { committed: ms(committed?), gone: ms(gone) })
    }

    /// Reports of earlier rounds would make later ones slower.
    fn forget(&self, store: &Path) -> Result<()> {
        let opened = wer_store::Store::open(store)?;
        opened.enforce_quota(wer_model::ReportState::Queued, 0)?;
        let log = store.join("events.jsonl");
        if log.is_file() { fs::remove_file(&log).with_context(|| log.display().to_string()) } else { Ok(()) }
    }
}

/// The service, ended with this value.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait().map(drop)) {
            eprintln!("wersvc could not be ended: {error}");
        }
    }
}

fn read_fault(victim: &mut Child) -> Result<u64> {
    let mut line = String::new();
    BufReader::new(victim.stdout.as_mut().context("the victim's output")?).read_line(&mut line)?;
    line.trim().parse().with_context(|| format!("the victim said: {line}"))
}

fn wait_for(watch: &rustix::fd::OwnedFd) -> Result<u64> {
    if poll(&mut [PollFd::new(watch, PollFlags::IN)], Some(&LIMIT))? == 0 {
        bail!("no report within {} s", LIMIT.tv_sec);
    }
    Ok(now_ns())
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}
