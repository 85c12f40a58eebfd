//! What must be true of one kind of crash through one way of capture.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use wer_testkit::crasher::{Ending, Flavour, KINDS, Kind, Language, Linking};
use wer_testkit::{Ended, Sandbox, Store, Watson, lldb, minidump_reader, wait_for};

/// From a stored report to its analysis on the server.
const SERVER_LIMIT: Duration = Duration::from_secs(120);

/// A way of capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The program attached the crash handler itself.
    Attached,
    /// `wer run`.
    Run,
    /// `wer run --trace`.
    Traced,
    /// The kernel's pipe.
    KernelPipe,
    /// The kernel's socket.
    KernelSocket,
}

impl Way {
    const fn flavour(self) -> Flavour {
        match self {
            Self::Attached => Flavour::Attached,
            _ => Flavour::Plain,
        }
    }

    const fn store(self) -> Store {
        match self {
            Self::KernelPipe | Self::KernelSocket => Store::Machine,
            _ => Store::User,
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::Attached | Self::Run => "in_application",
            Self::Traced => "traced",
            Self::KernelPipe => "kernel_pipe",
            Self::KernelSocket => "kernel_socket",
        }
    }

    /// Whether the way reaches programs that are linked so.
    const fn reaches(self, kind: &Kind) -> bool {
        matches!(kind.linking, Linking::Dynamic)
            || matches!(self, Self::Traced | Self::KernelPipe | Self::KernelSocket)
    }

    /// Whether code of ours runs in the program.
    const fn is_inside(self) -> bool {
        matches!(self, Self::Attached | Self::Run)
    }
}

/// Where a way is tried.
pub(crate) struct Scene<'a> {
    pub(crate) way: Way,
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) watson: &'a Watson,
}

