//! One sandbox, the crashing program, and what is looked at afterwards.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use wer_testkit::{CorePattern, Ended, Guard, Sandbox, SandboxOptions, Store, process, wait_for};

/// From fault to reaped. Below the reporter's own deadline of 30 s: what waits for that is too slow.
pub(crate) const CRASH_LIMIT: Duration = Duration::from_secs(25);
/// For anything else that a test waits for.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
/// Where `Header::capture` lies in the registration block.
const CAPTURE_OFFSET: u32 = 72;

/// A sandbox with a program that crashes as it is told.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) sandbox: Sandbox,
    program: PathBuf,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(&SandboxOptions::default())
    }

    pub(crate) fn with(options: &SandboxOptions) -> Self {
        let sandbox = Sandbox::new(options).expect("a sandbox");
        let program = target(&sandbox);
        Self { sandbox, program }
    }

    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// The program's command in the sandbox.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        self.sandbox.confine(command.args(words));
        command
    }

    /// Crashes; the process must die of its own fault.
    pub(crate) fn crash(&self, words: &[&str]) -> Ended {
        self.crash_by(&mut self.command(words))
    }

    /// Crashes with a reporter that fails at a spot.
    pub(crate) fn crash_with_spot(&self, spot: &str, words: &[&str]) -> Ended {
        self.crash_by(self.command(words).env("WER_FAIL_SPOT", spot))
    }

    pub(crate) fn crash_by(&self, command: &mut Command) -> Ended {
        let ended = process::run(command, CRASH_LIMIT).expect("a program that ends");
        assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
        ended
    }

    /// The reports about one process.
    pub(crate) fn count(&self, store: Store, pid: u32) -> usize {
        self.reports_of(store, pid).len()
    }

    /// The one report about one process, in this store; the other store has none.
    pub(crate) fn only_report(&self, store: Store, pid: u32) -> Value {
        let other = if store == Store::User { Store::Machine } else { Store::User };
        assert_eq!(self.count(other, pid), 0, "reports in the other store: {:?}", self.events(other));
        let reports = self.reports_of(store, pid);
        assert_eq!(reports.len(), 1, "{reports:?} {:?}", self.events(store));
        let id = reports[0]["id"].as_str().expect("an id");
        self.wer_json(store, &["report", "show", id])["report"].clone()
    }

    fn reports_of(&self, store: Store, pid: u32) -> Vec<Value> {
        let answer = self.wer_json(store, &["reports"]);
        let reports = answer["reports"].as_array().cloned().unwrap_or_default();
        reports.into_iter().filter(|report| report["pid"] == pid).collect()
    }

    /// What `wer` says, run as the user whose store it is.
    fn wer_json(&self, store: Store, words: &[&str]) -> Value {
        let owner = fs::metadata(self.sandbox.store_root(store)).expect("a store").uid();
        if owner == rustix::process::getuid().as_raw() {
            return self.sandbox.wer_json(store, words).expect("JSON");
        }
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={owner}"), format!("--regid={owner}"), "--clear-groups".into()]);
        command.arg("--").arg(self.sandbox.built().binary("wer")).args(words).arg("--json");
        let ended = process::run(self.sandbox.confine(&mut command), LIMIT).expect("wer");
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.describe()))
    }

    /// No store has a report about one process.
    pub(crate) fn no_report(&self, pid: u32) {
        for store in [Store::User, Store::Machine] {
            assert_eq!(self.count(store, pid), 0, "{store:?}: {:?}", self.events(store));
        }
    }

    /// The lines of a store's event log.
    pub(crate) fn events(&self, store: Store) -> Vec<Value> {
        events_in(&self.sandbox.store_root(store))
    }

    /// The messages of crashes that made no report.
    pub(crate) fn failures(&self, store: Store) -> Vec<String> {
        failures_in(&self.sandbox.store_root(store))
    }

    /// No line of a store's log is about one process.
    pub(crate) fn no_failure(&self, store: Store, pid: u32) {
        let about = format!("process {pid}");
        let failures = self.failures(store);
        assert!(!failures.iter().any(|line| line.contains(&about)), "{failures:?}");
    }

    /// Names of unfinished reports.
    pub(crate) fn unfinished(&self, store: Store) -> Vec<String> {
        names(&self.sandbox.store_root(store).join("Temp"))
    }

    /// A script in the sandbox.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.sandbox.path(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
        path
    }

    /// The kernel's pipe leads to this sandbox while the guard lives; `None` where this user may not.
    pub(crate) fn kernel_pipe(&self) -> Option<CorePattern> {
        self.kernel_pipe_with("")
    }

    /// The same with variables (`NAME=VALUE ...`) for `werfault`.
    pub(crate) fn kernel_pipe_with(&self, variables: &str) -> Option<CorePattern> {
        if let Some(reason) = CorePattern::why_not() {
            eprintln!("left out: {reason}");
            return None;
        }
        // The kernel takes 127 bytes.
        let link = self.sandbox.path("f");
        if !link.exists() {
            std::os::unix::fs::symlink(self.sandbox.built().binary("werfault"), &link).expect("a link");
        }
        let base = self.sandbox.path("");
        let base = base.display().to_string();
        let link = link.display();
        let program = if variables.is_empty() { String::new() } else { format!("/usr/bin/env {variables} ") };
        let pattern =
            format!("|{program}{link} --kernel --base {} %P %I %s %d %F", base.trim_end_matches('/'));
        assert!(pattern.len() < 128, "{pattern}");
        Some(CorePattern::set(&pattern).expect("core_pattern"))
    }
}

