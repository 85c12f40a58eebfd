//! A machine of one's own: settings, stores and a working folder below one temporary folder, and the commands run in
//! it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::built::Built;
use crate::process::{self, Ended};
use crate::wait::wait_for;

/// A crash, from fault to reaped; the reporter's own deadline is 30 s.
const CRASH_LIMIT: Duration = Duration::from_secs(90);
/// One command of ours.
const COMMAND_LIMIT: Duration = Duration::from_secs(120);
/// A report, from the crash to the store.
const REPORT_LIMIT: Duration = Duration::from_secs(60);

/// Which store a command looks into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// The user's: crashes captured in the application and by `wer run`.
    User,
    /// The machine's: crashes captured by the kernel.
    Machine,
}

/// What is in the sandbox's settings.
#[derive(Clone, Debug, Default)]
pub struct SandboxOptions {
    /// Port of a server on 127.0.0.1; all data may go there then (`DefaultConsent` 4).
    pub server_port: Option<u16>,
    /// Modules that the machine's settings allow.
    pub system_modules: Vec<PathBuf>,
    /// Modules that the user's settings allow.
    pub user_modules: Vec<PathBuf>,
    /// More lines for the top of the machine's `wer.toml`.
    pub top_lines: Vec<String>,
}

/// The temporary machine; gone when dropped.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
    built: &'static Built,
}

impl Sandbox {
    /// Makes one.
    ///
    /// # Errors
    /// The workspace does not compile, or the disk does not take the files.
    pub fn new(options: &SandboxOptions) -> Result<Self> {
        let built = Built::once()?;
        let root = tempfile::Builder::new().prefix("wer-").tempdir().context("no temporary folder")?;
        let sandbox = Self { root, built };
        for folder in ["etc/wer", "config/wer", "store", "work", "home", "run", "var/lib/wer"] {
            let path = sandbox.path(folder);
            fs::create_dir_all(&path).with_context(|| format!("{} cannot be made", path.display()))?;
        }
        sandbox.write_settings(options)?;
        Ok(sandbox)
    }

    /// Writes the settings files anew.
    ///
    /// # Errors
    /// The disk does not take them.
    pub fn write_settings(&self, options: &SandboxOptions) -> Result<()> {
        let mut machine: String = options.top_lines.iter().map(|line| format!("{line}\n")).collect();
        if let Some(port) = options.server_port {
            machine.push_str("CorporateWERServer = \"127.0.0.1\"\n");
            machine.push_str(&format!("CorporateWERPortNumber = {port}\n"));
            machine.push_str("BypassDataThrottling = 1\n\n[Consent]\nDefaultConsent = 4\n");
        }
        machine.push_str(&modules(&options.system_modules));
        fs::write(self.path("etc/wer/wer.toml"), machine)?;
        fs::write(self.path("config/wer/wer.toml"), modules(&options.user_modules))?;
        Ok(())
    }

