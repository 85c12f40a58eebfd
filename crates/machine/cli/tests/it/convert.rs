//! `wer convert` and `wer registrations CORE`, on cores of the kernel and of gdb, and gdb on what comes back. The kernel's own
//! cores need root; elsewhere these tests say that they tried nothing.

mod gdb;
mod program;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use wer_abi::registration::RegistrationBlock;

use program::{crash, gcore, kernel_core, target};

fn wer(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wer")).args(arguments).output().expect("wer runs")
}

#[track_caller]
fn json(arguments: &[&str]) -> Value {
    let output = wer(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let output = wer(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).expect("text")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("our own name")
}

#[track_caller]
fn convert(from: &Path, to: &Path, more: &[&str]) -> Value {
    let answer = json(&[&["convert", text(from), "-o", text(to)], more].concat());
    let size = fs::metadata(to).expect("a file").len();
    assert_eq!(answer["bytes"], size, "{answer}");
    answer
}

/// Nothing is wrong with the form of a dump, as `wer inspect` sees it.
#[track_caller]
fn check(dump: &Path) {
    let output = wer(&["inspect", "--check", text(dump)]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_kernels_core_becomes_a_dump_of_every_type_and_a_core_again() {
    let folder = folder();
    let Some(core) = kernel_core(folder.path(), &["crash", "write", "0x1234"]) else { return };
    let mut sizes = Vec::new();
    for dump_type in ["mini", "heap", "full"] {
        let dump = folder.path().join(dump_type);
        let answer = convert(&core, &dump, &["--type", dump_type]);
        assert_eq!((&answer["kind"], &answer["threads"]), (&"minidump".into(), &4.into()));
        assert_eq!(answer["soft_errors"], Value::Array(Vec::new()), "{dump_type}");
        assert_eq!(fs::metadata(&dump).expect("a dump").permissions().mode() & 0o777, 0o600);
        check(&dump);
        sizes.push(answer["memory_bytes"].as_u64().expect("a number"));
    }
    assert!(sizes.is_sorted(), "a larger type is smaller: {sizes:?}");

    let back = folder.path().join("back");
    let answer = convert(&folder.path().join("full"), &back, &[]);
    assert_eq!((&answer["kind"], &answer["threads"]), (&"core".into(), &4.into()));
    let (one, two) = (gdb::read(target(), &core), gdb::read(target(), &back));
    assert_eq!(two.threads.len(), 4, "{}", two.transcript);
    for (here, there) in one.threads.iter().zip(&two.threads) {
        assert_eq!(there, here);
    }
    assert!(two.threads.iter().any(|thread| thread.stack.contains("crash_here")), "{}", two.transcript);
    assert_eq!(two.facts, one.facts);
    assert!(two.facts.contains("libc.so.6") && two.facts.contains("si_addr = 0x1234"), "{}", two.facts);

    let mini = folder.path().join("mini-back");
    convert(&folder.path().join("mini"), &mini, &[]);
    let three = gdb::read(target(), &mini);
    let registers = |reading: &gdb::Reading| -> Vec<_> {
        reading.threads.iter().map(|thread| (thread.id, thread.registers.clone())).collect()
    };
    assert_eq!(registers(&three), registers(&one), "{}", three.transcript);
    assert!(three.threads.iter().all(|thread| thread.stack.lines().count() >= 1), "{}", three.transcript);

    // What was made back is a core like any other.
    let again = folder.path().join("again");
    convert(&back, &again, &["--type", "full"]);
    check(&again);
}

#[test]
fn a_debuggers_core_of_a_living_process_becomes_a_dump_without_an_exception() {
    let folder = folder();
    let core = gcore(folder.path(), &["threads", "3"]);
    let dump = folder.path().join("dump");
    convert(&core, &dump, &["--type", "full"]);
    check(&dump);
    let streams = json(&["inspect", text(&dump)])["streams"].clone();
    let names: Vec<_> = streams.as_array().expect("a list").iter().map(|it| it["name"].to_string()).collect();
    assert!(!names.iter().any(|name| name.contains("Exception")), "{names:?}");
    let back = folder.path().join("back");
    convert(&dump, &back, &[]);
    let (one, two) = (gdb::read(target(), &core), gdb::read(target(), &back));
    assert_eq!(two.threads, one.threads);
}

#[test]
fn packed_cores_are_converted_too() {
    let folder = folder();
    let core = crash(folder.path(), &["crash", "read", "0x4321"]);
    let plain = convert(&core, &folder.path().join("plain.dmp"), &[]);
    for tool in ["zstd", "lz4"] {
        let packed = folder.path().join(tool);
        let mut command = Command::new(tool);
        command.args(["-q", "-f"]).arg(&core);
        if tool == "zstd" {
            command.arg("-o");
        }
        assert!(command.arg(&packed).status().expect("the tool is installed").success(), "{tool}");
        let dump = folder.path().join(format!("{tool}.dmp"));
        let answer = convert(&packed, &dump, &[]);
        check(&dump);
        assert_eq!(
            (&answer["threads"], &answer["memory_bytes"]),
            (&plain["threads"], &plain["memory_bytes"])
        );
    }
}

#[test]
fn a_compressed_dump_is_as_a_plain_one() {
    let folder = folder();
    let core = crash(folder.path(), &["crash", "read", "0x4321"]);
    let (plain, packed) = (folder.path().join("plain"), folder.path().join("packed"));
    let one = convert(&core, &plain, &["--type", "full"]);
    let two = convert(&core, &packed, &["--compress", "--type", "full"]);
    assert_eq!(one["memory_bytes"], two["memory_bytes"]);
    assert!(two["bytes"].as_u64() < one["bytes"].as_u64(), "{one} {two}");
    check(&packed);
    let (from_plain, from_packed) = (folder.path().join("a.core"), folder.path().join("b.core"));
    convert(&plain, &from_plain, &[]);
    convert(&packed, &from_packed, &[]);
    assert!(fs::read(&from_plain).expect("ours") == fs::read(&from_packed).expect("ours"));
}

#[test]
fn a_cut_core_becomes_a_dump_that_says_so() {
    let folder = folder();
    let Some(core) = kernel_core(folder.path(), &["crash", "write", "0x1234"]) else { return };
    let bytes = fs::read(&core).expect("ours");
    let cut = folder.path().join("cut");
    fs::write(&cut, &bytes[..bytes.len() / 3]).expect("room");
    let dump = folder.path().join("dump");
    let answer = convert(&cut, &dump, &["--type", "full", "--no-files"]);
    assert!(answer["soft_errors"].to_string().contains("The core is cut"), "{answer}");
    check(&dump);
}

#[test]
fn what_exists_stays_and_what_fails_leaves_nothing() {
    let folder = folder();
    let core = crash(folder.path(), &["crash", "read", "0x4321"]);
    let taken = folder.path().join("taken");
    fs::write(&taken, "mine").expect("room");
    let said = refused(&["convert", text(&core), "-o", text(&taken)]);
    assert!(said.contains("exists already"), "{said}");
    assert_eq!(fs::read_to_string(&taken).expect("mine"), "mine");

    let out = folder.path().join("out");
    let said = refused(&["convert", text(&taken), "-o", text(&out)]);
    assert!(said.contains("minidump"), "{said}");
    let said = refused(&["convert", text(target()), "-o", text(&out)]);
    assert!(said.contains("no core file"), "{said}");
    let dump = folder.path().join("dump");
    convert(&core, &dump, &[]);
    for flag in [&["--type", "full"][..], &["--compress"], &["--no-files"]] {
        let said = refused(&[&["convert", text(&dump), "-o", text(&out)], flag].concat());
        assert!(said.contains("no core file"), "{said}");
    }
    let mut bytes = fs::read(&core).expect("ours");
    bytes[18] = 183;
    fs::write(&core, bytes).expect("ours");
    let said = refused(&["convert", text(&core), "-o", text(&out)]);
    assert!(said.contains("ARM64"), "{said}");
    let said = refused(&["convert", text(&folder.path().join("none")), "-o", text(&out)]);
    assert!(said.contains("none") && said.contains("No such file"), "{said}");
    assert!(!out.exists());
}

#[test]
fn registrations_are_read_from_a_core() {
    let folder = folder();
    let size = size_of::<RegistrationBlock>().to_string();
    let words_at = std::mem::offset_of!(RegistrationBlock, last_words).to_string();
    let core: PathBuf = gcore(folder.path(), &["registered", &size, &words_at]);
    let found = json(&["registrations", text(&core)]);
    assert_ne!(found["block_address"], 0, "{found}");
    assert_eq!(found["entries"][0]["kind"], "memory_block", "{found}");
    assert_eq!(found["last_words"], "farewell", "{found}");
    let output = wer(&["registrations", text(&core)]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("The core of process"), "{output:?}");
    let said = refused(&["registrations", text(target())]);
    assert!(said.contains("no core file"), "{said}");
    let none = gcore(folder.path(), &["threads", "1"]);
    assert_eq!(json(&["registrations", text(&none)])["block_address"], 0);
}
