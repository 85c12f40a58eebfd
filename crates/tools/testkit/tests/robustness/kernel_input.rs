//! `werfault --kernel` is given nonsense: no crash of its own, no report about the wrong process, a line in the log.

use std::process::{Command, Stdio};
use std::time::Duration;

use wer_testkit::{Ended, Guard, SandboxOptions, Store, process};

use crate::scene::{Scene, assert_says, missing};

const RUN_LIMIT: Duration = Duration::from_secs(20);

fn werfault(scene: &Scene, words: &[&str]) -> Ended {
    let mut command = Command::new(scene.sandbox.built().binary("werfault"));
    command.args(["--kernel", "--base"]).arg(scene.sandbox.path("")).args(words).env_clear();
    process::run(&mut command, RUN_LIMIT).expect("a reporter that ends")
}

fn assert_failed(scene: &Scene, words: &[&str]) {
    let before = scene.failures(Store::Machine).len();
    let ended = werfault(scene, words);
    assert_eq!(ended.status.code(), Some(1), "{words:?}: {}", ended.describe());
    assert_eq!(scene.failures(Store::Machine).len(), before + 1, "{words:?}");
    assert!(scene.sandbox.reports(Store::Machine).expect("a list").is_empty(), "{words:?}");
}

#[test]
fn arguments_that_make_no_sense() {
    let scene = Scene::new();
    for words in [
        &[][..],
        &["%P", "%I", "%s", "%d", "%F"],
        &["0", "0", "0", "0", "0"],
        &["-1", "-1", "-1", "-1", "-1"],
        &["99999999999999999999", "1", "11", "1", "3"],
        &["4294967295", "1", "11", "1", "77"],
        &["\u{1}\n", "", "", "", ""],
    ] {
        assert_failed(&scene, words);
    }
}

#[test]
fn a_process_that_is_gone() {
    let scene = Scene::new();
    let mut child = Command::new("true").spawn().expect("true");
    let pid = child.id().to_string();
    child.wait().expect("its end");
    assert_failed(&scene, &[&pid, &pid, "11", "1"]);
    assert_says(&scene.failures(Store::Machine), &pid);
}

#[test]
fn a_core_that_is_none() {
    let scene = Scene::new();
    let mut living = Guard::new(Command::new("cat").stdin(Stdio::piped()).spawn().expect("cat"));
    let pid = living.pid().to_string();
    // What comes after the five words is passed over.
    let ended = werfault(&scene, &[&pid, &pid, "11", "1", "99", "more", "%Z"]);
    assert!(ended.status.success(), "{}", ended.describe());
    let report = scene.only_report(Store::Machine, living.pid());
    assert_says(&missing(&report), "core");
    assert!(living.child().try_wait().expect("its state").is_none(), "it goes on living");
}

/// What the kernel has handed over is a report or a line in the log, and none is both.
#[test]
fn every_crash_is_a_report_or_a_line() {
    let scene = Scene::new();
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let name = scene.program().file_name().expect("a name").to_string_lossy().into_owned();
    let settings = |lines: &[&str]| {
        let top_lines = lines.iter().map(ToString::to_string).collect();
        scene
            .sandbox
            .write_settings(&SandboxOptions { top_lines, ..SandboxOptions::default() })
            .expect("settings");
    };
    let mut pids = vec![scene.crash(&[]).pid, scene.crash(&["attach"]).pid];
    settings(&["[ExcludedApplications]", &format!("\"{name}\" = 1")]);
    pids.push(scene.crash(&[]).pid);
    settings(&["Disabled = 1"]);
    pids.push(scene.crash(&["block"]).pid);
    settings(&[]);
    pids.push(scene.crash(&["block"]).pid);
    let lines = scene.failures(Store::Machine);
    let of = |pid: &u32| {
        let about = format!("(process {pid})");
        let lines = lines.iter().filter(|line| line.contains(&about)).count();
        [lines, scene.count(Store::Machine, *pid), scene.count(Store::User, *pid)]
    };
    let found: Vec<[usize; 3]> = pids.iter().map(of).collect();
    assert_eq!(found, [[0, 1, 0], [0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 1, 0]], "{lines:?}");
}