    /// A path below the sandbox.
    #[must_use]
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    /// What was compiled.
    #[must_use]
    pub fn built(&self) -> &'static Built {
        self.built
    }

    /// The root of a store.
    #[must_use]
    pub fn store_root(&self, store: Store) -> PathBuf {
        match store {
            Store::User => self.path("store"),
            Store::Machine => self.path("var/lib/wer"),
        }
    }

    /// Puts a command into the sandbox: its folder, and where settings and store are.
    pub fn confine<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .current_dir(self.path("work"))
            .env("HOME", self.path("home"))
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("WER_SYSTEM_CONFIG_DIR", self.path("etc/wer"))
            .env("WER_STORE_DIR", self.path("store"))
            .env("WER_WERFAULT", self.built.binary("werfault"))
            .env("LD_LIBRARY_PATH", &self.built.targets.build)
            .env_remove("LD_PRELOAD")
            .env_remove("RUST_BACKTRACE")
            .env_remove("DEBUGINFOD_URLS")
    }

    /// Runs a program in the sandbox to its end.
    ///
    /// # Errors
    /// It cannot be started or does not end.
    pub fn run(&self, program: &Path, arguments: &[&str]) -> Result<Ended> {
        process::run(self.confine(Command::new(program).args(arguments)), CRASH_LIMIT)
    }

    /// Runs a program through `wer run`, or `wer run --trace`.
    ///
    /// # Errors
    /// It cannot be started or does not end.
    pub fn wer_run(&self, traced: bool, program: &Path, arguments: &[&str]) -> Result<Ended> {
        let mut command = Command::new(self.built.binary("wer"));
        command.arg("run").args(traced.then_some("--trace")).arg("--").arg(program).args(arguments);
        process::run(self.confine(&mut command), CRASH_LIMIT)
    }

    /// Runs `wer` with these arguments.
    ///
    /// # Errors
    /// It cannot be started or does not end; how it ended is the caller's to judge.
    pub fn wer(&self, store: Store, arguments: &[&str]) -> Result<Ended> {
        let mut command = Command::new(self.built.binary("wer"));
        if store == Store::Machine {
            command.arg("--base").arg(self.root.path());
        }
        process::run(self.confine(command.args(arguments)), COMMAND_LIMIT)
    }

    /// Runs `wer ... --json` and reads its answer.
    ///
    /// # Errors
    /// It failed, or what it printed is no JSON.
    pub fn wer_json(&self, store: Store, arguments: &[&str]) -> Result<Value> {
        let mut with_json = arguments.to_vec();
        with_json.push("--json");
        let ended = self.wer(store, &with_json)?;
        ensure!(ended.status.success(), "wer {} failed: {}", with_json.join(" "), ended.describe());
        serde_json::from_str(&ended.stdout)
            .with_context(|| format!("wer {} printed no JSON: {}", with_json.join(" "), ended.stdout))
    }

    /// All reports of a store, as `wer reports --json` lists them.
    ///
    /// # Errors
    /// See [`Sandbox::wer_json`].
    pub fn reports(&self, store: Store) -> Result<Vec<Value>> {
        let answer = self.wer_json(store, &["reports"])?;
        Ok(answer["reports"].as_array().cloned().unwrap_or_default())
    }

    /// The reports about one process.
    ///
    /// # Errors
    /// See [`Sandbox::wer_json`].
    pub fn reports_of(&self, store: Store, pid: u32) -> Result<Vec<Value>> {
        let all = self.reports(store)?;
        Ok(all.into_iter().filter(|report| report["pid"] == pid).collect())
    }

    /// Waits for the one report about a process, and returns `wer report show --json` of it.
    ///
    /// # Errors
    /// There is none in time, or more than one.
    pub fn the_report_of(&self, store: Store, pid: u32) -> Result<Value> {
        let reports = wait_for(&format!("a report about process {pid}"), REPORT_LIMIT, || {
            let reports = self.reports_of(store, pid)?;
            Ok((!reports.is_empty()).then_some(reports))
        });
        let reports = reports.with_context(|| self.failures(store))?;
        ensure!(reports.len() == 1, "process {pid} has {} reports: {reports:?}", reports.len());
        let id = reports[0]["id"].as_str().context("a report without an id")?;
        self.wer_json(store, &["report", "show", id])
    }

    /// What the event log says, for messages of failing tests.
    fn failures(&self, store: Store) -> String {
        match self.wer(store, &["events"]) {
            Ok(ended) => format!("wer events: {}{}", ended.stdout, ended.stderr),
            Err(error) => format!("wer events: {error:#}"),
        }
    }
}

fn modules(paths: &[PathBuf]) -> String {
    let mut text = String::from("\n[RuntimeExceptionHelperModules]\n");
    for path in paths {
        text.push_str(&format!("{:?} = 1\n", path.display().to_string()));
    }
    text
}
