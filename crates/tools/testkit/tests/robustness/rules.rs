//! What a program registered or set decides what its report holds, and what stays beside it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use wer_testkit::{Guard, SandboxOptions, Store};

use crate::ordinary_user::{as_nobody, can_be_nobody, crash_as_nobody, open_to_nobody};
use crate::scene::{Scene, am_root, assert_says, files, missing, names};

fn scene(lines: &[&str]) -> Scene {
    let top_lines = lines.iter().map(|line| (*line).to_owned()).collect();
    Scene::with(&SandboxOptions { top_lines, ..SandboxOptions::default() })
}

fn report_of(scene: &Scene, words: &[&str]) -> Value {
    let ended = scene.crash(words);
    scene.only_report(Store::User, ended.pid)
}

fn folder_of(scene: &Scene, report: &Value) -> PathBuf {
    let id = report["id"].as_str().expect("an id");
    let shown = scene.sandbox.wer_json(Store::User, &["report", "show", id]).expect("a report");
    PathBuf::from(shown["folder"].as_str().expect("a folder"))
}

fn holds(path: &Path, text: &str) -> bool {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn excluded_memory_is_in_no_dump() {
    let scene = scene(&["[LocalDumps]", "DumpType = 2"]);
    let ended = scene.crash(&["secrets", "attach"]);
    let report = scene.only_report(Store::User, ended.pid);
    let folder = folder_of(&scene, &report);
    let local = scene.sandbox.path(&format!("store/CrashDumps/robust-target.{}.dmp", ended.pid));
    let all = ["HEAP", "DATA", "BLOCK", "STACK"];
    for (dump, kept) in [
        (folder.join("minidump.mdmp"), &["DATA", "STACK"][..]),
        (folder.join("registered.dmp"), &["BLOCK"]),
        (folder.join("memory.hdmp"), &all),
        (local, &all),
    ] {
        for place in all {
            assert!(!holds(&dump, &format!("SECRET\u{7f}{place}")), "{place} in {}", dump.display());
            let is_kept = kept.contains(&place);
            assert_eq!(holds(&dump, &format!("KEPT\u{7f}{place}")), is_kept, "{place} in {}", dump.display());
        }
    }
}

#[test]
fn a_file_that_is_given_away_goes_when_its_report_is_stored() {
    let scene = scene(&["MaxRegisteredFileBytes = 100"]);
    let path = |name: &str| scene.sandbox.path(&format!("work/{name}"));
    for (name, bytes) in [("given", 10), ("kept", 10), ("large", 1000)] {
        fs::write(path(name), vec![b'x'; bytes]).expect("a file");
    }
    let text = |name: &str| path(name).display().to_string();
    let (given, kept, large) = (text("given"), text("kept"), text("large"));
    let words =
        ["flagged-file", "1", &given, "flagged-file", "2", &kept, "flagged-file", "3", &large, "attach"];
    let report = report_of(&scene, &words);
    for name in ["file000_given", "file001_kept", "file002_large"] {
        assert!(files(&report).contains(&name.to_owned()), "{report}");
    }
    assert_eq!((path("given").exists(), path("kept").exists(), path("large").exists()), (false, true, true));
    assert_says(&missing(&report), "was cut at 100 of 1000 bytes; it is not deleted");
}

/// Root's reporter could delete it; the user could not.
#[test]
fn a_file_is_given_away_only_by_who_may_delete_it() {
    if !can_be_nobody() {
        return;
    }
    let scene = Scene::new();
    open_to_nobody(&scene, &["work"]);
    let folder = scene.sandbox.path("roots");
    fs::create_dir(&folder).expect("a folder");
    let (theirs, own) = (folder.join("log"), scene.sandbox.path("work/log"));
    fs::write(&theirs, "x").expect("a file");
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let words =
        ["flagged-file", "1", &theirs.display().to_string(), "flagged-file", "1", &own.display().to_string()];
    fs::write(&own, "x").expect("a file");
    let ended = crash_as_nobody(&scene, &mut as_nobody(&scene, scene.program(), &words));
    scene.only_report(Store::Machine, ended.pid);
    assert!(theirs.exists() && !own.exists());
    assert_says(&scene.failures(Store::Machine), "roots/log is stored but could not be deleted");
}

/// A program that lives until the end of the test.
fn living() -> Guard {
    let mut command = Command::new("sleep");
    command.arg("1000").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Guard::new(command.spawn().expect("a program"))
}

/// Yama lets an ordinary user trace descendants only.
fn can_trace() -> bool {
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default();
    let can = am_root() || matches!(scope.trim(), "" | "0");
    if !can {
        eprintln!("left out: kernel.yama.ptrace_scope lets this user trace nobody else");
    }
    can
}

#[test]
fn registered_processes_are_dumped_and_go_on() {
    if !can_trace() {
        return;
    }
    let scene = Scene::new();
    let mut others = [living(), living()];
    let pids = others.each_mut().map(|other| other.child().id());
    let [first, second] = pids.map(|pid| pid.to_string());
    // With a thread of its own, without, and a process that is not there.
    let words = ["process", &first, &first, "process", &second, "1", "process", "4000000", "0", "attach"];
    let report = report_of(&scene, &words);
    let folder = folder_of(&scene, &report);
    for (number, pid) in pids.iter().enumerate() {
        let name = format!("process{number:03}_{pid}.dmp");
        assert!(files(&report).contains(&name), "{report}");
        let bytes = fs::read(folder.join(name)).expect("a dump");
        assert_eq!(bytes[24..32], 0x10_10A8_u64.to_le_bytes());
    }
    assert_says(&missing(&report), "no dump of the registered process 4000000");
    assert_says(&missing(&report), &format!("Process {second}: It has no thread 1"));
    for other in &mut others {
        assert!(other.child().try_wait().expect("its state").is_none(), "it has ended");
        let stat = fs::read_to_string(format!("/proc/{}/stat", other.child().id())).expect("it lives");
        assert!(stat.contains(") S "), "it does not go on: {stat}");
    }
}

#[test]
fn a_process_that_the_user_may_not_trace_is_left_alone() {
    if !can_be_nobody() {
        return;
    }
    let scene = Scene::new();
    open_to_nobody(&scene, &["work"]);
    let mut roots = living();
    let pid = roots.child().id().to_string();
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let mut command = as_nobody(&scene, scene.program(), &["process", &pid, "0", "process", "1", "0"]);
    let ended = crash_as_nobody(&scene, &mut command);
    let report = scene.only_report(Store::Machine, ended.pid);
    assert!(!files(&report).iter().any(|name| name.starts_with("process")), "{report}");
    for pid in [pid.as_str(), "1"] {
        let says = format!("registered process {pid}: user 65534 may not trace it");
        assert_says(&missing(&report), &says);
    }
}

const HEAP: [&str; 2] = ["[LocalDumps]", "DumpType = 2"];

#[test]
fn a_program_can_have_no_heap_dump_at_all_or_none_that_waits() {
    for (flags, has_heap) in [("0", true), ("1", false), ("0x40", false)] {
        let scene = scene(&HEAP);
        let ended = scene.crash(&["flags", flags, "attach"]);
        // The first attempt to send it has come to nothing: no server is named.
        scene.wait_until_alone();
        let report = scene.only_report(Store::User, ended.pid);
        assert_eq!(files(&report).contains(&"memory.hdmp".into()), has_heap, "{flags}: {report}");
        assert_eq!(folder_of(&scene, &report).join("memory.hdmp").exists(), has_heap, "{flags}");
    }
}

#[test]
fn the_queue_keeps_as_many_as_it_may() {
    let scene = scene(&["MaxQueueCount = 2"]);
    let pids = [(); 3].map(|()| scene.crash(&["attach"]).pid);
    assert_eq!(pids.map(|pid| scene.count(Store::User, pid)), [0, 1, 1]);
}

/// No flag costs the report, whatever it stands for elsewhere.
#[test]
fn every_flag_leaves_a_report() {
    let scene = Scene::new();
    for bit in 0..11 {
        let report = report_of(&scene, &["flags", &(1 << bit).to_string(), "attach"]);
        assert!(files(&report).contains(&"minidump.mdmp".into()), "{report}");
        assert_eq!(missing(&report), [""; 0]);
    }
}

/// `WER_FAULT_REPORTING_FLAG_QUEUE`, and `ForceQueue` for everybody.
#[test]
fn a_report_that_is_to_be_queued_is_not_sent_at_the_crash() {
    for (line, flags) in [("", "2"), ("ForceQueue = 1", "0")] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("an option");
        let port = listener.local_addr().expect("its address").port();
        let top_lines = vec![line.to_owned()];
        let options = SandboxOptions { server_port: Some(port), top_lines, ..SandboxOptions::default() };
        let scene = Scene::with(&options);
        let ended = scene.crash(&["flags", flags, "attach"]);
        scene.wait_until_alone();
        assert!(listener.accept().is_err(), "somebody connected");
        let report = scene.only_report(Store::User, ended.pid);
        assert!(report["waiting_reason"].as_str().expect("text").contains("into the queue"), "{report}");
        let in_queue = names(&scene.sandbox.path("store/ReportQueue"));
        assert_eq!(in_queue.len(), 1);
    }
}
