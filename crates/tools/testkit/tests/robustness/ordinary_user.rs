//! The embedded way needs no root: a program of an ordinary user is reported into a store that only this user can read.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use wer_testkit::{Ended, Store, process};

use crate::scene::{CRASH_LIMIT, Scene, am_root, names};

/// A user with no rights.
pub(crate) const NOBODY: u32 = 65_534;

/// Whether the tests can be another user; says so if not.
pub(crate) fn can_be_nobody() -> bool {
    if !am_root() {
        eprintln!("left out: only root can run a program as another user");
    }
    am_root()
}

/// Makes the sandbox enterable, and folders in it nobody's.
pub(crate) fn open_to_nobody(scene: &Scene, folders: &[&str]) {
    fs::set_permissions(scene.sandbox.path(""), fs::Permissions::from_mode(0o755)).expect("its mode");
    for folder in folders {
        let path = scene.sandbox.path(folder);
        fs::create_dir_all(&path).expect("a folder");
        chown(&path, Some(NOBODY), Some(NOBODY)).expect("its owner");
    }
}

/// A command that becomes nobody, in supplementary groups too, and then runs a program.
pub(crate) fn as_nobody(scene: &Scene, program: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--groups=24,65534", "--"]).arg(program).args(words);
    scene.sandbox.confine(&mut command);
    command
}

pub(crate) fn crash_as_nobody(scene: &Scene, command: &mut Command) -> Ended {
    let ended = process::run(command, CRASH_LIMIT).expect("a program that ends");
    assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
    assert_eq!(ended.stderr, "", "{}", scene.program().display());
    ended
}

fn below(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in names(folder).into_iter().map(|name| folder.join(name)) {
        if path.is_dir() {
            below(&path, found);
        }
        found.push(path);
    }
}

#[test]
fn a_report_without_root() {
    if !can_be_nobody() {
        return;
    }
    let scene = Scene::new();
    open_to_nobody(&scene, &["home", "work"]);
    let mut command = as_nobody(&scene, scene.program(), &["block", "attach"]);
    command.env_remove("WER_STORE_DIR").env_remove("XDG_STATE_HOME");
    crash_as_nobody(&scene, &mut command);
    let store = scene.sandbox.path("home/.local/state/wer");
    let mut found = vec![store.clone()];
    below(&store, &mut found);
    assert!(found.iter().any(|path| path.ends_with("minidump.mdmp")), "{found:?}");
    assert!(found.iter().any(|path| path.ends_with("registered.dmp")), "{found:?}");
    for path in found {
        let metadata = fs::metadata(&path).expect("it is there");
        let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(metadata.mode() & 0o7777, expected, "{}", path.display());
        assert_eq!((metadata.uid(), metadata.gid()), (NOBODY, NOBODY), "{}", path.display());
    }
}

#[test]
fn a_report_without_home() {
    if !can_be_nobody() {
        return;
    }
    let scene = Scene::new();
    open_to_nobody(&scene, &["work", "store"]);
    let mut command = as_nobody(&scene, scene.program(), &["attach"]);
    command.env_remove("HOME");
    let ended = crash_as_nobody(&scene, &mut command);
    scene.only_report(Store::User, ended.pid);
}

/// The kernel's reporter is root and looks into the user's store as that user.
#[test]
fn the_kernel_believes_the_users_own_report() {
    if !can_be_nobody() {
        return;
    }
    let scene = Scene::new();
    open_to_nobody(&scene, &["work", "store"]);
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let ended = crash_as_nobody(&scene, &mut as_nobody(&scene, scene.program(), &["attach"]));
    assert_eq!(scene.only_report(Store::User, ended.pid)["uid"], NOBODY);

    // A store that this user cannot look into silences nothing, whatever is in it.
    let report = scene.only_report(Store::User, ended.pid);
    let id = report["id"].as_str().expect("an id");
    let root = scene.sandbox.path("store");
    chown(&root, Some(0), Some(0)).expect("its owner");
    fs::set_permissions(&root, fs::Permissions::from_mode(0o700)).expect("its mode");
    let store = root.display().to_string();
    let words = ["block", "forge", "2", id, &store];
    let ended = crash_as_nobody(&scene, &mut as_nobody(&scene, scene.program(), &words));
    assert_eq!(scene.only_report(Store::Machine, ended.pid)["uid"], NOBODY);
}
