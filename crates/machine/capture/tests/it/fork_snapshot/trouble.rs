//! Processes that cannot bear a copy, or end before their snapshot does.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wer_snapshot::MemoryReader;
use wer_sys::procfs::parse_stat;

use super::*;
use crate::program::spawn;

const NOBODY: u32 = 65_534;

/// A capture by a plain stop, and why.
fn plain(program: &Program) -> (Capture, String) {
    let capture = fork_snapshot(program.pid(), &Facts::default()).expect("a capture");
    assert_eq!(capture.snapshot.source, CaptureSource::Live);
    let last = capture.snapshot.soft_errors.last().expect("a soft error").message.clone();
    assert!(last.starts_with("No copy of process"), "{last}");
    (capture, last)
}

#[test]
fn a_thread_that_waits_for_its_vforked_child_does_not_hinder_the_others() {
    let mut program = start(&["vfork"]);
    wait_until("the child", || children(program.pid()).len() == 1);
    let capture = fork_snapshot(program.pid(), &Facts::default()).expect("a capture");
    assert_eq!(capture.snapshot.source, CaptureSource::ForkSnapshot);
    let [error] = &capture.snapshot.soft_errors[..] else { panic!("{:?}", capture.snapshot.soft_errors) };
    assert!(error.message.contains("did not stop"), "{}", error.message);
    // The child is let go while the copy lasts: the thread must not stand.
    program.ping();
    drop(capture);
    is_untouched(&program);
}

#[test]
fn a_process_of_which_no_thread_stops_is_captured_plainly() {
    let mut program = start(&["vfork", "1"]);
    wait_until("the child", || children(program.pid()).len() == 1);
    let outcome = fork_snapshot(program.pid(), &Facts::default());
    if let Ok(capture) = &outcome {
        assert_eq!(capture.snapshot.source, CaptureSource::Live);
    }
    drop(outcome);
    program.stdin_line("x");
    program.expect("pong\n");
}

/// As a user's own tool would be: without the right to suspend filters. Holds for this thread and those it starts.
fn give_up_administration() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    let mut sets = capabilities(None).expect("our own");
    sets.effective.remove(CapabilitySet::SYS_ADMIN);
    set_capabilities(None, sets).expect("fewer rights");
}

#[test]
fn a_filtered_process_is_captured_plainly_where_filters_may_not_sleep() {
    let mut program = start(&["seccomp"]);
    waits(&program);
    give_up_administration();
    let (capture, reason) = plain(&program);
    assert!(reason.contains("seccomp"), "{reason}");
    assert!(capture.snapshot.threads[0].registers.is_some());
    drop(capture);
    is_untouched(&program);
    program.ping();
}

