//! A program whose watchdog is not petted is reported while it goes on.

use std::process::{Command, Stdio};
use std::time::Duration;

use wer_client::crash::watchdog::Watchdog;
use wer_store::Store;

/// What the test starts: a thread that does not pet its watchdog until its standard input ends.
#[test]
#[ignore = "the program of the next test"]
fn stands_still() {
    let werfault = env!("CARGO_BIN_EXE_werfault").into();
    let watchdog = Watchdog::start(Duration::from_millis(100), Some(werfault)).expect("a thread");
    let mut end = String::new();
    std::io::stdin().read_line(&mut end).expect("its end");
    watchdog.pet();
    assert_eq!(end, "go on\n");
}

#[test]
fn a_watchdog_that_is_not_petted_reports_and_the_program_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(std::env::current_exe().expect("ourselves"))
        .args(["--exact", "it::hang::stands_still", "--ignored", "--test-threads=1"])
        .env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path().join("config"))
        .env("XDG_STATE_HOME", folder.path().join("state"))
        .env("WER_SYSTEM_CONFIG_DIR", folder.path().join("etc"))
        .env("WER_STORE_DIR", folder.path().join("store"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let store = Store::open(&folder.path().join("store")).expect("a store");
    let end = std::time::Instant::now() + Duration::from_secs(60);
    let report = loop {
        let queued = store.list(wer_model::ReportState::Queued).expect("the queue");
        if let Some(stored) = queued.first() {
            break wer_report::report_wer::parse(&stored.report_wer().expect("a file")).expect("a report");
        }
        assert!(std::time::Instant::now() < end, "there is no report");
        std::thread::yield_now();
    };
    assert_eq!(report.pid, child.id());
    assert!(report.signature.event_type.starts_with("AppHang"), "{:?}", report.signature);
    use std::io::Write as _;
    child.stdin.take().expect("its end").write_all(b"go on\n").expect("it reads");
    assert!(child.wait().expect("its end").success());
    assert_eq!(
        store.list(wer_model::ReportState::Queued).expect("the queue").len(),
        1,
        "one hang, one report"
    );
}
