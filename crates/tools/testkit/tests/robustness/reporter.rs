//! `werfault` is missing, cannot be run, ends at once, or hangs.

use std::path::Path;

use wer_testkit::{Ended, Store, process};

use crate::scene::{CRASH_LIMIT, Scene, assert_says};

fn crash_with_werfault(scene: &Scene, werfault: &Path, words: &[&str]) -> Ended {
    scene.crash_by(scene.command(words).env("WER_WERFAULT", werfault))
}

#[test]
fn it_is_missing_or_cannot_be_run() {
    let scene = Scene::new();
    let text = scene.sandbox.path("text");
    std::fs::write(&text, "no program").expect("a file");
    for werfault in [scene.sandbox.path("missing/werfault"), text, scene.sandbox.path("work")] {
        let ended = crash_with_werfault(&scene, &werfault, &["attach"]);
        assert!(ended.stderr.contains("could not run werfault"), "{}", ended.describe());
        assert!(ended.stderr.contains(&werfault.display().to_string()), "{}", ended.describe());
        scene.no_report(ended.pid);
    }
}

#[test]
fn the_kernel_reports_where_it_is_missing() {
    let scene = Scene::new();
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let ended = crash_with_werfault(&scene, &scene.sandbox.path("missing"), &["attach"]);
    assert_eq!(scene.only_report(Store::Machine, ended.pid)["capture_source"], "kernel_pipe");
}

#[test]
fn it_ends_at_once() {
    let scene = Scene::new();
    for program in ["/bin/true", "/bin/false"] {
        let ended = crash_with_werfault(&scene, Path::new(program), &["attach"]);
        assert!(ended.stderr.contains("ended without an answer"), "{}", ended.describe());
        scene.no_report(ended.pid);
    }
}

#[test]
fn it_hangs_no_longer_than_the_process_allows() {
    let scene = Scene::new();
    let fifo = scene.sandbox.path("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("a pipe");
    // Hangs until this end is closed; then it goes by itself.
    let end = std::fs::File::options().read(true).write(true).open(&fifo).expect("its other end");
    let script = format!("exec cat >/dev/null 2>&1 <{}", fifo.display());
    let werfault = scene.script("hangs", &script);
    let ended = crash_with_werfault(&scene, &werfault, &["hold", "300", "attach"]);
    assert!(ended.stderr.contains("did not answer in time"), "{}", ended.describe());
    scene.no_report(ended.pid);
    drop(end);
}

#[cfg(debug_assertions)]
#[test]
fn the_kernels_reporter_hangs_no_longer_than_the_settings_allow() {
    let options = wer_testkit::SandboxOptions {
        top_lines: vec!["HoldMilliseconds = 1000".into()],
        ..wer_testkit::SandboxOptions::default()
    };
    let scene = Scene::with(&options);
    let flag = scene.sandbox.path("s");
    let spot = format!("WER_FAIL_SPOT=begun:{}", flag.display());
    let Some(_borrowed) = scene.kernel_pipe_with(&spot) else { return };
    let ended = scene.crash(&[]);
    assert!(flag.exists(), "the reporter did not stand still");
    scene.no_report(ended.pid);
    assert_says(&scene.failures(Store::Machine), "HoldMilliseconds");
}

#[test]
fn limits_of_the_program_are_not_the_reporters() {
    let scene = Scene::new();
    let mut command = std::process::Command::new("sh");
    // No file may be written, few descriptors, little memory: the program lives with it.
    let limits = "ulimit -S -f 0; ulimit -S -n 16; ulimit -S -v 60000; exec \"$@\"";
    command.args(["-c", limits, "sh"]).arg(scene.program()).arg("attach");
    let ended = process::run(scene.sandbox.confine(&mut command), CRASH_LIMIT).expect("a program that ends");
    assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
    let report = scene.only_report(Store::User, ended.pid);
    assert!(crate::scene::files(&report).contains(&"minidump.mdmp".into()), "{report}");
}

/// The program's allocator ends it by another way than its signal if it is called after the crash.
#[test]
fn nothing_allocates_in_the_dying_process() {
    let scene = Scene::new();
    let ended = scene.crash(&["block", "attach"]);
    scene.only_report(Store::User, ended.pid);
    let ended = scene.sandbox.wer_run(false, scene.program(), &["block"]).expect("wer run");
    assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
    scene.only_report(Store::User, ended.pid);
    // Nor where there is nobody to report it.
    crash_with_werfault(&scene, Path::new("/nonexistent"), &["attach"]);
}

#[test]
fn it_says_why_there_is_no_report() {
    let options = wer_testkit::SandboxOptions {
        top_lines: vec!["Disabled = 1".into()],
        ..wer_testkit::SandboxOptions::default()
    };
    let scene = Scene::with(&options);
    let ended = scene.crash(&["attach"]);
    scene.no_report(ended.pid);
    assert_says(&scene.failures(Store::User), "Disabled");
    assert!(ended.stderr.contains("Disabled"), "{}", ended.describe());
}
