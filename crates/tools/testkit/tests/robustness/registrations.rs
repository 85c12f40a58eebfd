//! What a process registers makes no sense, is out of reach, or is a trap.

use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::Value;
use wer_testkit::{SandboxOptions, Store};

use crate::scene::{Scene, assert_says, files, missing};

fn report_of(scene: &Scene, words: &[&str]) -> Value {
    let ended = scene.crash(words);
    scene.only_report(Store::User, ended.pid)
}

fn folder_of(scene: &Scene, report: &Value) -> PathBuf {
    let id = report["id"].as_str().expect("an id");
    let shown = scene.sandbox.wer_json(Store::User, &["report", "show", id]).expect("a report");
    PathBuf::from(shown["folder"].as_str().expect("a folder"))
}

#[test]
fn memory_that_cannot_be_read_is_named_and_the_rest_is_kept() {
    let scene = Scene::new();
    let file = scene.sandbox.path("work/truncated").display().to_string();
    let words = ["block", "invalid-block", "hole", "truncated", &file, "attach"];
    let report = report_of(&scene, &words);
    assert!(files(&report).contains(&"minidump.mdmp".into()), "{report}");
    assert!(files(&report).contains(&"registered.dmp".into()), "{report}");
    let dump = std::fs::read(folder_of(&scene, &report).join("registered.dmp")).expect("a dump");
    let holds = |text: &[u8]| dump.windows(text.len()).any(|window| window == text);
    assert!(holds(b"hello block"), "the block that can be read is not in the dump");
    // The kernel lets a reader of another process's memory pass such a hole.
    assert!(holds(&[b'h'; 3 * 4096]), "the pages around the hole are not in the dump");
    let missing = missing(&report);
    // The invalid block, and the page behind the end of the truncated file.
    assert_says(&missing, "8192 bytes of memory in 2 places could not be read and are not in the dump");
    assert_says(&missing, "0x10000");
}

#[test]
fn a_heap_dump_goes_around_holes() {
    let options = SandboxOptions {
        top_lines: vec!["[LocalDumps]".into(), "DumpType = 2".into()],
        ..SandboxOptions::default()
    };
    let scene = Scene::with(&options);
    let file = scene.sandbox.path("work/truncated").display().to_string();
    let report = report_of(&scene, &["hole", "truncated", &file, "attach"]);
    assert!(files(&report).contains(&"memory.hdmp".into()), "{report}");
}

#[test]
fn only_regular_files_are_copied() {
    let scene = Scene::new();
    let path = |name: &str| scene.sandbox.path(&format!("work/{name}"));
    std::fs::write(path("log"), "line\n").expect("a file");
    std::fs::create_dir(path("folder")).expect("a folder");
    symlink(path("log"), path("link")).expect("a link");
    symlink(path("folder"), path("linked-folder")).expect("a link");
    std::fs::write(path("folder/inner"), "x").expect("a file");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path("fifo"), rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
    let bad = ["folder", "link", "linked-folder/inner", "fifo", "missing"]
        .map(|name| path(name).display().to_string());
    let good = path("log").display().to_string();
    let mut words = vec!["file", good.as_str(), "file", "/dev/zero", "file", "/proc/self/mem"];
    words.extend(bad.iter().flat_map(|path| ["file", path.as_str()]));
    words.push("attach");
    let report = report_of(&scene, &words);
    let copied: Vec<String> = files(&report).into_iter().filter(|name| name.starts_with("file")).collect();
    assert_eq!(copied, ["file000_log"], "{report}");
    let missing = missing(&report);
    for path in bad.iter().map(String::as_str).chain(["/dev/zero"]) {
        assert_says(&missing, &format!("The registered file {path} was not copied"));
    }
    let copy = folder_of(&scene, &report).join("file000_log");
    assert_eq!(std::fs::read_to_string(copy).expect("the copy"), "line\n");
}

#[test]
fn large_files_are_cut_and_too_many_left_out() {
    let options = SandboxOptions {
        top_lines: vec!["MaxRegisteredFileBytes = 1000".into(), "MaxRegisteredFilesBytes = 1500".into()],
        ..SandboxOptions::default()
    };
    let scene = Scene::with(&options);
    let paths = ["a", "b", "c"].map(|name| scene.sandbox.path(&format!("work/{name}")).display().to_string());
    for path in &paths {
        std::fs::write(path, vec![b'x'; 2000]).expect("a file");
    }
    let report = report_of(&scene, &["file", &paths[0], "file", &paths[1], "file", &paths[2], "attach"]);
    let folder = folder_of(&scene, &report);
    let bytes = |name: &str| std::fs::metadata(folder.join(name)).map(|meta| meta.len()).ok();
    assert_eq!((bytes("file000_a"), bytes("file001_b"), bytes("file002_c")), (Some(1000), Some(500), None));
    let missing = missing(&report);
    assert_says(&missing, "was cut at 1000 of 2000 bytes");
    assert_says(&missing, "was cut at 500 of 2000 bytes");
    assert_says(&missing, "limit for registered files is used up");
}
