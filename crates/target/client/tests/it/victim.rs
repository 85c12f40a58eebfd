//! Runs the victim with a stand-in for `werfault`, and reads what the latter wrote down.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_wer-client-victim");

/// One run.
pub(crate) struct Ended {
    pub(crate) pid: u32,
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
    /// What each start of the stand-in saw.
    pub(crate) requests: Vec<BTreeMap<String, String>>,
}

/// A role about to be run.
pub(crate) struct Victim {
    pub(crate) command: Command,
    requests: PathBuf,
}

impl Victim {
    pub(crate) fn new(role: &str) -> Self {
        let name = format!("wer-client-{}-{role}-{}.requests", std::process::id(), unique());
        let requests = std::env::temp_dir().join(name);
        let mut command = Command::new(PROGRAM);
        command.arg(role).env("WER_WERFAULT", PROGRAM).env("FAKE_OUT", &requests).env("FAKE_MODE", "store");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command, requests }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn run(mut self) -> Ended {
        let child = self.command.spawn().expect("the victim");
        let pid = child.id();
        let output = child.wait_with_output().expect("its end");
        Ended {
            pid,
            status: output.status,
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            requests: self.requests(),
        }
    }

    /// What was written down so far.
    pub(crate) fn requests(&self) -> Vec<BTreeMap<String, String>> {
        let text = std::fs::read_to_string(&self.requests).unwrap_or_default();
        let _ = std::fs::remove_file(&self.requests);
        text.lines().map(fields).collect()
    }
}

/// `name=value` pairs.
pub(crate) fn fields(line: &str) -> BTreeMap<String, String> {
    let pairs = line.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn unique() -> u32 {
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}