impl Scene<'_> {
    /// Every kind that the way reaches; says all that was wrong at the end.
    pub(crate) fn every_kind(&self) {
        let mut wrong = Vec::new();
        let mut tried = 0;
        for kind in KINDS.iter().filter(|kind| self.way.reaches(kind) && kind.has(self.way.flavour())) {
            let Some(program) = self.sandbox.built().crasher(kind, self.way.flavour()) else {
                eprintln!("{:?}: {kind} left out: this machine has no compiler for it", self.way);
                continue;
            };
            tried += 1;
            if let Err(error) = self.one(kind, &program) {
                wrong.push(format!("{kind}: {error:#}"));
            }
        }
        assert!(
            wrong.is_empty(),
            "{:?}: {} of {tried} are wrong:\n{}",
            self.way,
            wrong.len(),
            wrong.join("\n")
        );
        assert!(tried >= 10, "{:?}: only {tried} kinds were tried", self.way);
    }

    fn one(&self, kind: &Kind, program: &Path) -> Result<()> {
        let ended = self.crash(program)?;
        match kind.ending {
            Ending::Signal(signal) => {
                ensure!(ended.signal() == Some(signal), "ended otherwise: {}", ended.describe());
            }
            Ending::Exit => {
                ensure!(ended.status.success(), "did not end by itself: {}", ended.describe());
                let reports = self.reports_of(program, &ended)?;
                ensure!(reports.is_empty(), "nothing crashed, yet there are reports: {reports:?}");
                return Ok(());
            }
        }
        let shown = self.sent(&self.the_report(program, &ended)?)?;
        self.check_report(kind, program, &shown)?;
        self.check_dump(kind, &shown)?;
        self.check_server(kind, &shown)?;
        let reports = self.reports_of(program, &ended)?;
        ensure!(reports.len() == 1, "there are {} reports: {reports:?}", reports.len());
        Ok(())
    }

    fn crash(&self, program: &Path) -> Result<Ended> {
        match self.way {
            Way::Run => self.sandbox.wer_run(false, program, &[]),
            Way::Traced => self.sandbox.wer_run(true, program, &[]),
            _ => self.sandbox.run(program, &[]),
        }
    }

    /// By pid, which `wer run` keeps; a traced program has another one than `wer run --trace`, but nobody else reports
    /// to this store.
    fn reports_of(&self, program: &Path, ended: &Ended) -> Result<Vec<Value>> {
        if self.way != Way::Traced {
            return self.sandbox.reports_of(self.way.store(), ended.pid);
        }
        let name = file_name(program);
        let reports = self.sandbox.reports(self.way.store())?;
        Ok(reports.into_iter().filter(|report| report["application"] == name).collect())
    }

    fn the_report(&self, program: &Path, ended: &Ended) -> Result<Value> {
        let pid = match self.way {
            Way::Traced => {
                let reports = self.reports_of(program, ended)?;
                let first = reports.first().with_context(|| format!("no report; {}", ended.describe()))?;
                u32::try_from(first["pid"].as_u64().context("a report without a pid")?)?
            }
            _ => ended.pid,
        };
        self.sandbox.the_report_of(self.way.store(), pid).with_context(|| ended.describe())
    }

    /// The same report, once it is sent and lies in the archive: it moves no more.
    fn sent(&self, shown: &Value) -> Result<Value> {
        let id = shown["report"]["id"].as_str().context("a report without an id")?;
        let archived = wait_for(&format!("report {id} in the archive"), SERVER_LIMIT, || {
            let shown = self.sandbox.wer_json(self.way.store(), &["report", "show", id])?;
            Ok((shown["state"] == "archived").then_some(shown))
        });
        archived.with_context(|| self.why_not_sent(id))
    }

    fn check_report(&self, kind: &Kind, program: &Path, shown: &Value) -> Result<()> {
        let report = &shown["report"];
        equal("event type", &report["signature"]["event_type"], event_type(kind))?;
        equal("capture source", &report["capture_source"], self.way.source())?;
        equal("application", &report["application_name"], file_name(program).as_str())?;
        let code = format!("{:08x}", expected_exception(self.way, kind));
        equal("P1", &parameter(shown, "Application Name"), file_name(program).as_str())?;
        equal("exception code", &parameter(shown, "Exception Code"), code.as_str())?;
        if kind.function_is_top {
            equal("P4", &parameter(shown, "Fault Module Name"), file_name(program).as_str())?;
        }
        let count = report["signature"]["parameters"].as_array().map_or(0, Vec::len);
        ensure!(count == parameter_count(kind), "there are {count} parameters: {}", report["signature"]);
        let function = shown["top_function"].as_str().unwrap_or_default();
        ensure!(bare(function) == kind.function, "top function is {function}:\n{}", stack_lines(shown));
        if says_last_words(self.way, kind) {
            let words = report["last_words"]["text"].as_str().unwrap_or_default();
            ensure!(words.contains(kind.last_words), "last words are {}", report["last_words"]);
        }
        Ok(())
    }

    /// lldb and minidump-processor agree with us and with each other.
    fn check_dump(&self, kind: &Kind, shown: &Value) -> Result<()> {
        let folder = shown["folder"].as_str().context("a report without a folder")?;
        let dump = Path::new(folder).join("minidump.mdmp");
        let ours = &shown["stack"];
        let by_lldb = lldb::read(&dump)?;
        let by_processor = minidump_reader::read(&dump)?;
        ensure!(ours["id"] == by_lldb.crashed_thread, "lldb: {}", by_lldb.transcript);
        ensure!(ours["id"] == by_processor.crashed_thread, "minidump-processor: {by_processor:?}");
        let top = &ours["frames"][0]["instruction"];
        ensure!(*top == by_lldb.instruction, "lldb: top at {top}: {}", by_lldb.transcript);
        ensure!(*top == by_processor.top.instruction, "minidump-processor: top at {top}: {by_processor:?}");
        ensure!(by_lldb.threads.len() == by_processor.threads.len(), "{by_lldb:?} {by_processor:?}");
        // lldb names nothing in a module without a build id, because it cannot tell that the file is the right one.
        if kind.linking != Linking::StaticMusl {
            let functions: Vec<&str> = by_lldb.functions.iter().map(|name| bare(name)).collect();
            ensure!(functions.contains(&kind.function), "lldb: {}", by_lldb.transcript);
            let is_top = functions.first() == Some(&kind.function);
            ensure!(is_top || !kind.function_is_top, "lldb: {}", by_lldb.transcript);
        }
        if kind.function_is_top {
            ensure!(bare(&by_processor.function) == kind.function, "minidump-processor: {by_processor:?}");
        }
        if kind.name == "c-threads" {
            ensure!(by_lldb.threads.len() == 9, "lldb: {}", by_lldb.transcript);
            ensure!(ours["name"] == "worker-5", "the thread's name: {}", ours["name"]);
        }
        Ok(())
    }

    /// The server has put the report into a bucket and has read its dump.
    fn check_server(&self, kind: &Kind, shown: &Value) -> Result<()> {
        let id = shown["report"]["id"].as_str().context("a report without an id")?;
        let bucket = shown["report"]["reply"]["bucket"].as_u64().context("the server named no bucket")?;
        let report =
            wait_for(&format!("report {id} on the server"), SERVER_LIMIT, || self.on_server(id, bucket))?;
        equal("the server's event type", &report["event_type"], event_type(kind))?;
        let function = report["top_function"].as_str().unwrap_or_default();
        ensure!(bare(function) == kind.function, "the server's top function is {function}");
        Ok(())
    }

    /// The server's view of one of our reports, once its dump is analysed.
    fn on_server(&self, id: &str, bucket: u64) -> Result<Option<Value>> {
        let bucket = self.watson.get_json(&format!("/api/buckets/{bucket}"))?;
        ensure!(bucket["hits"].as_u64() >= Some(1), "a bucket without hits: {bucket}");
        let reports = bucket["reports"].as_array().into_iter().flatten();
        for report in reports.filter_map(Value::as_str) {
            let report = self.watson.get_json(&format!("/api/reports/{report}"))?;
            if report["report_guid"] == id && report["state"] == "done" {
                return Ok(Some(report));
            }
        }
        Ok(None)
    }

    fn why_not_sent(&self, id: &str) -> String {
        match self.sandbox.wer(self.way.store(), &["report", "show", id]) {
            Ok(ended) => ended.stdout,
            Err(error) => format!("{error:#}"),
        }
    }
}