impl Scene {
    /// Waits until nobody who was started with the sandbox's path is left: reporters, and what they start.
    pub(crate) fn wait_until_alone(&self) {
        let root = self.sandbox.path("").display().to_string();
        let root = root.trim_end_matches('/');
        let gone = wait_for("the last reporters", LIMIT, || Ok((!is_used(root)).then_some(())));
        if let Err(error) = gone {
            eprintln!("{root}: {error:#}");
        }
    }
}

impl Drop for Scene {
    /// A reporter that still sends, or that reports another test's crash, would make the folder anew.
    fn drop(&mut self) {
        self.wait_until_alone();
    }
}

/// Whether another process was started with this path among its arguments or variables.
fn is_used(path: &str) -> bool {
    let holds = |pid: &str, file: &str| {
        let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        bytes.windows(path.len()).any(|window| window == path.as_bytes())
    };
    let own = std::process::id().to_string();
    let pids = names(Path::new("/proc")).into_iter().filter(|name| name.parse::<u32>().is_ok());
    pids.filter(|pid| *pid != own).any(|pid| holds(&pid, "cmdline") || holds(&pid, "environ"))
}

/// A crash during which the reporter stands still.
pub(crate) struct Standstill {
    pub(crate) target: Guard,
    flag: PathBuf,
}

impl Standstill {
    /// Starts the program and waits until its reporter stands at the spot.
    pub(crate) fn at(scene: &Scene, spot: &str, words: &[&str]) -> Self {
        let flag = scene.sandbox.path("standstill");
        let mut command = scene.command(words);
        command.env("WER_FAIL_SPOT", format!("{spot}:{}", flag.display()));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let target = Guard::new(command.spawn().expect("the program"));
        wait_for("the reporter to stand still", LIMIT, || Ok(flag.exists().then_some(()))).expect("a spot");
        Self { target, flag }
    }

    /// Lets the reporter go on.
    pub(crate) fn go_on(&self) {
        fs::remove_file(&self.flag).expect("the reporter's flag");
    }

    /// How the target ended.
    pub(crate) fn end(&mut self) -> std::process::ExitStatus {
        let child = self.target.child();
        wait_for("the target's end", CRASH_LIMIT, || Ok(child.try_wait()?)).expect("its end")
    }
}

impl Drop for Standstill {
    fn drop(&mut self) {
        if self.flag.exists() {
            self.go_on();
        }
    }
}

/// The log without event 1000, which says of each crash what event 1001 says of its report.
pub(crate) fn events_in(store: &Path) -> Vec<Value> {
    let text = fs::read_to_string(store.join("events.jsonl")).unwrap_or_default();
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    events.filter(|event| event["kind"] != "crash").collect()
}

pub(crate) fn failures_in(store: &Path) -> Vec<String> {
    let events = events_in(store).into_iter();
    let failures = events.filter(|event| event["kind"] == "failure");
    failures.map(|event| event["message"].as_str().unwrap_or_default().to_owned()).collect()
}

pub(crate) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The sentences about what is missing in a report.
pub(crate) fn missing(report: &Value) -> Vec<String> {
    let errors = report["soft_errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error["message"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Names of a report's files.
pub(crate) fn files(report: &Value) -> Vec<String> {
    let files = report["files"].as_array().cloned().unwrap_or_default();
    files.iter().map(|file| file["name"].as_str().unwrap_or_default().to_owned()).collect()
}

pub(crate) fn assert_says(sentences: &[String], part: &str) {
    assert!(sentences.iter().any(|sentence| sentence.contains(part)), "nothing says {part:?}: {sentences:?}");
}

pub(crate) fn am_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Compiles the program once per process.
fn target(sandbox: &Sandbox) -> PathBuf {
    static TARGET: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = TARGET.get_or_init(|| {
        let capture = format!("-DCAPTURE_OFFSET={CAPTURE_OFFSET}");
        compile(sandbox, "target.c", "robust-target", &["-fshort-wchar", &capture, "-lwer"])
            .map_err(|error| format!("{error:#}"))
    });
    made.clone().expect("a compiled program")
}

/// Compiles one of `programs/` into `target/robustness`; the file appears whole.
pub(crate) fn compile(sandbox: &Sandbox, source: &str, name: &str, arguments: &[&str]) -> Result<PathBuf> {
    let targets = &sandbox.built().targets;
    let folder = targets.build.join("../robustness");
    fs::create_dir_all(&folder)?;
    let output = folder.canonicalize()?.join(name);
    // Other tests, of this process and of others, may compile the same at this moment.
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let unfinished = output.with_extension(format!("{}-{number}.new", std::process::id()));
    let sources = targets.workspace.join("crates/tools/testkit/tests/robustness/programs");
    let mut command = Command::new("cc");
    command.args(["-g", "-O1", "-Wall", "-Wextra", "-Werror", "-I"]).arg(targets.workspace.join("include"));
    command.arg("-o").arg(&unfinished).arg(sources.join(source)).arg("-L").arg(&targets.build);
    command.args(arguments).arg(format!("-Wl,-rpath,{}", targets.build.display()));
    let built = command.output().context("cc cannot be started; `cargo xtask setup` installs it")?;
    ensure!(built.status.success(), "{source}: {}", String::from_utf8_lossy(&built.stderr));
    fs::rename(&unfinished, &output)?;
    Ok(output)
}
