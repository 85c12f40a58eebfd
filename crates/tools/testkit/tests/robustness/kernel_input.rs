//! `werfault --kernel` is given nonsense: no crash of its own, no report about the wrong process, a line in the log.

use std::process::{Command, Stdio};
use std::time::Duration;

use wer_testkit::{Ended, Guard, Store, process};

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
