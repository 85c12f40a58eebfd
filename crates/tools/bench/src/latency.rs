//! `wer-bench latency`: from the fault to the report in the store, for each way of capture, with a small and a large heap.
//!
//! The victim says when it faults (`CLOCK_MONOTONIC`). The bench sees by inotify when the report's folder appears in
//! `ReportQueue` (committed), and when the event is recorded, after which `werfault` does nothing more before it lets the
//! process go (released). `waitpid` says when the process is gone: that holds the kernel's own teardown, which grows with
//! the heap and is measured beside it on a process that nobody reports.
//!
//! A control tells the heap of the victim from the state that touching it leaves the machine in: a small victim beside
//! which another process has just touched as much as the large one has.
//!
//! Ways and heaps alternate, so that what else the machine does falls on all of them.

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
    /// MiB that another process touches just before the fault of a victim with the smallest heap; 0 = no control.
    #[arg(long, default_value_t = 4096)]
    control_mib: usize,
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
    /// MiB that another process touches before the fault.
    #[arg(long, default_value_t = 0)]
    beside_mib: usize,
    /// Do not crash: say when the heap is touched, and keep it until standard input ends.
    #[arg(long)]
    hold: bool,
}

/// Whose memory was touched just before the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Load {
    /// MiB of the victim itself.
    heap_mib: usize,
    /// MiB of another process.
    beside_mib: usize,
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
    released: f64,
    gone: f64,
}

/// Medians of one way and heap.
#[derive(Clone, Copy, Debug, Serialize)]
struct Row {
    way: Way,
    #[serde(flatten)]
    load: Load,
    committed_ms: f64,
    released_ms: f64,
    gone_ms: f64,
    /// The quickest round's.
    best_released_ms: f64,
    /// Median, against the control's of the same way: what a large heap costs beyond having touched it.
    to_control: Option<f64>,
    /// The quickest round, against the quickest with the smallest heap of the same way. What else a machine does only
    /// ever adds to a round, so the quickest ones tell what the heap itself costs.
    ratio: f64,
}

/// The kernel's ways may take this much longer with a large heap.
const MAX_RATIO: f64 = 1.5;

/// The victim: touches its heap, says when, and aborts.
pub(crate) fn victim(options: &VictimOptions) -> Result<()> {
    let mut heap = vec![0_u8; options.heap_mib << 20];
    for page in heap.chunks_mut(4096) {
        page[0] = 1;
    }
    if options.attach {
        wer::attach()?;
    }
    let _beside = (options.beside_mib > 0).then(|| beside(options.beside_mib)).transpose()?;
    std::hint::black_box(&heap);
    println!("{}", now_ns());
    std::io::stdout().flush()?;
    if options.hold {
        std::io::stdin().read_line(&mut String::new())?;
        return Ok(());
    }
    std::process::abort();
}

/// A process that has touched so much; it ends when its standard input, which is the victim's, ends.
fn beside(heap_mib: usize) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["victim", "--hold", "--heap-mib", &heap_mib.to_string()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    read_fault(&mut child)?;
    Ok(child)
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    let bench = Bench::new()?;
    let _service = bench.service()?;
    let mut ways = vec![Way::Nobody, Way::Application];
    match CorePattern::why_not() {
        None => ways.extend([Way::Pipe, Way::Socket]),
        Some(reason) => eprintln!("the kernel's ways are left out: {reason}"),
    }
    let mut loads: Vec<Load> =
        options.heap_mib.iter().map(|&heap_mib| Load { heap_mib, beside_mib: 0 }).collect();
    if let Some(&Load { heap_mib, .. }) = loads.first().filter(|_| options.control_mib > 0) {
        loads.insert(1, Load { heap_mib, beside_mib: options.control_mib });
    }
    let mut all: Vec<(Way, Load, Times)> = Vec::new();
    // One more than counted: the first brings files into memory.
    for round in 0..=options.rounds {
        for &load in &loads {
            for &way in &ways {
                let times = bench.crash(way, load)?;
                if round > 0 {
                    all.push((way, load, times));
                }
            }
        }
    }
    let rows = rows(&ways, &loads, &all);
    print(&rows, options.json)?;
    let slow = rows.iter().find(|row| matches!(row.way, Way::Pipe | Way::Socket) && row.ratio > MAX_RATIO);
    match slow {
        None => Ok(()),
        Some(row) => bail!(
            "{:?} with {} MiB takes {:.2} times as long as with the smallest heap; {MAX_RATIO} is the limit",
            row.way,
            row.load.heap_mib,
            row.ratio
        ),
    }
}

