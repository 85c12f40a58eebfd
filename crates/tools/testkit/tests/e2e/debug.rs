//! `wer debug` on the report of a real crash, by the debuggers that are installed.

use wer_testkit::crasher::{Flavour, kind};
use wer_testkit::{Sandbox, SandboxOptions, Store};

#[test]
fn both_debuggers_show_the_function_that_crashed() {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let kind = kind("c-null-write").expect("a kind of the catalogue");
    let program = sandbox.built().crasher(kind, Flavour::Attached).expect("a C compiler");
    let ended = sandbox.run(&program, &[]).expect("it runs");
    let shown = sandbox.the_report_of(Store::User, ended.pid).expect("a report");
    let id = shown["report"]["id"].as_str().expect("an id");
    for debugger in ["gdb", "lldb"] {
        let arguments = ["debug", id, "--batch", "--debugger", debugger];
        let ended = sandbox.wer(Store::User, &arguments).expect("wer runs");
        assert_eq!(ended.status.code(), Some(0), "{debugger}: {}", ended.describe());
        assert!(ended.stdout.contains(kind.function), "{debugger}: {}", ended.describe());
        let arguments = ["debug", id, "--print", "--debugger", debugger];
        let told = sandbox.wer_json(Store::User, &arguments).expect("JSON");
        assert_eq!(told["debugger"], debugger);
        let last = told["commands"].as_array().and_then(|lines| lines.last()).expect("a command");
        assert_eq!(last[0], debugger);
    }
    let ended = sandbox.wer(Store::User, &["debug", "0000"]).expect("wer runs");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.describe());
}
