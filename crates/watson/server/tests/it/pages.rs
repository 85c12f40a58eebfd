//! Pages with hostile text in every field of the wire and of the analysis.

use std::sync::Arc;

use watson_db::{ReadFile, Reading, RegisteredBlock};
use watson_server::worker::Analyzer;
use wer_model::{
    Analysis, AnalysisModule, Frame, FrameTrust, LastWords, LastWordsSource, Parameter, ThreadStack,
};
use wer_wire::{ApplicationInfo, Level1Request};

use crate::world::{World, cab, crash, folder};

/// Breaks out of text, of both kinds of quotes, and of tags.
const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";

fn evil() -> String {
    EVIL.to_owned()
}

fn evil_request() -> Level1Request {
    Level1Request {
        user_name: evil(),
        machine_name: evil(),
        os: evil(),
        lcid: evil(),
        oem: Some(evil()),
        application: Some(ApplicationInfo { name: evil(), path: evil(), company: Some(evil()) }),
        report_type: 2,
        event_type: evil(),
        friendly_event_name: Some(evil()),
        event_description: Some(evil()),
        event_time_filetime: crash("a", 1).event_time_filetime,
        parameters: (0..10).map(|id| (id, evil(), format!("{EVIL}{id}"))).collect(),
        secondary_parameters: vec![(evil(), evil())],
        files: vec![(evil(), 2)],
    }
}

fn evil_frame(trust: FrameTrust) -> Frame {
    Frame {
        instruction: u64::MAX,
        module: Some(evil()),
        module_offset: Some(u64::MAX),
        function: Some(evil()),
        function_offset: Some(u64::MAX),
        file: Some(evil()),
        line: Some(u32::MAX),
        trust,
    }
}

fn evil_reading() -> Reading {
    let pair = || Parameter::new(EVIL, EVIL);
    let frames =
        vec![evil_frame(FrameTrust::Context), evil_frame(FrameTrust::Scan), evil_frame(FrameTrust::Inline)];
    Reading {
        report_guid: Some(evil()),
        analysis: Some(Analysis {
            crash_reason: Some(evil()),
            crash_address: Some(u64::MAX),
            crashing_thread: Some(1),
            threads: vec![ThreadStack { id: 1, name: Some(evil()), frames }],
            modules: vec![AnalysisModule {
                path: evil(),
                base: u64::MAX,
                size: u64::MAX,
                debug_id: evil(),
                code_id: evil(),
                version: evil(),
                has_symbols: true,
            }],
            notes: vec![evil()],
        }),
        signature: Some(evil()),
        top_function: Some(evil()),
        parameters: vec![pair()],
        metadata: vec![pair()],
        last_words: Some(LastWords { source: LastWordsSource::Application, text: evil() }),
        notes: vec![evil()],
        registered_blocks: vec![RegisteredBlock {
            address: u64::MAX,
            size_bytes: u64::MAX,
            hex: EVIL.bytes().map(|byte| format!("{byte:02x}")).collect(),
        }],
        files: vec![ReadFile { name: evil(), size_bytes: u64::MAX }],
    }
}

fn reads(reading: Reading) -> Analyzer {
    Arc::new(move |_| {
        let reading = reading.clone();
        Box::pin(async { Ok(reading) })
    })
}

