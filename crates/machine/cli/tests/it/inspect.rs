//! `wer inspect` on dumps made field by field.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use wer_synth::{Amd64, Exception, Section, Synth, Thread, put_u32};

fn wer(arguments: &[&str], files: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wer")).arg("inspect").args(arguments).args(files).output().unwrap()
}

/// What a run that must succeed wrote.
#[track_caller]
fn said(arguments: &[&str], file: &Path) -> String {
    let output = wer(arguments, &[file]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The exit code, and what a run that must fail said of the reason.
fn refused(arguments: &[&str], files: &[&Path]) -> (Option<i32>, String) {
    let output = wer(arguments, files);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

fn dump() -> Vec<u8> {
    let mut synth = Synth::new();
    synth.system_info(9, 0x8201, "Linux\u{1b}[31m");
    let stack = synth.memory(&[(0x40_0000, b"code of main"), (0x7FFF_0000, b"a stack")])[1];
    let context = synth.add(Amd64::new(0x40_0008, 0x7FFF_0000).section(), 16);
    synth.threads(&[Thread { id: 7, stack: 0x7FFF_0000, stack_bytes: stack, context }]);
    synth.exception(&Exception { thread: 7, code: 11, flags: 1, context, ..Exception::default() });
    synth.stream(0x4767_0006, Section::new().bytes(b"program\0--flag\0"));
    synth.finish()
}

fn file(name: &str, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

#[test]
fn everything_as_text_and_json() {
    let (_folder, path) = file("a.dmp", &dump());
    let text = said(&[], &path);
    for part in
        ["Header", "Directory", "ExceptionStream (0x6), 168 bytes", "SIGSEGV (0xb)", "SEGV_MAPERR", "--flag"]
    {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(!text.contains('\u{1b}'));
    let json: Value = serde_json::from_str(&said(&["--json"], &path)).unwrap();
    let exception =
        json["streams"].as_array().unwrap().iter().find(|stream| stream["type"] == "0x6").unwrap();
    assert_eq!(exception["content"]["code"]["name"], "SIGSEGV");
    assert_eq!(exception["content"]["context"]["registers"]["rip"], "0x400008");
    assert_eq!(json["header"]["number_of_streams"], 5);
}

#[test]
fn one_stream_and_its_bytes() {
    let (_folder, path) = file("a.dmp", &dump());
    let text = said(&["--stream", "exception"], &path);
    assert!(text.starts_with("ExceptionStream") && !text.contains("Directory"), "{text}");
    assert_eq!(said(&["--stream", "0x47670006", "--raw"], &path), "program\0--flag\0");
    let list = said(&["--stream-list"], &path);
    assert!(list.contains("LinuxCmdLine") && !list.contains("--flag"), "{list}");
    let json: Value = serde_json::from_str(&said(&["--stream-list", "--json"], &path)).unwrap();
    assert_eq!(
        json["streams"][0],
        serde_json::json!({
            "index": 0, "type": "0x7", "name": "SystemInfoStream",
            "offset": json["streams"][0]["offset"], "size": 56,
        })
    );
    assert_eq!(refused(&["--stream", "12"], &[&path]).0, Some(1));
    assert!(refused(&["--stream", "12"], &[&path]).1.contains("has no stream 12"));
    assert_eq!(refused(&["--raw"], &[&path]).0, Some(2), "--raw needs a stream");
}

#[test]
fn memory_by_address() {
    let (_folder, path) = file("a.dmp", &dump());
    let text = said(&["--memory", "0x400008+4"], &path);
    assert_eq!(text, "0000000000400008  6d 61 69 6e                                       main\n");
    assert!(refused(&["--memory", "0x1"], &[&path]).1.contains("holds no memory at 0x1"));
}

#[test]
fn violations_and_their_exit_code() {
    let (_folder, path) = file("a.dmp", &dump());
    assert!(said(&["--check"], &path).contains("nothing is wrong"));
    let mut bytes = dump();
    put_u32(&mut bytes, 32 + 8, u32::MAX - 3);
    fs::write(&path, &bytes).unwrap();
    let output = wer(&["--check"], &[&path]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("reaches beyond the file"));
    let output = wer(&["--check", "--json"], &[&path]);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&json["right"], &json["violations"][0]["kind"]),
        (&Value::from(false), &Value::from("out_of_range"))
    );
}

#[test]
fn several_files() {
    let (_folder, first) = file("a.dmp", &dump());
    let (_other, second) = file("b.dmp", &dump());
    let output = wer(&["--stream-list"], &[&first, &second]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("==> ").count(), 2, "{text}");
    let output = wer(&["--json"], &[&first, &second]);
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap().as_array().unwrap().len(), 2);
}

#[test]
fn what_is_no_dump() {
    let (folder, path) = file("a.dmp", b"not a dump, but long enough to be one, perhaps");
    assert_eq!(refused(&[], &[&path]).0, Some(1));
    assert!(refused(&[], &[&path]).1.contains("does not start with \"MDMP\""));
    assert!(refused(&[], &[&folder.path().join("none")]).1.contains("none"));
    assert!(refused(&[], &[folder.path()]).1.contains("not a regular file"));
}

#[test]
fn a_compressed_dump() {
    let (_folder, path) = file("a.dmp.zst", &zstd::stream::encode_all(&dump()[..], 3).unwrap());
    assert!(said(&["--stream", "6"], &path).contains("SIGSEGV"));
    assert!(said(&["--check"], &path).contains("nothing is wrong"));
}

/// 40 GiB with 100,000 ranges, looked at with room for 64 MiB of memory.
#[test]
fn a_large_dump_takes_little_memory() {
    let (folder, path) = file("large.dmp", b"");
    let mut synth = Synth::new();
    synth.system_info(9, 0x8201, "Linux");
    let (count, size) = (100_000_u64, 400_000_u64);
    let head = Section::new().u64(count).u64(16 << 20);
    let list = (0..count).fold(head, |section, index| section.u64(index << 20).u64(size));
    synth.stream(9, list);
    fs::write(&path, synth.finish()).unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len((16 << 20) + count * size).unwrap();
    file.write_all_at(b"last", (16 << 20) + count * size - 4).unwrap();
    let run = |arguments: &str| {
        let script = format!("ulimit -d 65536; exec \"$0\" inspect {arguments} \"$1\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_wer")]).arg(&path).current_dir(folder.path());
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run("");
    assert!(text.contains("left_out") && text.contains("99000"), "the list is summarised");
    assert!(text.lines().count() < 1_100);
    assert!(run("--check").contains("nothing is wrong"));
    let last = (count - 1) << 20;
    assert!(run(&format!("--memory {:#x}+16", last + size - 4)).contains("last"));
    assert_eq!(run("--all").lines().filter(|line| line.contains("  400000  ")).count(), 100_000);
}

/// A process that is ended when this goes.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What our own writer made of a real process is right, and is what the kernel says of it.
#[test]
fn dumps_of_a_living_process() {
    let folder = tempfile::tempdir().unwrap();
    let process = Ended(Command::new("sleep").arg("1000").spawn().unwrap());
    let pid = process.0.id();
    let runs_sleep =
        || fs::read_to_string(format!("/proc/{pid}/syscall")).is_ok_and(|call| call.starts_with("230 "));
    assert!(
        (0..1_000_000).any(|_| runs_sleep() || {
            std::thread::yield_now();
            false
        }),
        "it never slept"
    );
    let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap();
    for kind in ["micro", "mini", "heap", "full"] {
        let path = folder.path().join(format!("{kind}.dmp"));
        let mut dump = Command::new(env!("CARGO_BIN_EXE_wer"));
        let made = dump.args(["dump", &pid.to_string(), "--type", kind, "-o"]).arg(&path).output().unwrap();
        assert!(made.status.success(), "{kind}: {}", String::from_utf8_lossy(&made.stderr));
        let checked = wer(&["--check"], &[&path]);
        assert!(checked.status.success(), "{kind}: {}", String::from_utf8_lossy(&checked.stdout));
        let json: Value = serde_json::from_str(&said(&["--json", "--all"], &path)).unwrap();
        let content = |wanted: &str| {
            let streams = json["streams"].as_array().unwrap();
            &streams.iter().find(|stream| stream["name"] == wanted).unwrap()["content"]
        };
        assert_eq!(content("ThreadListStream")["threads"][0]["thread_id"], pid, "{kind}");
        assert_eq!(content("MiscInfoStream")["process_id"], pid, "{kind}");
        assert_eq!(content("ModuleListStream")["modules"][0]["name"], program.to_string_lossy().as_ref());
        assert_eq!(content("LinuxCmdLine"), &serde_json::json!(["sleep", "1000"]));
        let rip = content("ThreadListStream")["threads"][0]["context"]["registers"]["rip"].as_str().unwrap();
        let call = fs::read_to_string(format!("/proc/{pid}/syscall")).unwrap();
        assert_eq!(call.split_whitespace().last(), Some(rip), "{kind}");
        assert!(!json.to_string().contains("unreadable"), "{kind}");
    }
}
