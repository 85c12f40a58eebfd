//! Dumps that stay on the machine: `[LocalDumps]`, and the copy that an application registers for itself.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use wer_testkit::{SandboxOptions, Store};

use crate::ordinary_user::{NOBODY, as_nobody, can_be_nobody, crash_as_nobody, open_to_nobody};
use crate::scene::{Scene, assert_says, missing, names};

fn scene(lines: &[&str]) -> Scene {
    let top_lines = lines.iter().map(|line| (*line).to_owned()).collect();
    Scene::with(&SandboxOptions { top_lines, ..SandboxOptions::default() })
}

/// Adds lines to the machine's settings.
fn add_settings(scene: &Scene, lines: &str) {
    let path = scene.sandbox.path("etc/wer/wer.toml");
    let text = fs::read_to_string(&path).expect("settings");
    fs::write(path, format!("{text}\n{lines}\n")).expect("settings");
}

/// Writes the machine's settings anew.
fn set(scene: &Scene, text: &str) {
    fs::write(scene.sandbox.path("etc/wer/wer.toml"), text).expect("settings");
}

fn dumps(folder: &Path) -> Vec<String> {
    let mut names = names(folder);
    names.sort();
    names
}

/// The flags in a dump's header.
fn dump_flags(path: &Path) -> u64 {
    let bytes = fs::read(path).expect("a dump");
    assert!(bytes.starts_with(b"MDMP"), "{} is no dump", path.display());
    u64::from_le_bytes(bytes[24..32].try_into().expect("a header"))
}

