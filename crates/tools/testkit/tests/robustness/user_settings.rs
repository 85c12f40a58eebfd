//! The kernel's reporter and the crashed user's own settings: read with that user's rights, behind the machine's.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::process::Command;

use wer_testkit::{Ended, Store, process};

use crate::ordinary_user::{can_be_nobody, open_to_nobody};
use crate::scene::{CRASH_LIMIT, Scene, assert_says, missing};

/// A user whom this machine's list does not have, so that the home is the one that the program was started with.
const STRANGER: u32 = 54_321;

fn scene() -> Option<Scene> {
    if !can_be_nobody() {
        return None;
    }
    let scene = Scene::new();
    open_to_nobody(&scene, &["work", "config", "config/wer"]);
    for folder in ["work", "config", "config/wer"] {
        chown(scene.sandbox.path(folder), Some(STRANGER), Some(STRANGER)).expect("its owner");
    }
    Some(scene)
}

fn users_file(scene: &Scene, text: &str, owner: u32) {
    let path = scene.sandbox.path("config/wer/wer.toml");
    fs::remove_file(&path).expect("the sandbox's own");
    fs::write(&path, text).expect("a file");
    chown(&path, Some(owner), Some(owner)).expect("its owner");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode");
}

fn crash(scene: &Scene) -> Ended {
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={STRANGER}"), format!("--regid={STRANGER}"), "--clear-groups".into()]);
    command.arg("--").arg(scene.program());
    let ended = process::run(scene.sandbox.confine(&mut command), CRASH_LIMIT).expect("its end");
    assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
    ended
}

#[test]
fn a_user_can_exclude_an_own_program_and_the_machine_can_insist() {
    let Some(scene) = scene() else { return };
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    users_file(&scene, "Disabled = 1\nCorporateWERServer = 'evil.example'\n", STRANGER);
    let ended = crash(&scene);
    scene.no_report(ended.pid);
    assert_says(&scene.failures(Store::Machine), "Disabled is 1");

    fs::write(scene.sandbox.path("etc/wer/wer.toml"), "Disabled = 0\n").expect("settings");
    let ended = crash(&scene);
    let report = scene.only_report(Store::Machine, ended.pid);
    assert!(report["waiting_reason"].as_str().expect("text").contains("No server"), "{report}");
    assert_eq!(missing(&report), [""; 0]);
}

#[test]
fn a_file_that_the_user_may_not_read_decides_nothing() {
    let Some(scene) = scene() else { return };
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    users_file(&scene, "Disabled = 1\n", 0);
    let ended = crash(&scene);
    scene.only_report(Store::Machine, ended.pid);

    // Nor does a link to something of root's, whose text would be told in a warning.
    let secret = scene.sandbox.path("secret");
    fs::write(&secret, "secret words").expect("a file");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).expect("its mode");
    let path = scene.sandbox.path("config/wer/wer.toml");
    fs::remove_file(&path).expect("it is there");
    symlink(&secret, &path).expect("a link");
    let ended = crash(&scene);
    let missing = missing(&scene.only_report(Store::Machine, ended.pid));
    assert_says(&missing, "symbolic link");
    assert!(!missing.iter().any(|line| line.contains("secret words")), "{missing:?}");
}

#[test]
fn a_broken_file_costs_a_sentence() {
    let Some(scene) = scene() else { return };
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    users_file(&scene, "Disabled = [", STRANGER);
    let ended = crash(&scene);
    assert_says(&missing(&scene.only_report(Store::Machine, ended.pid)), "config/wer/wer.toml");
}
