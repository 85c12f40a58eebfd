//! What a process said before it died, by every way of capture that can know it: in the report, in the dump and in
//! `wer report show`.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use wer_testkit::crasher::{Flavour, KINDS};
use wer_testkit::{Ended, Store, process};

use crate::scene::{CRASH_LIMIT, Scene, compile};

/// How a crash comes to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Attached,
    Preloaded,
    Traced,
    Kernel,
}

/// What is said, and what the report is to hold.
struct Expected<'a> {
    source: &'a str,
    /// Each on a line of its own, in this order.
    lines: &'a [&'a str],
    code: &'a str,
}

fn store(way: Way) -> Store {
    if way == Way::Kernel { Store::Machine } else { Store::User }
}

fn end(scene: &Scene, way: Way, program: &Path, words: &[&str]) -> Ended {
    let ended = match way {
        Way::Attached | Way::Kernel => scene.sandbox.run(program, words),
        Way::Preloaded => scene.sandbox.wer_run(false, program, words),
        Way::Traced => scene.sandbox.wer_run(true, program, words),
    };
    ended.expect("a program that ends")
}

/// The only report of the store, as JSON and as text.
fn shown(scene: &Scene, way: Way, ended: &Ended) -> (Value, String) {
    let reports = scene.sandbox.reports(store(way)).expect("reports");
    assert_eq!(reports.len(), 1, "{way:?}: {} {:?}", ended.describe(), scene.events(store(way)));
    let id = reports[0]["id"].as_str().expect("an id").to_owned();
    let json = scene.sandbox.wer_json(store(way), &["report", "show", &id]).expect("a report");
    let text = scene.sandbox.wer(store(way), &["report", "show", &id]).expect("a report").stdout;
    (json, text)
}

/// So that the next crash has the only report.
fn forget(json: &Value) {
    let folder = json["folder"].as_str().expect("a folder");
    std::fs::remove_dir_all(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
}

/// What the dump's private stream says.
fn in_dump(scene: &Scene, json: &Value) -> Value {
    let dump = PathBuf::from(json["folder"].as_str().expect("a folder")).join("minidump.mdmp");
    let mut command = Command::new(scene.sandbox.built().binary("wer"));
    command.args(["inspect", "--stream", "0x57450002", "--raw"]).arg(&dump);
    let ended = process::run(scene.sandbox.confine(&mut command), CRASH_LIMIT).expect("wer inspect");
    let info: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.describe()));
    info["last_words"].clone()
}

fn check(scene: &Scene, way: Way, ended: &Ended, expected: &Expected<'_>) {
    let (json, text) = shown(scene, way, ended);
    let report = &json["report"];
    let words = &report["last_words"];
    assert_eq!(words["source"], expected.source, "{way:?}: {report}");
    let said: Vec<&str> = words["text"].as_str().expect("a text").lines().collect();
    assert_eq!(said.len(), expected.lines.len(), "{way:?}: {said:?}");
    for (line, part) in said.iter().zip(expected.lines) {
        assert!(line.contains(part), "{way:?}: {said:?}");
        assert!(text.contains(&format!("\n  {line}\n")), "{way:?}: {text}");
    }
    assert_eq!(in_dump(scene, &json), *words, "{way:?}");
    let parameters = report["signature"]["parameters"].as_array().expect("parameters");
    let code = parameters.iter().find(|one| one["name"] == "Exception Code").expect("a code");
    assert_eq!(code["value"], expected.code, "{way:?}: {words}");
    forget(&json);
}

fn program(scene: &Scene) -> PathBuf {
    let arguments = ["-fshort-wchar", "-fstack-protector-all", "-O2", "-D_FORTIFY_SOURCE=2", "-lwer"];
    compile(&scene.sandbox, "last_words.c", "robust-last-words", &arguments).expect("a program")
}

fn crasher(scene: &Scene, name: &str) -> Option<PathBuf> {
    let kind = KINDS.iter().find(|kind| kind.name == name).expect("a kind");
    let program = scene.sandbox.built().crasher(kind, Flavour::Attached);
    if program.is_none() {
        eprintln!("{name} left out: this machine has no compiler for it");
    }
    program
}