fn rows(ways: &[Way], loads: &[Load], all: &[(Way, Load, Times)]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for &way in ways {
        for &load in loads {
            let of_row = all.iter().filter(|(of_way, of_load, _)| (*of_way, *of_load) == (way, load));
            let times: Vec<Times> = of_row.map(|(_, _, times)| *times).collect();
            let column = |pick: fn(&Times) -> f64| median(&times.iter().map(pick).collect::<Vec<_>>());
            let best_released_ms = times.iter().map(|times| times.released).fold(f64::INFINITY, f64::min);
            let small = rows.iter().find(|row| row.way == way);
            let released_ms = column(|times| times.released);
            let control = rows.iter().find(|row| row.way == way && row.load.beside_mib > 0);
            rows.push(Row {
                way,
                load,
                committed_ms: column(|times| times.committed),
                released_ms,
                to_control: control.map(|control| released_ms / control.released_ms),
                gone_ms: column(|times| times.gone),
                best_released_ms,
                ratio: small.map_or(1.0, |small| best_released_ms / small.best_released_ms),
            });
        }
    }
    rows
}

fn print(rows: &[Row], json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "latency": rows }))?);
        return Ok(());
    }
    println!("medians, and the quickest round; ms after the fault");
    println!(
        "{:<12} {:>9} {:>11} {:>10} {:>9} {:>9} {:>11} {:>14} {:>12}",
        "way",
        "heap MiB",
        "beside MiB",
        "committed",
        "released",
        "gone",
        "to control",
        "best released",
        "to smallest"
    );
    for row in rows {
        let way = format!("{:?}", row.way);
        let Row { committed_ms, released_ms, gone_ms, best_released_ms, ratio, .. } = row;
        let Load { heap_mib, beside_mib } = row.load;
        let to_control = row.to_control.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        match row.way {
            Way::Nobody => {
                println!("{way:<12} {heap_mib:>9} {beside_mib:>11} {:>10} {:>9} {gone_ms:>9.2}", "-", "-")
            }
            _ => println!(
                "{way:<12} {heap_mib:>9} {beside_mib:>11} {committed_ms:>10.2} {released_ms:>9.2} {gone_ms:>9.2} \
                 {to_control:>11} {best_released_ms:>14.2} {ratio:>12.2}"
            ),
        }
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

    /// The root of the store that a way's reports go to.
    fn store(&self, way: Way) -> PathBuf {
        self.folder.path().join(match way {
            Way::Application | Way::Nobody => "store",
            Way::Pipe | Way::Socket => "var/lib/wer",
        })
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

    fn service(&self) -> Result<Service> {
        let mut command = Command::new(self.binaries.join("wersvc"));
        command.arg("--base").arg(self.folder.path()).stdout(Stdio::piped());
        let mut child = command.spawn().context("wersvc cannot be started")?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("its output")?;
        let service = Service(child);
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(line.contains("listening"), "wersvc said: {line}");
        Ok(service)
    }

    fn crash(&self, way: Way, load: Load) -> Result<Times> {
        let _pattern = self.core_pattern(way)?;
        let store = self.store(way);
        self.forget(&store)?;
        let commits = inotify::init(inotify::CreateFlags::CLOEXEC)?;
        inotify::add_watch(&commits, store.join("ReportQueue"), inotify::WatchFlags::MOVED_TO)?;
        let records = inotify::init(inotify::CreateFlags::CLOEXEC)?;
        inotify::add_watch(&records, store.join(LOG), inotify::WatchFlags::MODIFY)?;
        let mut victim = self.victim(way, load, &store)?;
        let fault = read_fault(&mut victim);
        let waiter = std::thread::spawn(move || victim.wait().map(|_| now_ns()));
        let seen = match way {
            Way::Nobody => Ok((now_ns(), now_ns())),
            _ => wait_for(&commits).and_then(|committed| Ok((committed, wait_for(&records)?))),
        };
        let gone = waiter.join().map_err(|_| anyhow::anyhow!("the wait for the victim failed"))??;
        let (fault, (committed, released)) = (fault?, seen?);
        let ms = |end: u64| Duration::from_nanos(end.saturating_sub(fault)).as_secs_f64() * 1000.0;
        Ok(Times { committed: ms(committed), released: ms(released), gone: ms(gone) })
    }

    fn victim(&self, way: Way, load: Load, store: &Path) -> Result<Child> {
        let mut command = Command::new(&self.own);
        command
            .args(["victim", "--heap-mib", &load.heap_mib.to_string()])
            .args(["--beside-mib", &load.beside_mib.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command.env("WER_STORE_DIR", store).env("WER_SYSTEM_CONFIG_DIR", self.folder.path().join("etc/wer"));
        command.env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        command.env("WER_WERFAULT", self.binaries.join("werfault"));
        if way == Way::Application {
            command.arg("--attach");
        }
        command.spawn().context("the victim cannot be started")
    }

    /// An empty store with an empty log: reports of earlier rounds would make later ones slower.
    fn forget(&self, store: &Path) -> Result<()> {
        let opened = wer_store::Store::open(store)?;
        opened.enforce_quota(wer_model::ReportState::Queued, 0)?;
        let log = store.join(LOG);
        fs::write(&log, "").with_context(|| log.display().to_string())
    }
}

/// The event log of a store.
const LOG: &str = "events.jsonl";

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
