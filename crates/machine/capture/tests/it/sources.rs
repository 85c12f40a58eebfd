//! Processes of every make and in every place, and those that cannot be captured.

use std::path::Path;
use std::process::{Command, Stdio};

use wer_capture::{CaptureError, live, registrations};
use wer_snapshot::{ModuleKind, ProcessSnapshot};
use wer_sys::{Credentials, Process, as_user, ptrace};

use crate::facts::ready;
use crate::program::{LIMIT, Program, facts_target, musl, spawn, static_facts_target, wait_until};

/// A user without rights.
const NOBODY: u32 = 65534;

fn check_module(snapshot: &ProcessSnapshot) {
    let module = &snapshot.modules[0];
    assert_eq!(module.kind, ModuleKind::Executable);
    for thread in &snapshot.threads {
        let registers = thread.registers.expect("registers");
        assert!(snapshot.module_at(registers.rip).is_some(), "{:#x}", registers.rip);
        assert!(thread.fpu.is_some());
    }
}

#[test]
fn programs_of_every_make_are_captured() {
    let musl = [&[][..], &["-static"]].into_iter().filter_map(|options| musl("facts.c", options));
    let programs = [facts_target().to_owned(), static_facts_target().to_owned()].into_iter().chain(musl);
    for path in programs {
        let (mut program, _) = ready(&path, &["threads", "3"], 1);
        let capture = live(program.pid()).expect("a capture");
        let snapshot = &capture.snapshot;
        assert_eq!((snapshot.threads.len(), &snapshot.soft_errors[..]), (4, &[][..]), "{}", path.display());
        assert_eq!(snapshot.modules[0].path, path.to_string_lossy());
        check_module(snapshot);
        drop(capture);
        program.ping();
    }
}

#[test]
fn a_program_in_memory_only_is_captured() {
    let (program, _) = ready(facts_target(), &["from-memory"], 0);
    let capture = live(program.pid()).expect("a capture");
    let module = &capture.snapshot.modules[0];
    assert_eq!((&*module.path, module.deleted), ("/memfd:program", true));
    check_module(&capture.snapshot);
    let (other, _) = ready(facts_target(), &["serve"], 0);
    let original = live(other.pid()).expect("a capture");
    assert_eq!(module.build_id, original.snapshot.modules[0].build_id);
}

#[test]
fn a_program_with_a_hostile_name_is_captured() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a) R 1\n(x");
    std::fs::copy(facts_target(), &path).expect("a copy");
    let mut program =
        spawn(Command::new(&path).stdin(Stdio::piped()).stdout(Stdio::piped())).expect("a program");
    wait_until("its own code", || {
        Process::open(program.id()).is_ok_and(|it| it.executable().is_some_and(|exe| exe.ends_with("(x")))
    });
    let capture = live(program.id()).expect("a capture");
    assert_eq!(capture.snapshot.process.executable, path.to_string_lossy());
    assert_eq!(capture.snapshot.process.name, "a) R 1\n(x");
    assert_eq!(capture.snapshot.modules[0].path, path.to_string_lossy());
    drop(capture);
    program.kill().expect("our own child");
    program.wait().expect("its end");
}