#[test]
fn a_user_who_may_have_no_more_processes_is_not_given_one() {
    if !rustix::process::geteuid().is_root() {
        println!("only root can start programs as another user: that limit is not tried");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("our own folder");
    let copy = folder.path().join("limited");
    std::fs::copy(snapshot_target(), &copy).expect("a copy");
    let mut program = Program::start_as(&copy, &["nproc"], NOBODY);
    program.expect("ready\n");
    waits(&program);
    let (capture, reason) = plain(&program);
    assert!(reason.contains("RLIMIT_NPROC"), "{reason}");
    drop(capture);
    is_untouched(&program);
    program.ping();
}

/// Not a test of its own: the tool that [`a_tool_that_is_killed_at_any_moment_does_no_harm`] starts and kills.
#[test]
#[ignore = "run by another test"]
fn tool() {
    let Some(pid) = std::env::var("WER_SNAPSHOT_OF").ok().and_then(|pid| pid.parse().ok()) else { return };
    std::io::stderr().write_all(b"!").expect("a pipe");
    let capture = fork_snapshot(pid, &Facts::default()).expect("a capture");
    assert_eq!(capture.snapshot.source, CaptureSource::ForkSnapshot);
    std::io::stderr().write_all(b".").expect("a pipe");
    // Killed here, at the latest.
    let _ = std::io::stdin().read(&mut [0]);
}

fn start_tool(pid: u32) -> std::process::Child {
    // By this name, because another build may replace the file.
    let mut tool = Command::new("/proc/self/exe");
    tool.args(["--exact", "fork_snapshot::trouble::tool", "--ignored", "--nocapture"])
        .env("WER_SNAPSHOT_OF", pid.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut tool = spawn(&mut tool).expect("this test");
    let mut byte = [0];
    tool.stderr.as_mut().expect("a pipe").read_exact(&mut byte).expect("it begins");
    assert_eq!(byte, *b"!");
    tool
}

#[test]
fn a_tool_that_is_killed_at_any_moment_does_no_harm() {
    let mut program = Program::start(snapshot_target(), &["busy", "256", "0", "alone"]);
    let address = program.read_number();
    wait_until("its main thread's end", || program.state() == 'Z');
    let mut cut_short = 0;
    for delay_us in (0..16_000).step_by(250) {
        let mut tool = start_tool(program.pid());
        let begin = std::time::Instant::now();
        while begin.elapsed().as_micros() < delay_us {
            std::thread::yield_now();
        }
        tool.kill().expect("our own child");
        tool.wait().expect("its end");
        let mut rest = Vec::new();
        tool.stderr.take().expect("a pipe").read_to_end(&mut rest).expect("a pipe");
        assert!(rest.is_empty() || rest == b".", "{}", String::from_utf8_lossy(&rest));
        cut_short += usize::from(rest.is_empty());
        check_that_it_runs(&program, address);
    }
    assert!(cut_short > 5, "{cut_short} tools were killed before they had their snapshot");
}

/// It has its registers (it checks them itself, and aborts), its signal mask, and no copy that lives.
fn check_that_it_runs(program: &Program, address: u64) {
    let process = Process::open(program.pid()).expect("it lives");
    let memory = process.memory(false).expect("it lives");
    let rounds = || memory.read_u64(address).expect("it lives");
    let before = rounds();
    wait_until("it runs", || rounds() > before + 1);
    for tid in process.thread_ids().expect("it lives") {
        let status = process.thread_status(tid).expect("it lives");
        assert_eq!((status.tracer_pid, status.blocked), (0, 0));
    }
    for copy in children(program.pid()) {
        let stat = || Process::open(copy).and_then(|copy| copy.read("stat")).unwrap_or_default();
        wait_until("the copy's end", || parse_stat(&stat()).is_none_or(|stat| stat.state == 'Z'));
        let text = String::from_utf8_lossy(&stat()).into_owned();
        let status = text.split_whitespace().next_back().unwrap_or("0").to_owned();
        assert!(["0", "9"].contains(&&*status), "the copy ended with status {status}");
    }
}

#[test]
fn a_filtered_process_is_copied_where_filters_may_sleep() {
    let mut program = start(&["seccomp"]);
    waits(&program);
    let capture = fork_snapshot(program.pid(), &Facts::default()).expect("a capture");
    if capture.snapshot.source == CaptureSource::Live {
        assert!(capture.snapshot.soft_errors.last().is_some_and(|error| error.message.contains("seccomp")));
    }
    drop(capture);
    is_untouched(&program);
    program.ping();
}

#[test]
fn a_process_whose_page_faults_a_program_answers_is_captured_plainly() {
    let mut program = Program::start(snapshot_target(), &["uffd"]);
    if program.read(6) == b"none!\n" {
        println!("userfaultfd is not permitted here: that refusal is not tried");
        return;
    }
    let (capture, reason) = plain(&program);
    assert!(reason.contains("userfaultfd"), "{reason}");
    drop(capture);
    program.ping();
}

/// A control group that is removed when dropped; its processes go back to the root.
struct Group {
    path: PathBuf,
}

impl Group {
    /// `None` where none may be made.
    fn new(place: &str, program: &Program) -> Option<Self> {
        let place = Path::new("/sys/fs/cgroup").join(place);
        let path = place.join(format!("wer-snapshot-{}", program.pid()));
        if !place.join("cgroup.procs").exists() || std::fs::create_dir(&path).is_err() {
            println!("no control groups may be made in {}: that refusal is not tried", place.display());
            return None;
        }
        let group = Self { path };
        group.set("cgroup.procs", &program.pid().to_string());
        Some(group)
    }

    fn set(&self, name: &str, value: &str) {
        std::fs::write(self.path.join(name), value).expect("our own group");
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let parent = self.path.parent().expect("a parent");
        for pid in std::fs::read_to_string(self.path.join("cgroup.procs")).unwrap_or_default().lines() {
            let _ = std::fs::write(parent.join("cgroup.procs"), pid);
        }
        let _ = std::fs::remove_dir(&self.path);
    }
}

#[test]
fn a_full_control_group_gets_no_copy() {
    let mut program = start(&["memory"]);
    let Some(group) = Group::new("pids", &program) else { return };
    group.set("pids.max", "5");
    let (capture, reason) = plain(&program);
    assert!(reason.contains("pids.max"), "{reason}");
    drop(capture);
    group.set("pids.max", "50");
    drop(snapshot(&program));
    is_untouched(&program);
    program.ping();
}

#[test]
fn a_control_group_without_memory_gets_no_copy() {
    let mut program = start(&["memory"]);
    let Some(group) = Group::new("memory", &program) else { return };
    group.set("memory.limit_in_bytes", "16M");
    let (capture, reason) = plain(&program);
    assert!(reason.contains("memory.max"), "{reason}");
    drop(capture);
    program.ping();
}

#[test]
fn a_frozen_process_is_captured_plainly() {
    let mut program = start(&["memory"]);
    waits(&program);
    let place = if Path::new("/sys/fs/cgroup/cgroup.controllers").exists() { "." } else { "unified" };
    let Some(group) = Group::new(place, &program) else { return };
    group.set("cgroup.freeze", "1");
    let (capture, reason) = plain(&program);
    assert!(reason.contains("frozen"), "{reason}");
    drop(capture);
    group.set("cgroup.freeze", "0");
    program.ping();
    is_untouched(&program);
}

#[test]
fn a_process_that_executes_another_program_still_reaps_its_copy() {
    let mut program = start(&["exec"]);
    waits(&program);
    let capture = snapshot(&program);
    let stack = capture.snapshot.threads[0].registers.expect("registers").rsp;
    program.stdin_line("now");
    program.expect("ready\n");
    assert!(capture.memory().read_u64(stack).is_some(), "the copy is as it was");
    drop(capture);
    is_untouched(&program);
    program.ping();
}

#[test]
fn no_signal_is_lost_while_snapshots_are_made() {
    let mut program = Program::start(target(), &["count"]);
    program.expect("ready\n");
    let pid = program.pid().to_string();
    let sender = std::thread::spawn(move || {
        for _ in 0..200 {
            // Queued signals are never merged, so each one counts.
            let status = Command::new("kill").args(["-34", &pid]).status().expect("kill");
            assert!(status.success());
        }
    });
    while !sender.is_finished() {
        drop(snapshot(&program));
    }
    sender.join().expect("the sender");
    wait_until("all signals", || {
        program.stdin_line("?");
        program.read(5) == b"0200\n"
    });
}

#[test]
fn a_process_that_is_stopped_and_continued_all_the_time_is_captured() {
    let mut program = start(&["wild", "2"]);
    let pid = Pid::from_raw(program.pid().cast_signed()).expect("a pid");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                kill_process(pid, Signal::STOP).expect("our own child");
                kill_process(pid, Signal::CONT).expect("our own child");
            }
        });
        for _ in 0..50 {
            let capture = fork_snapshot(program.pid(), &Facts::default()).expect("a capture");
            assert!(capture.snapshot.threads.len() == 3);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    is_untouched(&program);
    program.ping();
}

