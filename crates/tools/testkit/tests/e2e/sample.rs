//! The article's sample: its module claims the crash, names it, and what it said is in the store, in the event log, in
//! the dump of registered memory and on the server.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use wer_testkit::crasher::Sample;
use wer_testkit::{Sandbox, SandboxOptions, Store, Watson, minidump_reader, wait_for};

const SERVER_LIMIT: Duration = Duration::from_secs(120);
const SIGSEGV: i32 = libc::SIGSEGV;

fn sandbox_with(options: impl Fn(&Sample) -> SandboxOptions, language: &str) -> (Sandbox, Sample) {
    let sandbox = Sandbox::new(&SandboxOptions::default()).expect("a sandbox");
    let samples = sandbox.built().samples();
    let sample = samples.iter().find(|sample| sample.language == language).expect("a sample").clone();
    sandbox.write_settings(&options(&sample)).expect("settings");
    (sandbox, sample)
}

/// Crashes the sample and returns its report.
fn crash(sandbox: &Sandbox, sample: &Sample) -> Result<Value> {
    let module = sample.module.to_string_lossy();
    let ended = sandbox.run(&sample.application, &[&module])?;
    ensure!(ended.signal() == Some(SIGSEGV), "ended otherwise: {}", ended.describe());
    sandbox.the_report_of(Store::User, ended.pid)
}

fn pairs_of(list: &Value) -> Vec<(&str, &str)> {
    let pairs = list.as_array().into_iter().flatten();
    pairs.map(|pair| (pair["name"].as_str().unwrap_or(""), pair["value"].as_str().unwrap_or(""))).collect()
}

fn claimed(sandbox: &Sandbox, sample: &Sample, watson: &Watson) -> Result<()> {
    let shown = crash(sandbox, sample)?;
    let report = &shown["report"];
    let id = report["id"].as_str().context("an id")?.to_owned();
    ensure!(report["signature"]["event_type"] == Sample::EVENT, "not claimed: {report}");
    ensure!(pairs_of(&report["signature"]["parameters"]) == Sample::PAIRS, "{report}");
    ensure!(pairs_of(&report["metadata"]) == Sample::METADATA, "{report}");
    ensure!(report["modules"][0]["verdict"] == "claimed", "{report}");
    let functions = shown["stack"]["frames"].to_string();
    ensure!(functions.contains(Sample::FUNCTION), "{functions}");
    registered_memory(Path::new(shown["folder"].as_str().context("a folder")?))?;
    event_log(sandbox, &id)?;
    on_server(sandbox, watson, &id)
}

/// The registered block is in a dump of its own, not in the mini dump.
fn registered_memory(folder: &Path) -> Result<()> {
    let holds = |name: &str| -> Result<bool> {
        let bytes = std::fs::read(folder.join(name)).with_context(|| name.to_owned())?;
        let log = Sample::BLOCK_START.as_bytes();
        Ok(bytes.windows(log.len()).any(|window| window == log))
    };
    ensure!(holds("registered.dmp")?, "the registered block is not in registered.dmp");
    minidump_reader::read(&folder.join("minidump.mdmp"))?;
    Ok(())
}

fn event_log(sandbox: &Sandbox, id: &str) -> Result<()> {
    let events = sandbox.wer_json(Store::User, &["events"])?;
    let ours = events["events"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|event| event["report_id"] == id && event["event_id"] == 1001);
    let event = ours.with_context(|| format!("no event about {id}: {events}"))?;
    ensure!(event["event_id"] == 1001, "{event}");
    ensure!(event["event_name"] == Sample::EVENT, "{event}");
    ensure!(pairs_of(&event["parameters"]) == Sample::PAIRS, "{event}");
    let notes = event["notes"].to_string();
    ensure!(notes.contains("claimed the crash"), "the log does not say what the module did: {event}");
    Ok(())
}

/// The page shows event and pairs.
fn on_server(sandbox: &Sandbox, watson: &Watson, id: &str) -> Result<()> {
    let bucket = wait_for(&format!("the bucket of {id}"), SERVER_LIMIT, || {
        let shown = sandbox.wer_json(Store::User, &["report", "show", id])?;
        Ok(shown["report"]["reply"]["bucket"].as_u64())
    })?;
    let bucket = watson.get_json(&format!("/api/buckets/{bucket}"))?;
    ensure!(bucket["event_type"] == Sample::EVENT, "{bucket}");
    let (status, page) = watson.get(&format!("/buckets/{}", bucket["id"]))?;
    ensure!(status == 200, "the bucket's page: {status} {page}");
    ensure!(page.contains(Sample::EVENT) && page.contains("Hello world!"), "the bucket's page: {page}");
    Ok(())
}

#[test]
fn both_samples_are_claimed_and_arrive() {
    for language in ["C", "Rust"] {
        let (sandbox, sample) = sandbox_with(|_| SandboxOptions::default(), language);
        let watson = Watson::start(sandbox.built(), &sandbox.path("watson")).expect("a server");
        let options = SandboxOptions {
            server_port: Some(watson.port),
            system_modules: vec![sample.module.clone()],
            ..SandboxOptions::default()
        };
        sandbox.write_settings(&options).expect("settings");
        claimed(&sandbox, &sample, &watson).unwrap_or_else(|error| panic!("{language}: {error:#}"));
    }
}

#[test]
fn a_user_level_module_is_called_but_cannot_claim() {
    let options = |sample: &Sample| SandboxOptions {
        user_modules: vec![sample.module.clone()],
        ..SandboxOptions::default()
    };
    let (sandbox, sample) = sandbox_with(options, "C");
    let shown = crash(&sandbox, &sample).expect("a report");
    assert_eq!(shown["report"]["signature"]["event_type"], "APPCRASH");
    assert_eq!(shown["report"]["modules"][0]["verdict"], "claim_refused", "{}", shown["report"]);
    assert_eq!(pairs_of(&shown["report"]["metadata"]), Sample::METADATA);
}

#[test]
fn a_module_that_nobody_allowed_is_not_loaded() {
    let (sandbox, sample) = sandbox_with(|_| SandboxOptions::default(), "C");
    let shown = crash(&sandbox, &sample).expect("a report");
    assert_eq!(shown["report"]["signature"]["event_type"], "APPCRASH");
    assert_eq!(shown["report"]["modules"][0]["verdict"], "not_allowed", "{}", shown["report"]);
    let events = sandbox.wer(Store::User, &["events"]).expect("wer events");
    assert!(events.stdout.contains("RuntimeExceptionHelperModules"), "{}", events.describe());
}

#[test]
fn a_module_that_is_not_there_costs_nothing() {
    let missing = Path::new("/nonexistent/handler.so");
    let options = |_: &Sample| SandboxOptions {
        system_modules: vec![missing.to_path_buf()],
        ..SandboxOptions::default()
    };
    let (sandbox, sample) = sandbox_with(options, "C");
    let ended = sandbox.run(&sample.application, &["/nonexistent/handler.so"]).expect("the sample runs");
    assert_eq!(ended.signal(), Some(SIGSEGV), "{}", ended.describe());
    let shown = sandbox.the_report_of(Store::User, ended.pid).expect("a report");
    assert_eq!(shown["report"]["modules"][0]["verdict"], "not_loaded", "{}", shown["report"]);
    assert_eq!(shown["report"]["signature"]["event_type"], "APPCRASH");
}
