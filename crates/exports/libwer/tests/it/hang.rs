//! `WerReportHang` and the watchdog of C programs, by the real `werfault`.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::build::{WITH_LIBRARY, compile, library_folder};
use crate::report_dump::{DIALECTS, report_text};
use crate::werfault::{run_with_werfault, werfault};

fn scene() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for part in ["etc", "config/wer"] {
        fs::create_dir_all(folder.path().join(part)).unwrap();
    }
    let (compiler, options) = DIALECTS[0];
    let program = compile(&folder, compiler, "hang.c", &[options, &WITH_LIBRARY].concat());
    (folder, program)
}

/// The reports of the queue, when there are as many.
fn wait_for(folder: &Path, count: usize) -> Vec<PathBuf> {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let queue = fs::read_dir(folder.join("store/ReportQueue")).into_iter().flatten();
        let reports: Vec<_> = queue.map(|entry| entry.unwrap().path()).collect();
        if reports.len() >= count {
            return reports;
        }
        assert!(Instant::now() < end, "{reports:?}");
        std::thread::yield_now();
    }
}

#[test]
fn every_answer_in_four_dialects() {
    for (compiler, options) in DIALECTS {
        let (folder, _) = scene();
        let program = compile(&folder, compiler, "hang.c", &[options, &WITH_LIBRARY].concat());
        let ended = run_with_werfault(&folder, &program, werfault(), "");
        assert!(ended.status.success(), "{compiler} {options:?}: {:?}\n{}", ended.status, ended.text);
    }
}

#[test]
fn a_hang_of_a_child_is_reported_under_its_name_and_the_child_is_ended() {
    let (folder, program) = scene();
    let ended = run_with_werfault(&folder, &program, werfault(), "reports");
    assert!(ended.status.success(), "{:?}\n{}", ended.status, ended.text);
    let report = wait_for(folder.path(), 1).remove(0);
    let text = report_text(&report);
    for line in ["EventType=AppHangB1", "ReportType=3", "AppName=An \u{e9}ditor"] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert!(report.join("minidump.mdmp").exists());
}

#[test]
fn a_process_is_ended_also_where_the_settings_want_no_report() {
    let (folder, program) = scene();
    fs::write(folder.path().join("etc/wer.toml"), "Disabled = 1\n").unwrap();
    let ended = run_with_werfault(&folder, &program, werfault(), "reports");
    assert!(ended.status.success(), "{:?}\n{}", ended.status, ended.text);
    let queue: Vec<_> = fs::read_dir(folder.path().join("store/ReportQueue")).into_iter().flatten().collect();
    assert!(queue.is_empty(), "{queue:?}\n{}", ended.text);
}

#[test]
fn a_watchdog_reports_without_a_child_or_a_signal_of_its_program() {
    let (folder, program) = scene();
    let mut child = Command::new(program)
        .arg("stands")
        .env("LD_LIBRARY_PATH", library_folder())
        .env("WER_WERFAULT", werfault())
        .env("WER_SYSTEM_CONFIG_DIR", folder.path().join("etc"))
        .env("XDG_CONFIG_HOME", folder.path().join("config"))
        .env("WER_STORE_DIR", folder.path().join("store"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(folder.path(), 1);
    child.stdin.as_mut().unwrap().write_all(b"x").unwrap();
    let reports = wait_for(folder.path(), 2);
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    for report in reports {
        let text = report_text(&report);
        assert!(text.lines().any(|line| line.starts_with("EventType=AppHang")), "{text}");
    }
}

#[test]
fn without_werfault_nothing_is_ended() {
    let (folder, program) = scene();
    // It names its parent, which is this test.
    for (werfault, wanted) in [("/no/werfault", "0x80070002"), ("/bin/true", "0x8007006D")] {
        let ended = run_with_werfault(&folder, &program, Path::new(werfault), "alone");
        assert_eq!(ended.text, format!("{wanted}\n"), "{werfault}");
    }
}