#[test]
fn processes_of_other_namespaces_are_captured() {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--pid", "--mount", "--net", "--fork", "--kill-child"]);
    command.arg(facts_target()).args(["threads", "2"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let Ok(mut outer) = spawn(command.stderr(Stdio::null())) else {
        println!("unshare is not installed: other namespaces are not tried");
        return;
    };
    let mut inner = None;
    wait_until("the program in its namespaces", || {
        let path = format!("/proc/{0}/task/{0}/children", outer.id());
        let children = std::fs::read_to_string(path).unwrap_or_default();
        inner = children.split_whitespace().next().and_then(|pid| pid.parse::<u32>().ok());
        let threads = inner.and_then(|pid| Process::open(pid).ok()?.thread_ids().ok());
        outer.try_wait().expect("our child").is_some() || threads.is_some_and(|tids| tids.len() == 3)
    });
    let Some(inner) = inner else {
        println!("this machine makes no user namespaces: they are not tried");
        return;
    };
    let facts = wer_snapshot::Facts { handles: true, token: true, ..wer_snapshot::Facts::default() };
    let capture = wer_capture::live_with(inner, &facts).expect("a capture");
    let snapshot = &capture.snapshot;
    assert_eq!((snapshot.process.pid, snapshot.process.namespace_pid), (inner, 1));
    assert_eq!(snapshot.soft_errors, []);
    let mut inside: Vec<u32> = snapshot.threads.iter().map(|thread| thread.namespace_tid).collect();
    inside.sort_unstable();
    assert_eq!(inside, [1, 2, 3]);
    check_module(snapshot);
    let ours = std::fs::read_link("/proc/self/ns/user").expect("a namespace").to_string_lossy().into_owned();
    let token = snapshot.token.as_ref().expect("a token");
    let theirs = token.namespaces.iter().find(|(name, _)| name == "user").expect("a namespace").1;
    assert_ne!(ours, format!("user:[{theirs}]"));
    assert!(!snapshot.handles.is_empty());
    drop(capture);
    outer.kill().expect("our own child");
    outer.wait().expect("its end");
}

#[test]
fn memory_that_cannot_be_read_fails_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("shrinks").to_string_lossy().into_owned();
    let (program, places) = ready(facts_target(), &["shrunk", &file], 2);
    let capture = live(program.pid()).expect("a capture");
    assert_eq!(capture.snapshot.soft_errors, []);
    let mut buffer = vec![0; 4 * 4096];
    assert_eq!(capture.memory().read(places[0], &mut buffer), 4096, "the file has one page left");
    assert!(buffer[..4096].iter().all(|byte| *byte == b'x'));
    let mut large = vec![0; 1 << 20];
    assert_eq!(capture.memory().read(places[0], &mut large), 4096, "long reads stop there too");
    assert!(capture.snapshot.region_at(places[1]).is_some());
}

#[test]
fn a_process_that_executes_another_program_is_never_mixed() {
    let program = Program::start(facts_target(), &["executes"]);
    let (mut whole, mut noticed) = (0, 0);
    for _ in 0..150 {
        match live(program.pid()) {
            Ok(capture) => {
                whole += 1;
                let snapshot = &capture.snapshot;
                let auxv = |wanted| {
                    snapshot.process.auxv.iter().find(|(key, _)| *key == wanted).expect("a vector").1
                };
                assert!(snapshot.region_at(auxv(25)).is_some(), "AT_RANDOM is in the same program");
                assert!(snapshot.modules[0].contains(auxv(3)), "so is AT_PHDR");
                assert_eq!(
                    capture.memory().read_exact(snapshot.modules[0].base, 4).as_deref(),
                    Some(&b"\x7fELF"[..])
                );
                let mut long = vec![0; 128 << 10];
                let count = capture.memory().read(snapshot.modules[0].base, &mut long);
                assert!(count >= 4096 && long.starts_with(b"\x7fELF"));
            }
            Err(CaptureError::AnotherProgram { .. }) => noticed += 1,
            // Between two programs it has hardly any memory.
            Err(CaptureError::ThirtyTwoBit { .. } | CaptureError::TargetGone { .. }) => noticed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    println!("{whole} captures, {noticed} executions noticed");
    assert!(whole > 0);
}

#[test]
fn a_process_that_ends_meanwhile_is_gone() {
    for _ in 0..60 {
        let mut child = spawn(Command::new(facts_target()).arg("once")).expect("a program");
        let outcome = live(child.id());
        match &outcome {
            Ok(capture) => assert!(!capture.snapshot.regions.is_empty()),
            Err(
                CaptureError::TargetGone { .. }
                | CaptureError::Zombie { .. }
                | CaptureError::AnotherProgram { .. }
                | CaptureError::ThirtyTwoBit { .. },
            ) => {}
            Err(other) => panic!("{other}"),
        }
        drop(outcome);
        child.wait().expect("its end");
    }
}

#[test]
fn who_traces_a_process_is_named() {
    let (mut program, _) = ready(facts_target(), &["serve"], 0);
    ptrace::seize(program.pid(), 0).expect("our own child");
    let capture = live(program.pid()).expect("a capture");
    let message = &capture.snapshot.soft_errors[0].message;
    let us = Process::open(std::process::id()).and_then(|us| us.stat()).expect("ours").name;
    assert!(message.contains(&format!("is traced by process {} ({us})", std::process::id())), "{message}");
    drop(capture);
    program.ping();
}

/// What capturing a process says to a user without rights.
fn refused_to_nobody(pid: u32) -> Option<[String; 2]> {
    if !rustix::process::geteuid().is_root() {
        println!("not root: no other user can be tried");
        return None;
    }
    let nobody = Credentials { uid: NOBODY, gid: NOBODY, groups: Vec::new() };
    let say = |error: CaptureError| {
        assert!(matches!(error, CaptureError::NotPermitted { .. }), "{error}");
        error.to_string()
    };
    let answer = as_user(&nobody, LIMIT, 1 << 16, move || {
        let both = [live(pid).map(drop), registrations(pid).map(drop)];
        both.map(|outcome| outcome.map_err(say).expect_err("no right")).join("\n").into_bytes()
    });
    let answer = String::from_utf8(answer.expect("an answer")).expect("text");
    let (one, other) = answer.split_once('\n').expect("two lines");
    Some([one.into(), other.into()])
}

#[test]
fn a_refusal_says_what_is_missing() {
    let (program, _) = ready(facts_target(), &["serve"], 0);
    for message in refused_to_nobody(program.pid()).into_iter().flatten() {
        assert!(message.contains(&format!("process {} may not be captured", program.pid())), "{message}");
        assert!(message.contains("belongs to user 0 and we are user 65534"), "{message}");
        assert!(message.contains("CAP_SYS_PTRACE"), "{message}");
    }
}

#[test]
fn a_process_that_closed_itself_says_so() {
    use std::os::unix::process::CommandExt;
    if !rustix::process::geteuid().is_root() {
        println!("not root: no other user can be tried");
        return;
    }
    let folder = tempfile::Builder::new().prefix("wer").tempdir_in("/tmp").expect("a folder");
    let copy = folder.path().join("closed");
    std::fs::copy(facts_target(), &copy).expect("a copy");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("our own folder");
    let mut command = Command::new(&copy);
    command.arg("closed").uid(NOBODY).gid(NOBODY).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = spawn(&mut command).expect("a program");
    wait_until("it closes itself", || {
        let owner = |process: &Process| {
            rustix::fs::statat(process.directory(), "mem", rustix::fs::AtFlags::empty())
                .map(|stat| stat.st_uid)
        };
        let process = Process::open(child.id()).expect("it lives");
        owner(&process) == Ok(0) && process.status().is_ok_and(|status| status.uids[1] == NOBODY)
    });
    for message in refused_to_nobody(child.id()).into_iter().flatten() {
        assert!(message.contains("not dumpable") && message.contains("CAP_SYS_PTRACE"), "{message}");
    }
    assert!(live(child.id()).is_ok(), "root may");
    child.kill().expect("our own child");
    child.wait().expect("its end");
}

#[test]
fn the_wrong_pid_is_told() {
    assert!(matches!(live(u32::MAX), Err(CaptureError::TargetGone { .. })));
    assert!(matches!(live(0), Err(CaptureError::TargetGone { .. })));
    assert!(Path::new("/proc/self").exists());
}
