//! The disk is full: a report that says what is missing, or a line that says why there is none. Never half a report.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use wer_testkit::{Ended, Guard, Store, process};

use crate::scene::{CRASH_LIMIT, Scene, am_root, assert_says, events_in, failures_in, files, missing, names};

/// A small file system of its own as the user's store, in a mount namespace of its own.
struct SmallStore {
    holder: Guard,
    path: PathBuf,
}

impl SmallStore {
    /// `None` where mounting is not permitted.
    fn mount(scene: &Scene, size_bytes: u64) -> Option<Self> {
        Self::mount_for(scene, Store::User, size_bytes)
    }

    fn mount_for(scene: &Scene, store: Store, size_bytes: u64) -> Option<Self> {
        if !am_root() {
            eprintln!("left out: only root may mount a file system");
            return None;
        }
        let path = scene.sandbox.store_root(store);
        let script = "mount -t tmpfs -o size=$1,mode=0700 tmpfs \"$2\" && echo mounted && exec cat";
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"]);
        command.arg(size_bytes.to_string()).arg(&path);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = Guard::new(command.spawn().expect("unshare"));
        let mut line = String::new();
        let stdout = holder.child().stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        if line.trim() != "mounted" {
            eprintln!("left out: this machine does not let root mount a file system");
            return None;
        }
        Some(Self { holder, path })
    }

    /// The store as it is seen from outside.
    fn seen(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root{}", self.holder.pid(), self.path.display()))
    }

    /// A command that sees this store.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.holder.pid().to_string(), "-m", "--"]).arg(program);
        command
    }

    /// Crashes the program with this store.
    fn crash(&self, scene: &Scene, words: &[&str]) -> Ended {
        let mut command = self.command(scene.program());
        command.args(words);
        let ended = process::run(scene.sandbox.confine(&mut command), CRASH_LIMIT).expect("its end");
        assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
        ended
    }

    fn report_folders(&self) -> Vec<PathBuf> {
        let queue = self.seen().join("ReportQueue");
        names(&queue).into_iter().map(|name| queue.join(name)).collect()
    }

    /// What the one report says.
    fn report(&self, scene: &Scene) -> Value {
        let folders = self.report_folders();
        assert_eq!(folders.len(), 1, "{folders:?} {:?}", failures_in(&self.seen()));
        let name = folders[0].file_name().expect("a name").to_string_lossy().into_owned();
        let mut command = Command::new(scene.sandbox.built().binary("wer"));
        command.args(["report", "show", &name, "--json"]);
        scene.sandbox.confine(&mut command).env("WER_STORE_DIR", self.seen());
        let ended = process::run(&mut command, CRASH_LIMIT).expect("wer");
        let shown: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        shown["report"].clone()
    }
}

/// Bytes of a file system's pages.
fn pages(path: &Path) -> u64 {
    std::fs::metadata(path).expect("a file").len().next_multiple_of(4096)
}

/// What an undisturbed report of these words needs: its dump, and all the rest.
fn sizes(scene: &Scene, words: &[&str]) -> (u64, u64) {
    let ended = scene.crash(words);
    let report = scene.sandbox.the_report_of(Store::User, ended.pid).expect("a report");
    let folder = PathBuf::from(report["folder"].as_str().expect("a folder"));
    let dump = pages(&folder.join("minidump.mdmp"));
    let all: u64 = names(&folder).iter().map(|name| pages(&folder.join(name))).sum();
    (dump, all - dump + pages(&scene.sandbox.path("store/events.jsonl")))
}

#[test]
fn a_dump_that_does_not_fit_is_missing_and_the_report_says_so() {
    let scene = Scene::new();
    let (dump, rest) = sizes(&scene, &["attach"]);
    assert!(dump > 2 * 4096, "a dump of {dump} bytes cannot be cut");
    let Some(store) = SmallStore::mount(&scene, rest.max(4096) + 4096) else { return };
    if rest + 4096 >= dump {
        // The rest needs more room than the dump: fill up what the dump must not have.
        std::fs::write(store.seen().join("filler"), vec![0; 4096]).expect("a filler");
    }
    store.crash(&scene, &["attach"]);
    let report = store.report(&scene);
    assert_eq!(report["signature"]["event_type"], "APPCRASH");
    assert!(!files(&report).contains(&"minidump.mdmp".into()), "{report}");
    assert_says(&missing(&report), "minidump.mdmp");
    let folder = &store.report_folders()[0];
    assert!(!names(folder).contains(&"minidump.mdmp".into()), "half a dump is there");
    assert_eq!(names(&store.seen().join("Temp")), Vec::<String>::new());
    let events = events_in(&store.seen());
    assert_eq!(events.len(), 1, "{events:?}");
}