#[test]
fn each_type_has_its_own_flags_and_the_program_overrides_value_by_value() {
    let scene = scene(&["[LocalDumps]", "DumpType = 2", "DumpFolder = '%USERPROFILE%\\dumps'"]);
    let folder = scene.sandbox.path("home/dumps");
    let mut flags = Vec::new();
    for more in ["", "[LocalDumps.robust-target]\nDumpType = 0\nCustomDumpFlags = 0x1121", "DumpCount = 2"] {
        add_settings(&scene, more);
        let pid = scene.crash(&["attach"]).pid;
        let dump = folder.join(format!("robust-target.{pid}.dmp"));
        flags.push(dump_flags(&dump));
        let metadata = fs::metadata(&dump).expect("it is there");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(flags, [0x7_1826, 0x1121, 0x1121]);
    assert_eq!(dumps(&folder).len(), 2, "the oldest is replaced");
}

#[test]
fn by_default_a_mini_dump_lies_beside_the_users_store() {
    let scene = scene(&["[LocalDumps]"]);
    let pid = scene.crash(&["attach"]).pid;
    let folder = scene.sandbox.path("store/CrashDumps");
    assert_eq!(dumps(&folder), [format!("robust-target.{pid}.dmp")]);
    assert_eq!(dump_flags(&folder.join(format!("robust-target.{pid}.dmp"))), 0x4_0121);
}

#[test]
fn it_is_written_without_a_report_and_not_where_a_debugger_comes_by_itself() {
    let scene = scene(&["Disabled = 1", "[LocalDumps]"]);
    let folder = scene.sandbox.path("store/CrashDumps");
    let ended = scene.crash(&["attach"]);
    scene.no_report(ended.pid);
    assert_eq!(dumps(&folder), [format!("robust-target.{}.dmp", ended.pid)]);
    assert_says(&scene.failures(Store::User), "its local dump is");

    add_settings(
        &scene,
        "[ExcludedApplications]\nrobust-target = 1\n[AeDebug]\nDebugger = '/bin/true %ld %ld'\nAuto = 1",
    );
    scene.crash(&["attach"]);
    assert_eq!(dumps(&folder).len(), 1);
    add_settings(&scene, "[AeDebug.AutoExclusionList]\nrobust-target = 1");
    scene.crash(&["attach"]);
    assert_eq!(dumps(&folder).len(), 2);
}

#[test]
fn one_that_cannot_be_written_costs_a_sentence() {
    for (lines, says) in [
        ("DumpFolder = '/proc/nowhere'", "/proc/nowhere: user"),
        ("DumpFolder = '%WINDIR%\\dumps'", "the variable WINDIR"),
        ("DumpType = 0\nCustomDumpFlags = 0x80000000", "CustomDumpFlags 0x80000000"),
    ] {
        let scene = scene(&["[LocalDumps]", lines]);
        let ended = scene.crash(&["attach"]);
        assert_says(&missing(&scene.only_report(Store::User, ended.pid)), says);
    }
    let none = scene(&["[LocalDumps]", "DumpCount = 0"]);
    let ended = none.crash(&["attach"]);
    assert_eq!(missing(&none.only_report(Store::User, ended.pid)), [""; 0]);
    assert!(!none.sandbox.path("store/CrashDumps").exists());
}

/// By the kernel the dump is the user's, in a folder that the user may write to, and made with no other rights.
#[test]
fn the_kernels_reporter_writes_with_the_users_rights() {
    if !can_be_nobody() {
        return;
    }
    let scene = scene(&["[LocalDumps]"]);
    open_to_nobody(&scene, &["work", "dumps"]);
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let crash = || crash_as_nobody(&scene, &mut as_nobody(&scene, scene.program(), &[]));

    // No home.
    let report = scene.only_report(Store::Machine, crash().pid);
    assert_says(&missing(&report), "DumpFolder");

    let folder = scene.sandbox.path("dumps");
    set(&scene, &format!("[LocalDumps]\nDumpFolder = '{}/sub'", folder.display()));
    let pid = crash().pid;
    assert_eq!(missing(&scene.only_report(Store::Machine, pid)), [""; 0]);
    let dump = folder.join(format!("sub/robust-target.{pid}.dmp"));
    let metadata = fs::metadata(&dump).expect("a dump");
    assert_eq!((metadata.uid(), metadata.gid()), (NOBODY, NOBODY));

    // Root's folder.
    let folder = scene.sandbox.path("home");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("its mode");
    set(&scene, &format!("[LocalDumps]\nDumpFolder = '{}'", folder.display()));
    let report = scene.only_report(Store::Machine, crash().pid);
    assert_says(&missing(&report), "one that the crashed user may write to");
    assert_eq!(dumps(&folder), [""; 0]);
}

fn application_folder(scene: &Scene) -> PathBuf {
    scene.sandbox.path("home/.local/share/game/dumps")
}

#[test]
fn an_application_gets_its_own_copy_of_the_dump() {
    let scene = Scene::new();
    let mut pids = Vec::new();
    for _ in 0..2 {
        let ended = scene.crash(&["local-dump", "game/dumps", "attach"]);
        assert_eq!(missing(&scene.only_report(Store::User, ended.pid)), [""; 0]);
        pids.push(ended.pid);
    }
    let mut expected: Vec<String> = pids.iter().map(|pid| format!("robust-target.{pid}.dmp")).collect();
    expected.sort();
    assert_eq!(dumps(&application_folder(&scene)), expected);
    let id = scene.only_report(Store::User, pids[0])["id"].as_str().expect("an id").to_owned();
    let shown = scene.sandbox.wer_json(Store::User, &["report", "show", &id]).expect("a report");
    let original = Path::new(shown["folder"].as_str().expect("a folder")).join("minidump.mdmp");
    let copy = application_folder(&scene).join(format!("robust-target.{}.dmp", pids[0]));
    assert!(fs::read(original).expect("a dump") == fs::read(copy).expect("a copy"));
}

#[test]
fn the_copy_leaves_the_applications_folder_neither_by_a_path_nor_by_a_link() {
    let scene = Scene::new();
    fs::create_dir_all(scene.sandbox.path("home/.local/share")).expect("a folder");
    std::os::unix::fs::symlink(scene.sandbox.path("work"), scene.sandbox.path("home/.local/share/game"))
        .expect("a link");
    let ended = scene.crash(&["local-dump", "game/dumps", "attach"]);
    assert_says(
        &missing(&scene.only_report(Store::User, ended.pid)),
        "own copy of the dump (game/dumps) was not made",
    );
    assert!(!scene.sandbox.path("work/dumps").exists());
}