/// What ends the program, a part of what glibc says about it, and the code that it stands for.
const GLIBC: [(&str, &str, &str); 6] = [
    ("assert", "Assertion `strlen(way) == 0' failed", "c0000420"),
    ("double-free", "double free detected", "c0000374"),
    ("invalid-free", "invalid pointer", "c0000374"),
    ("overwritten", "free(): invalid pointer", "c0000374"),
    ("smash", "*** stack smashing detected ***: terminated", "c0000409"),
    ("overflow", "*** buffer overflow detected ***: terminated", "c0000409"),
];

/// Everything that every way can know.
fn everything(scene: &Scene, way: Way) {
    let program = program(scene);
    let attach: &[&str] = if way == Way::Attached { &["attach"] } else { &[] };
    for (name, part, code) in GLIBC {
        let ended = end(scene, way, &program, &[attach, &[name]].concat());
        let expected = Expected { source: "glibc_abort_message", lines: &[part], code };
        check(scene, way, &ended, &expected);
    }
    // The program's own words are behind glibc's, and do not decide what kind of abort it was.
    let ended =
        end(scene, way, &program, &[attach, &["words", "stack smashing detected", "invalid-free"]].concat());
    let lines = ["invalid pointer", "stack smashing detected"];
    let expected = Expected { source: "glibc_abort_message", lines: &lines, code: "c0000374" };
    check(scene, way, &ended, &expected);
    let own: [(&str, &str); 2] = [("abort", "40000015"), ("crash", "c0000005")];
    for (name, code) in own {
        let ended =
            end(scene, way, &program, &[attach, &["words", "saving account 7\n2 left", name]].concat());
        let lines = ["saving account 7", "2 left"];
        check(scene, way, &ended, &Expected { source: "application", lines: &lines, code });
    }
    // Without a word there are none: no report has those of another process.
    let ended = end(scene, way, &program, &[attach, &["abort"]].concat());
    let (json, text) = shown(scene, way, &ended);
    assert_eq!(
        (&json["report"]["last_words"], in_dump(scene, &json)),
        (&Value::Null, Value::Null),
        "{way:?}"
    );
    assert!(!text.contains("Last words"), "{text}");
    forget(&json);
}

#[test]
fn an_attached_program_says_them() {
    let scene = Scene::new();
    everything(&scene, Way::Attached);
    if let Some(program) = crasher(&scene, "cpp-exception") {
        let ended = end(&scene, Way::Attached, &program, &[]);
        check(&scene, Way::Attached, &ended, &CPP);
    }
    if let Some(program) = crasher(&scene, "rust-panic") {
        let ended = end(&scene, Way::Attached, &program, &[]);
        check(&scene, Way::Attached, &ended, &RUST);
    }
}

const CPP: Expected<'_> =
    Expected { source: "cpp_exception", lines: &["std::runtime_error: disk on fire"], code: "e06d7363" };
const RUST: Expected<'_> =
    Expected { source: "rust_panic", lines: &["ledger has no entry 7"], code: "40000015" };

#[test]
fn a_preloaded_program_says_them() {
    let scene = Scene::new();
    everything(&scene, Way::Preloaded);
    let kind = KINDS.iter().find(|kind| kind.name == "cpp-exception").expect("a kind");
    let Some(program) = scene.sandbox.built().crasher(kind, Flavour::Plain) else { return };
    let ended = end(&scene, Way::Preloaded, &program, &[]);
    check(&scene, Way::Preloaded, &ended, &CPP);
}

#[test]
fn a_supervised_program_says_them() {
    everything(&Scene::new(), Way::Traced);
}

/// What the program's own handlers had kept is found by the kernel's reporter when they could not report.
#[test]
fn a_program_that_the_kernel_reports_says_them() {
    let scene = Scene::new();
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    everything(&scene, Way::Kernel);
    for (name, expected) in [("cpp-exception", &CPP), ("rust-panic", &RUST)] {
        let Some(program) = crasher(&scene, name) else { continue };
        let mut command = Command::new(program);
        let command = scene.sandbox.confine(&mut command).env("WER_WERFAULT", scene.sandbox.path("missing"));
        let ended = process::run(command, CRASH_LIMIT).expect("a program that ends");
        check(&scene, Way::Kernel, &ended, expected);
    }
}