#[test]
fn a_registered_file_that_does_not_fit_leaves_room_for_the_dump() {
    let scene = Scene::new();
    let large = scene.sandbox.path("large");
    let (dump, rest) = sizes(&scene, &["attach"]);
    std::fs::write(&large, vec![7; usize::try_from(dump + rest).expect("small") + (64 << 10)])
        .expect("a file");
    let Some(store) = SmallStore::mount(&scene, dump + rest + (32 << 10)) else { return };
    store.crash(&scene, &["file", &large.display().to_string(), "attach"]);
    let report = store.report(&scene);
    assert!(files(&report).contains(&"minidump.mdmp".into()), "{report}");
    assert!(!files(&report).iter().any(|name| name.contains("large")), "{report}");
    assert_says(&missing(&report), "large was not copied");
    assert!(!names(&store.report_folders()[0]).iter().any(|name| name.contains("large")));
}

#[test]
fn a_report_without_files_is_better_than_none() {
    /// More registered pages than there is room for beside the dump: they fill the disk to its last page.
    const PAGES: usize = 24;
    const ROOM_BYTES: u64 = 32 << 10;
    let scene = Scene::new();
    let (dump, _) = sizes(&scene, &["attach"]);
    let paths: Vec<String> = (0..PAGES)
        .map(|number| {
            let path = scene.sandbox.path(&format!("page{number}"));
            std::fs::write(&path, [7; 4096]).expect("a file");
            path.display().to_string()
        })
        .collect();
    let mut words: Vec<&str> = paths.iter().flat_map(|path| ["file", path.as_str()]).collect();
    words.push("attach");
    let Some(store) = SmallStore::mount(&scene, dump + ROOM_BYTES) else { return };
    store.crash(&scene, &words);
    let report = store.report(&scene);
    assert_eq!(files(&report), Vec::<String>::new());
    let missing = missing(&report);
    assert_says(&missing, "minidump.mdmp was left out");
    assert_says(&missing, "file000_page0 was left out");
    assert_says(&missing, "page23 was not copied");
    assert_eq!(names(&store.report_folders()[0]), ["Report.wer"]);
    assert_eq!(names(&store.seen().join("Temp")), Vec::<String>::new());
}

#[test]
fn no_room_at_all_leaves_a_line_in_the_log_or_on_standard_error() {
    let scene = Scene::new();
    let Some(store) = SmallStore::mount(&scene, 4096) else { return };
    store.crash(&scene, &["attach"]);
    assert_eq!(store.report_folders(), Vec::<PathBuf>::new());
    assert_says(&failures_in(&store.seen()), "could not be stored");
    assert_says(&failures_in(&store.seen()), "No space left on device");
    assert_eq!(names(&store.seen().join("Temp")), Vec::<String>::new());

    let Some(store) = SmallStore::mount(&scene, 4096) else { return };
    std::fs::write(store.seen().join("filler"), vec![0; 4096]).expect("a filler");
    let ended = store.crash(&scene, &["attach"]);
    assert_eq!(store.report_folders(), Vec::<PathBuf>::new());
    assert!(ended.stderr.contains("could not be stored"), "{}", ended.describe());
    assert!(ended.stderr.contains("event log could not be written either"), "{}", ended.describe());
}

/// Nobody sees the standard error of a reporter that the kernel has started.
#[test]
fn the_machines_reporter_turns_to_the_kernels_log() {
    let scene = Scene::new();
    let Some(store) = SmallStore::mount_for(&scene, Store::Machine, 4096) else { return };
    std::fs::write(store.seen().join("filler"), vec![0; 4096]).expect("a filler");
    let living = Guard::new(Command::new("cat").stdin(Stdio::piped()).spawn().expect("cat"));
    let pid = living.pid().to_string();
    let mut command = store.command(&scene.sandbox.built().binary("werfault"));
    command.args(["--kernel", "--base"]).arg(scene.sandbox.path("")).args([&pid, &pid, "11", "1"]);
    let ended = process::run(&mut command, CRASH_LIMIT).expect("werfault");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.describe());
    assert!(ended.stderr.contains("event log could not be written either"), "{}", ended.describe());
    let log = Command::new("dmesg").output().expect("dmesg");
    if !log.status.success() || !Path::new("/dev/kmsg").exists() {
        eprintln!("the kernel's log is not looked at: it cannot be read here");
        return;
    }
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    let line = log.lines().rev().find(|line| line.contains("werfault:") && line.contains(&pid));
    assert!(line.is_some_and(|line| line.contains("could not be stored")), "{line:?}");
}

#[test]
fn the_kernel_reports_what_the_user_has_no_room_for() {
    let scene = Scene::new();
    let Some(store) = SmallStore::mount(&scene, 4096) else { return };
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let ended = store.crash(&scene, &["attach"]);
    assert_eq!(store.report_folders(), Vec::<PathBuf>::new());
    assert_eq!(scene.only_report(Store::Machine, ended.pid)["capture_source"], "kernel_pipe");
}
