//! One runtime exception module from the start of its host to its last answer: host start, load, claim, two pairs, and the
//! host's end. The module is C, of the size of the sample's, and is asked about this process by the `werfault` beside us.

use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use rustix::fs::{Mode, OFlags};
use rustix::process::{PidfdFlags, getgid, getpid, getuid, pidfd_open};
use wer_abi::NtStatus;
use wer_model::{ModuleLevel, ModuleVerdict, ReportId};
use wer_modules::{ModuleRequest, ModuleRun, ask_modules};
use wer_snapshot::{ExceptionSnapshot, Registers, SignalInfo};

use crate::stats::median;

/// A module that claims with a name and two pairs.
const SOURCE: &str = r#"
#include <stdint.h>
static uint32_t put(uint16_t *to, const char *text) {
  uint32_t n = 0;
  do to[n] = (unsigned char)text[n]; while (text[n++]);
  return n;
}
int OutOfProcessExceptionEventCallback(void *c, void *i, int *claimed, uint16_t *name, uint32_t *size, uint32_t *count) {
  (void)c, (void)i; *claimed = 1; *size = put(name, "Measured"); *count = 2; return 0;
}
int OutOfProcessExceptionEventSignatureCallback(void *c, void *i, uint32_t index, uint16_t *name, uint32_t *name_size,
                                                uint16_t *value, uint32_t *value_size) {
  (void)c, (void)i; *name_size = put(name, index ? "Status" : "Version"); *value_size = put(value, "5"); return 0;
}
int OutOfProcessExceptionEventDebuggerLaunchCallback(void *c, void *i, int *custom, uint16_t *l, uint32_t *s, int *a) {
  (void)c, (void)i, (void)l, (void)s, (void)a; *custom = 0; return 0;
}
"#;

/// What is measured.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    /// Round trips.
    #[arg(long, default_value_t = 101)]
    rounds: usize,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Milliseconds of round trips.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct RoundTrips {
    /// How many.
    pub(crate) rounds: usize,
    /// The median.
    pub(crate) median_ms: f64,
    /// The longest.
    pub(crate) longest_ms: f64,
}

/// Measures and prints.
pub(crate) fn run(options: &Options) -> Result<()> {
    let trips = measure(options.rounds)?;
    if options.json {
        println!("{}", serde_json::to_string(&trips)?);
    } else {
        let RoundTrips { rounds, median_ms, longest_ms } = trips;
        println!("module round trip: median {median_ms:.2} ms, longest {longest_ms:.2} ms of {rounds}");
    }
    Ok(())
}

/// Round trips of one module, one after the other.
pub(crate) fn measure(rounds: usize) -> Result<RoundTrips> {
    let own = std::env::current_exe()?;
    let host = own.parent().context("our own folder")?.join("werfault");
    ensure!(host.is_file(), "{} is missing; build wer-fault in the same profile", host.display());
    let folder = tempfile::tempdir()?;
    let module = compile(folder.path())?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        times.push(round_trip(&host, &module)?.as_secs_f64() * 1000.0);
    }
    let longest_ms = times.iter().copied().fold(0.0, f64::max);
    Ok(RoundTrips { rounds, median_ms: median(&times), longest_ms })
}

fn compile(folder: &Path) -> Result<PathBuf> {
    let (source, module) = (folder.join("module.c"), folder.join("module.so"));
    fs::write(&source, SOURCE)?;
    let built =
        Command::new("cc").args(["-O2", "-shared", "-fPIC", "-o"]).args([&module, &source]).output()?;
    ensure!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Ok(module)
}

fn round_trip(host: &Path, module: &Path) -> Result<Duration> {
    let tid = std::process::id();
    let pidfd = pidfd_open(getpid(), PidfdFlags::empty())?;
    let memory = rustix::fs::open("/proc/self/mem", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    let exception = ExceptionSnapshot {
        tid,
        signal: SignalInfo { number: libc::SIGSEGV, code: 1, errno: 0, address: 0 },
        status: NtStatus::ACCESS_VIOLATION,
        instruction: 0,
        access: None,
    };
    let registers = Registers::default();
    let run = ModuleRun {
        host_executable: host,
        pid: tid,
        pidfd: pidfd.as_fd(),
        mem_fd: memory.as_fd(),
        tid,
        uid: getuid().as_raw(),
        gid: getgid().as_raw(),
        exception: &exception,
        registers: &registers,
        fpu: None,
        report_id: ReportId([7; 16]),
        deadline_per_call: Duration::from_secs(10),
        is_fatal: true,
        folder: None,
        write_dump: None,
    };
    let path = module.to_str().context("the module's path")?.to_owned();
    let request = ModuleRequest { path, context: 0, level: Some(ModuleLevel::System) };
    let begun = Instant::now();
    let asked = ask_modules(&run, &[request], &mut || {});
    let taken = begun.elapsed();
    let verdict = asked.outcomes.first().map(|outcome| &outcome.verdict);
    let is_whole =
        matches!(verdict, Some(ModuleVerdict::Claimed { parameters, .. }) if parameters.len() == 2);
    ensure!(is_whole, "the module did not claim with two pairs: {asked:?}");
    Ok(taken)
}
