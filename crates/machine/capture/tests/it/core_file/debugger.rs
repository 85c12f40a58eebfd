//! Cores that gdb made of living and of crashed programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use wer_capture::{CoreFileOptions, core_file};
use wer_snapshot::ModuleKind;

use super::complaints;
use crate::program::{Program, target};

fn gcore(folder: &Path, pid: u32) -> PathBuf {
    let prefix = folder.join("core");
    let status = Command::new("gcore").arg("-o").arg(&prefix).arg(pid.to_string()).output();
    let output = status.expect("gdb is needed: `cargo xtask setup` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    prefix.with_extension(pid.to_string())
}

#[test]
fn a_core_of_a_living_process_is_as_the_process() {
    let mut program = Program::start(target(), &["threads", "5"]);
    program.expect("ready\n");
    let folder = tempfile::tempdir().expect("a folder");
    let core = gcore(folder.path(), program.pid());
    let mut live = wer_capture::live(program.pid()).expect("a capture");
    let capture = core_file(&core, &CoreFileOptions::default()).expect("a core");
    let (one, two) = (&live.snapshot, &capture.snapshot);
    assert!(two.exception.is_none());
    assert_eq!((two.process.pid, &two.process.executable), (one.process.pid, &one.process.executable));
    assert_eq!(two.process.arguments, one.process.arguments);
    let threads = |snapshot: &wer_snapshot::ProcessSnapshot| -> Vec<_> {
        let mut all: Vec<_> = snapshot
            .threads
            .iter()
            .map(|it| (it.tid, it.registers.map(|r| (r.rip, r.rsp, r.fs_base))))
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(threads(two), threads(one));
    let modules = |snapshot: &wer_snapshot::ProcessSnapshot| -> Vec<_> {
        let files = snapshot.modules.iter().filter(|module| module.kind != ModuleKind::Vdso);
        files.map(|it| (it.base, it.size, it.path.clone(), it.build_id.clone(), it.kind)).collect()
    };
    assert_eq!(modules(two), modules(one), "{:?}", complaints(&capture));
    for thread in &one.threads {
        let registers = thread.registers.expect("registers");
        for address in [registers.rip, registers.rsp] {
            let here = live.memory().read_exact(address, 64).expect("it lives");
            assert_eq!(capture.memory().read_exact(address, 64), Some(here), "text comes from its file");
        }
        let region = two.region_at(registers.rip).expect("a mapping");
        assert!(region.protection.execute, "gdb leaves text out; the image's headers tell its rights");
    }
    live.release();
    program.ping();
}

#[test]
fn a_core_of_a_program_that_crashed_under_gdb_tells_of_the_crash() {
    let folder = tempfile::tempdir().expect("a folder");
    let core = folder.path().join("core");
    let output = Command::new("gdb")
        .args(["-q", "-batch", "-nx", "-ex", "run", "-ex"])
        .arg(format!("generate-core-file {}", core.display()))
        .arg("--args")
        .arg(target())
        .args(["crash", "read", "0x4321"])
        .output()
        .expect("gdb is needed: `cargo xtask setup` installs it");
    assert!(core.exists(), "{}", String::from_utf8_lossy(&output.stdout));
    let capture = core_file(&core, &CoreFileOptions::default()).expect("a core");
    let exception = capture.snapshot.exception.as_ref().expect("a crash");
    assert_eq!((exception.signal.number, exception.signal.address), (libc::SIGSEGV, 0x4321));
    assert_eq!(exception.tid, capture.snapshot.threads[0].tid);
    assert_eq!(exception.tid, capture.snapshot.process.pid);
}