#[test]
fn a_traced_process_is_captured_plainly() {
    let mut program = start(&["call", "read"]);
    wer_sys::ptrace::seize(program.pid(), 0).expect("our own child");
    let (capture, reason) = plain(&program);
    assert!(reason.contains("traced"), "{reason}");
    drop(capture);
    program.stdin_line("x");
    program.expect("right\n");
}

#[test]
fn a_process_that_is_killed_leaves_its_copy_until_the_release() {
    let mut program = start(&["memory"]);
    waits(&program);
    let mut capture = snapshot(&program);
    let copy = children(program.pid());
    let stack = capture.snapshot.threads[0].registers.expect("registers").rsp;
    signal(&program, Signal::KILL);
    assert_eq!(program.end_signal(), Some(9));
    assert!(capture.memory().read_u64(stack).is_some(), "the copy outlives it");
    capture.release();
    wait_until("the copy's end", || Process::open(copy[0]).is_err());
}

#[test]
fn a_process_that_is_killed_at_any_moment_leaves_no_copy() {
    for delay_us in (0..4000).step_by(100) {
        let mut program = start(&["busy", "64", "0"]);
        let pid = program.pid();
        let killer = std::thread::spawn(move || {
            let begin = std::time::Instant::now();
            while begin.elapsed().as_micros() < delay_us {
                std::thread::yield_now();
            }
            kill_process(Pid::from_raw(pid.cast_signed()).expect("a pid"), Signal::KILL)
                .expect("our own child");
        });
        let outcome = fork_snapshot(pid, &Facts::default());
        killer.join().expect("the killer");
        let copies = children(pid);
        // We are parent and tracer in one: either may have taken its end.
        let _ = program.child.wait();
        drop(outcome);
        for copy in copies {
            wait_until("the copy's end", || Process::open(copy).is_err());
        }
    }
}
