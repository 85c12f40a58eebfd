//! What `wer` refuses, and whether it says what to do.

use wer_testkit::crasher::{Flavour, kind};
use wer_testkit::{Ended, Sandbox, SandboxOptions, Store};

fn sandbox() -> Sandbox {
    Sandbox::new(&SandboxOptions::default()).expect("a sandbox")
}

fn wer(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    sandbox.wer(Store::User, arguments).expect("wer runs")
}

#[test]
fn exit_codes_and_messages() {
    let sandbox = sandbox();
    for (arguments, code, said) in [
        (&["reports"][..], 0, ""),
        (&["report", "show", "0123"], 1, "wer reports"),
        (&["dump", "4294967294"], 1, "4294967294"),
        (&["registrations", "4294967294"], 1, "4294967294"),
        (&["config", "get", "NoSuchSetting"], 1, "NoSuchSetting"),
        (&["config", "set", "Consent.DefaultConsent", "9"], 1, "DefaultConsent"),
        (&["module", "check", "/nonexistent.so"], 1, "/nonexistent.so"),
        (&["run", "--", "/nonexistent/program"], 1, "/nonexistent/program"),
        (&["run", "--trace", "--", "/nonexistent/program"], 1, "/nonexistent/program"),
        (&["submit"], 2, "--all"),
        (&["no-such-command"], 2, "no-such-command"),
    ] {
        let ended = wer(&sandbox, arguments);
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {}", ended.describe());
        assert!(ended.stderr.contains(said), "{arguments:?}: {}", ended.describe());
    }
}

#[test]
fn a_static_program_is_sent_to_the_supervisor() {
    let sandbox = sandbox();
    let kind = kind("c-static").expect("a kind of the catalogue");
    let program = sandbox.built().crasher(kind, Flavour::Plain).expect("a C compiler");
    let ended = sandbox.wer_run(false, &program, &[]).expect("wer runs");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.describe());
    assert!(ended.stderr.contains("wer run --trace"), "{}", ended.describe());
}

#[test]
fn a_program_that_ends_well_ends_as_it_would_without_us() {
    let sandbox = sandbox();
    let shell = std::path::Path::new("/bin/sh");
    for traced in [false, true] {
        let ended =
            sandbox.wer_run(traced, shell, &["-c", "echo out; echo err >&2; exit 7"]).expect("it runs");
        assert_eq!(ended.status.code(), Some(7), "traced {traced}: {}", ended.describe());
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("out\n", "err\n"), "traced {traced}");
        let ended = sandbox.wer_run(traced, shell, &["-c", "kill -TERM $$"]).expect("it runs");
        assert_eq!(ended.signal(), Some(libc::SIGTERM), "traced {traced}: {}", ended.describe());
    }
    assert!(sandbox.reports(Store::User).expect("reports").is_empty());
}

#[test]
fn a_report_waits_for_consent_and_says_how_to_give_it() {
    let sandbox = sandbox();
    sandbox
        .write_settings(&SandboxOptions {
            top_lines: vec!["CorporateWERServer = \"127.0.0.1\"".into(), "CorporateWERPortNumber = 9".into()],
            ..SandboxOptions::default()
        })
        .expect("settings");
    let kind = kind("c-null-write").expect("a kind of the catalogue");
    let program = sandbox.built().crasher(kind, Flavour::Attached).expect("a C compiler");
    let ended = sandbox.run(&program, &[]).expect("it runs");
    let shown = sandbox.the_report_of(Store::User, ended.pid).expect("a report");
    let id = shown["report"]["id"].as_str().expect("an id");
    assert_eq!(shown["state"], "queued");
    let waits = wer(&sandbox, &["submit", id]);
    assert!(waits.stdout.contains("--approve"), "{}", waits.describe());
    // Nobody listens on that port: the report stays, whatever was allowed.
    let unreachable = wer(&sandbox, &["submit", id, "--approve"]);
    assert_eq!(unreachable.status.code(), Some(0), "{}", unreachable.describe());
    assert!(unreachable.stdout.contains("waits"), "{}", unreachable.describe());
    let again = sandbox.wer_json(Store::User, &["report", "show", id]).expect("the report");
    assert_eq!(again["state"], "queued", "{again}");
}