/// The crashing programs know only C names; a C++ or Rust name has more around it: arguments, the crate, and where a
/// reader does not demangle it, rustc's hash.
fn bare(function: &str) -> &str {
    let path = function.split('(').next().unwrap_or_default();
    let mut parts = path.rsplit("::");
    let last = parts.next().unwrap_or_default();
    let is_hash =
        last.len() == 17 && last.starts_with('h') && last[1..].bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { parts.next().unwrap_or_default() } else { last }
}

/// The crashed thread's functions, for messages.
fn stack_lines(shown: &Value) -> String {
    let frames = shown["stack"]["frames"].as_array().into_iter().flatten();
    frames.map(|frame| format!("    {} in {}\n", frame["function"], frame["module"])).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn equal(what: &str, found: &Value, expected: &str) -> Result<()> {
    ensure!(found == expected, "{what} is {found}, not {expected}");
    Ok(())
}

fn parameter(shown: &Value, name: &str) -> Value {
    let parameters = shown["report"]["signature"]["parameters"].as_array();
    let found = parameters.into_iter().flatten().find(|parameter| parameter["name"] == name);
    found.map_or(Value::Null, |parameter| parameter["value"].clone())
}

const STACK_BUFFER_OVERRUN: u32 = 0xC000_0409;
const FATAL_APP_EXIT: u32 = 0x4000_0015;

/// A smashed stack is a BEX64, as on Windows.
fn event_type(kind: &Kind) -> &'static str {
    if kind.exception == STACK_BUFFER_OVERRUN { "BEX64" } else { "APPCRASH" }
}

fn parameter_count(kind: &Kind) -> usize {
    if kind.exception == STACK_BUFFER_OVERRUN { 9 } else { 8 }
}

/// An uncaught C++ exception is known as such only where code of ours runs in the process; from outside it is an
/// `abort()`.
fn expected_exception(way: Way, kind: &Kind) -> u32 {
    if kind.language == Language::Cpp && kind.last_words.len() > 1 && !way.is_inside() {
        return FATAL_APP_EXIT;
    }
    kind.exception
}

/// glibc's words are read from outside; those of C++ and Rust only where code of ours runs in the process, and Rust's only
/// where the program attached.
fn says_last_words(way: Way, kind: &Kind) -> bool {
    match kind.language {
        _ if kind.last_words.is_empty() => false,
        Language::C => true,
        Language::Cpp => way.is_inside(),
        Language::Rust => way == Way::Attached,
    }
}