#[tokio::test]
async fn hostile_text_is_text_on_every_page() {
    let dir = folder();
    let world = World::start_with(dir.path(), None, reads(evil_reading())).await;
    let bucket = world.report_with_cab(&evil_request(), &cab(EVIL, EVIL.as_bytes())).await;
    let report = world.report_in_state(bucket, "done").await;
    let id = report["id"].as_str().unwrap();
    let searched = format!("/?page={EVIL}").replace([' ', '"', '<', '>'], "+");
    for path in [
        "/".to_owned(),
        searched,
        format!("/buckets/{bucket}"),
        format!("/reports/{id}"),
        "/nothing%3Cscript%3E".to_owned(),
    ] {
        let reply = world.get(&path).await;
        let text = reply.text();
        for tag in ["<script", "<img src=x", "onerror=alert(1)>", "javascript:"] {
            assert!(!text.contains(tag), "{path} has {tag}: {text}");
        }
        let policy =
            reply.header("content-security-policy").unwrap_or_else(|| panic!("{path}: {}", reply.head));
        assert!(policy.starts_with("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert!(!text.contains(" style=") && !text.contains("<style"), "{path} styles inline");
    }
    let page = world.get(&format!("/reports/{id}")).await.text();
    assert!(page.matches("&#60;script&#62;alert(1)").count() >= 15, "{page}");
    assert!(world.get("/api/buckets").await.header("content-type").unwrap().starts_with("application/json"));
}

#[tokio::test]
async fn a_report_shows_what_was_found() {
    let frame = |function: &str, line| Frame {
        instruction: 0x40_1000,
        module: Some("app".into()),
        module_offset: Some(0x1000),
        function: Some(function.into()),
        function_offset: Some(4),
        file: Some("/src/app.c".into()),
        line: Some(line),
        trust: FrameTrust::CallFrameInfo,
    };
    let thread = |id, frames| ThreadStack { id, name: None, frames };
    let reading = Reading {
        analysis: Some(Analysis {
            crash_reason: Some("SIGSEGV / SEGV_MAPERR".into()),
            crash_address: Some(0),
            crashing_thread: Some(7),
            threads: vec![
                thread(7, vec![frame("null_write", 12), frame("main", 40)]),
                thread(8, vec![frame("wait", 1)]),
            ],
            modules: vec![],
            notes: vec![],
        }),
        signature: Some("null_write | main".into()),
        top_function: Some("null_write".into()),
        metadata: vec![Parameter::new("build", "42")],
        notes: vec!["Module /x.so did not claim the crash.".into()],
        registered_blocks: vec![RegisteredBlock { address: 0x1000, size_bytes: 5, hex: "48656c6c6f".into() }],
        ..Reading::default()
    };
    let dir = folder();
    let world = World::start_with(dir.path(), None, reads(reading)).await;
    let bucket = world.report_with_cab(&crash("app", 1), &cab("a", b"x")).await;
    let report = world.report_in_state(bucket, "done").await;
    assert_eq!(report["top_function"], "null_write");
    assert_eq!(report["metadata"][0]["value"], "42");
    assert_eq!(report["analysis"]["threads"][0]["frames"][0]["line"], 12);
    assert_eq!(report["registered_blocks"][0]["hex"], "48656c6c6f");
    assert_eq!(report["parameters"][6]["value"], "c0000005");

    let page = world.get(&format!("/reports/{}", report["id"].as_str().unwrap())).await.text();
    for shown in [
        "SIGSEGV / SEGV_MAPERR",
        "0x0000000000000000",
        "null_write + 0x4",
        "/src/app.c:12",
        "All 2 threads",
        "Thread 7, crashed",
        "Module /x.so did not claim the crash.",
        "48 65 6c 6c 6f",
        "|Hello|",
        "c0000005",
    ] {
        assert!(page.contains(shown), "{shown} is not on the page: {page}");
    }
    let list = world.get("/").await.text();
    for shown in ["1 crash in 1 bucket", "APPCRASH", "<code>null_write</code>", "<svg"] {
        assert!(list.contains(shown), "{shown} is not in the list: {list}");
    }
    let bucket_page = world.get(&format!("/buckets/{bucket}")).await.text();
    assert!(
        bucket_page.contains("null_write | main") && bucket_page.contains("Exception Code"),
        "{bucket_page}"
    );
}

#[tokio::test]
async fn the_style_sheet_is_served() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let style = world.get("/static/watson.css").await;
    assert_eq!(style.header("content-type"), Some("text/css; charset=utf-8"));
    assert!(style.text().contains("prefers-color-scheme: dark"));
}
