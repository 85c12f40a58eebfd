//! The programs that the demo crashes, and the way in which each is captured.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use wer_testkit::crasher::{Ending, Flavour, Sample, kind};
use wer_testkit::{Built, CorePattern, Ended, Sandbox, Store, wait_for};

/// A report, from the crash to the store.
const REPORT_LIMIT: Duration = Duration::from_secs(60);
/// SIGSEGV.
const SIGSEGV: i32 = 11;
/// `STATUS_ACCESS_VIOLATION`.
const ACCESS_VIOLATION: u32 = 0xC000_0005;

/// How a program is captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It has attached the crash handler.
    Attached,
    /// `wer run`: the handler is preloaded.
    Preloaded,
    /// `wer run --trace`: supervised from outside.
    Traced,
    /// The kernel's core_pattern.
    Kernel,
}

impl Way {
    /// For the table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Attached => "attached",
            Self::Preloaded => "wer run",
            Self::Traced => "wer run --trace",
            Self::Kernel => "kernel",
        }
    }

    const fn store(self) -> Store {
        match self {
            Self::Kernel => Store::Machine,
            _ => Store::User,
        }
    }
}

/// One program and what is expected of its crash.
#[derive(Debug)]
pub(crate) struct Program {
    /// For the table.
    pub(crate) title: String,
    /// How it is captured.
    pub(crate) way: Way,
    /// The signal that ends it, with us as without us.
    pub(crate) signal: i32,
    /// Its event.
    pub(crate) event: &'static str,
    /// Windows' exception code; `None` where a module has replaced the parameters.
    pub(crate) exception: Option<u32>,
    /// A function of the crashed thread's stack; `None` = not known beforehand.
    pub(crate) function: Option<&'static str>,
    path: PathBuf,
    arguments: Vec<String>,
}

/// A program that has crashed.
#[derive(Debug)]
pub(crate) struct Crash {
    /// The signal that its parent saw.
    pub(crate) signal: Option<i32>,
    /// Its report's id.
    pub(crate) report_id: String,
}

/// Everything that this machine can crash.
pub(crate) fn all(built: &Built) -> Result<Vec<Program>> {
    let attached = [
        "c-null-write",
        "cpp-exception",
        "rust-panic",
        "rust-segfault",
        "c-stack-overflow",
        "c-double-free",
        "c-divide",
    ];
    let mut programs = Vec::new();
    for name in attached {
        programs.push(crasher(built, name, Flavour::Attached, Way::Attached)?);
    }
    programs.extend(built.samples().iter().map(sample));
    programs.push(python());
    let way = if CorePattern::why_not().is_none() { Way::Kernel } else { Way::Traced };
    programs.push(crasher(built, "c-static", Flavour::Plain, way)?);
    Ok(programs)
}

fn crasher(built: &Built, name: &str, flavour: Flavour, way: Way) -> Result<Program> {
    let kind = kind(name).with_context(|| format!("there is no crashing program {name}"))?;
    let Ending::Signal(signal) = kind.ending else { anyhow::bail!("{name} does not crash") };
    let path = built.crasher(kind, flavour);
    Ok(Program {
        title: kind.title.to_owned(),
        way,
        signal,
        event: "APPCRASH",
        exception: Some(kind.exception),
        function: Some(kind.function),
        path: path.with_context(|| format!("{name} could not be compiled here"))?,
        arguments: Vec::new(),
    })
}

fn sample(sample: &Sample) -> Program {
    Program {
        title: format!("The handler module's sample, {}", sample.language),
        way: Way::Attached,
        signal: SIGSEGV,
        event: Sample::EVENT,
        exception: None,
        function: Some(Sample::FUNCTION),
        path: sample.application.clone(),
        arguments: vec![sample.module.display().to_string()],
    }
}

fn python() -> Program {
    Program {
        title: "python3, as it is".into(),
        way: Way::Preloaded,
        signal: SIGSEGV,
        event: "APPCRASH",
        exception: Some(ACCESS_VIOLATION),
        function: None,
        path: "python3".into(),
        arguments: vec!["-c".into(), "import ctypes; ctypes.string_at(0)".into()],
    }
}

impl Program {
    /// Runs it to its end and finds its report.
    pub(crate) fn crash(&self, sandbox: &Sandbox) -> Result<Crash> {
        let before = ids(sandbox, self.way.store())?;
        let ended = self.run(sandbox)?;
        let report_id = wait_for("its report", REPORT_LIMIT, || {
            let new: Vec<String> =
                ids(sandbox, self.way.store())?.into_iter().filter(|id| !before.contains(id)).collect();
            ensure!(new.len() < 2, "one crash made {} reports", new.len());
            Ok(new.into_iter().next())
        });
        let report_id = report_id.with_context(|| format!("it ended by {}", ended.describe()))?;
        Ok(Crash { signal: ended.signal(), report_id })
    }

    fn run(&self, sandbox: &Sandbox) -> Result<Ended> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        match self.way {
            Way::Attached => sandbox.run(&self.path, &arguments),
            Way::Preloaded => sandbox.wer_run(false, &self.path, &arguments),
            Way::Traced => sandbox.wer_run(true, &self.path, &arguments),
            Way::Kernel => {
                let _pattern = CorePattern::pipe(sandbox)?;
                sandbox.run(&self.path, &arguments)
            }
        }
    }
}

fn ids(sandbox: &Sandbox, store: Store) -> Result<Vec<String>> {
    let reports = sandbox.reports(store)?;
    Ok(reports
        .iter()
        .filter_map(|report| Some(report.get("id").and_then(Value::as_str)?.to_owned()))
        .collect())
}
