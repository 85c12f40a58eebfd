//! `MiniDumpWriteDump` and `MiniDumpReadDumpStream` from C.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::build::{compile, printed, sample, source};

struct Scene {
    folder: TempDir,
    program: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = compile(&folder, "gcc", &source("dump.c"), &["-std=c11"]);
        Self { folder, program }
    }

    fn run(&self, what: &str) -> String {
        printed(&self.program, &[what], self.folder.path())
    }

    fn dump(&self, name: &str) -> Vec<u8> {
        checked(&self.folder.path().join(name))
    }
}

fn checked(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("a dump");
    let violations = wer_check::check(&bytes);
    assert!(violations.is_empty(), "{}: {violations:#?}", path.display());
    bytes
}

/// Thread id, code, address, instruction pointer and rax of the exception.
fn exception(bytes: &[u8]) -> (u32, u32, u64, u64, u64) {
    let dump = minidump::Minidump::read(bytes.to_vec()).expect("a dump");
    let stream = dump.get_raw_stream(6).expect("an exception");
    let u32_at = |at: usize, from: &[u8]| u32::from_le_bytes(from[at..at + 4].try_into().expect("four"));
    let u64_at = |at: usize, from: &[u8]| u64::from_le_bytes(from[at..at + 8].try_into().expect("eight"));
    let context = &bytes[u32_at(164, stream) as usize..];
    let (rip, rax) = (u64_at(0xF8, context), u64_at(0x78, context));
    (u32_at(0, stream), u32_at(8, stream), u64_at(24, stream), rip, rax)
}

#[test]
fn a_process_dumps_itself_and_is_asked_as_on_windows() {
    let scene = Scene::new();
    let said = scene.run("self");
    // The original asks a normal dump of a process's own by these types.
    assert!(
        said.contains("\n0 1 3 4 5 6 7 9 11 15 16 17 \n")
            || said.starts_with("0 1 3 4 5 6 7 9 11 15 16 17 \n"),
        "{said}"
    );
    assert!(said.contains("modules same threads 5 bad 0 children 0 wait -1"), "{said}");
    scene.dump("self.dmp");
}

#[test]
fn cancelling_leaves_an_empty_file_and_says_so() {
    let scene = Scene::new();
    let said = scene.run("cancel");
    assert!(said.contains("size 0") && said.contains("FALSE 800704C7"), "{said}");
}

#[test]
fn the_caller_can_write_everything() {
    let scene = Scene::new();
    assert!(scene.run("io").contains("finish 1 bad 0"));
    scene.dump("io.dmp");
}

#[test]
fn the_caller_can_redact() {
    let scene = Scene::new();
    scene.run("redact");
    let has_secret = |name| scene.dump(name).windows(256).any(|window| window == [0xA7; 256]);
    assert!(has_secret("open.dmp") && !has_secret("redacted.dmp"));
}

#[test]
fn eight_threads_at_once() {
    let scene = Scene::new();
    scene.run("many");
    for index in 0..8 {
        scene.dump(&format!("many-{index}.dmp"));
    }
}

#[test]
fn threads_that_stand_with_the_allocators_lock_hinder_nothing() {
    let scene = Scene::new();
    assert_eq!(scene.run("busy"), "size positive\n".repeat(20));
    scene.dump("busy.dmp");
}

#[test]
fn exceptions_in_either_memory_are_the_same() {
    let scene = Scene::new();
    let tid: u32 = scene.run("exceptions").trim().parse().expect("a thread");
    let ours = exception(&scene.dump("ours.dmp"));
    assert_eq!(ours, exception(&scene.dump("client.dmp")));
    assert_eq!((ours.0, ours.1, ours.4), (tid, 8, 0x1122_3344_5566_7788), "{ours:x?}");
    assert_eq!(ours.2, ours.3, "the record's address is the context's instruction");
    let dump = minidump::Minidump::read(scene.dump("ours.dmp")).expect("a dump");
    assert_eq!(dump.get_raw_stream(0x1_0000).expect("the user's stream"), b"user");
}

#[test]
fn another_process_by_handle_and_by_number() {
    let scene = Scene::new();
    let said = scene.run("other");
    let line = |what: &str| said.lines().find_map(|line| line.strip_prefix(what)).map(str::trim);
    assert_eq!(line("another id: FALSE"), Some("80070057"), "{said}");
    assert_eq!(line("no right: FALSE"), Some("80070005"), "{said}");
    assert_eq!(line("flags: FALSE"), Some("80070057"), "{said}");
    assert_eq!(line("no file: FALSE"), Some("80070006"), "{said}");
    assert_eq!(line("gone: FALSE"), Some("80070057"), "{said}");
    let pid: u32 = said.lines().last().and_then(|line| line.parse().ok()).expect("a pid");
    let told = exception(&scene.dump("other.dmp"));
    assert_eq!((told.0, told.1, told.4), (pid, 8, 0x1122_3344_5566_7788), "{told:x?}");
}

#[test]
fn streams_are_found_in_a_mapped_dump() {
    let said = Scene::new().run("streams");
    assert!(said.contains("threads 1 entry 3 size right"), "{said}");
    assert_eq!(said.matches("FALSE 80070057").count(), 2, "{said}");
}

#[test]
fn a_descriptor_becomes_a_handle() {
    let scene = Scene::new();
    scene.run("descriptor");
    scene.dump("descriptor.dmp");
}

#[test]
fn the_sample_dumps_itself_and_another() {
    let folder = tempfile::tempdir().expect("a folder");
    for (compiler, language) in [("gcc", "c"), ("g++", "c++")] {
        let program = compile(&folder, compiler, &sample(), &["-x", language, "-fshort-wchar"]);
        let said = printed(&program, &["own.dmp"], folder.path());
        assert!(said.contains("threads"), "{said}");
        checked(&folder.path().join("own.dmp"));
        let pid = std::process::id().to_string();
        printed(&program, &["other.dmp", &pid], folder.path());
        checked(&folder.path().join("other.dmp"));
    }
}
