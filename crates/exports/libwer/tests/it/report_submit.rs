//! Programs submit reports of their own, by the real `werfault`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use wer_abi::Hresult;
use wer_abi::store_requests::answer_head;

use crate::build::{WITH_LIBRARY, compile};
use crate::werfault::{run_with_werfault, werfault};

fn scene() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["etc", "config/wer"] {
        fs::create_dir_all(folder.path().join(part)).unwrap();
    }
    folder
}

fn queued(folder: &Path) -> Vec<PathBuf> {
    let queue = fs::read_dir(folder.join("store/ReportQueue")).unwrap();
    queue.map(|entry| entry.unwrap().path()).collect()
}

fn report_wer(report: &Path) -> String {
    let bytes = fs::read(report.join("Report.wer")).unwrap();
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    String::from_utf16(&units).unwrap()
}

#[test]
fn everything_that_a_program_says_stands_in_its_report() {
    const ALWAYS: [&str; 7] = [
        "ReportType=1",
        "ConsentKey=OwnKey",
        "FriendlyEventName=Friendly \u{e9}vent",
        "AppName=Own Name",
        "AppPath=/own/path",
        "ReportDescription=Two\u{240a}lines",
        "UI[2]=c",
    ];
    let folder = scene();
    let program = compile(&folder, "cc", "report_submit.c", &[&["-std=c11"], &WITH_LIBRARY[..]].concat());
    let of_v3 = ["NsPartner=partner", "NsGroup=group"];
    let of_v4 = ["ApplicationIdentity=a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"];
    for (size, has_v3, has_v4) in
        [(2208, false, false), (2464, true, false), (2496, true, true), (2504, true, true)]
    {
        let _ = fs::remove_dir_all(folder.path().join("store"));
        let ended = run_with_werfault(&folder, &program, werfault(), &format!("says-{size}"));
        assert!(ended.status.success(), "{size}: {:?}\n{}", ended.status, ended.text);
        let reports = queued(folder.path());
        let text = report_wer(&reports[0]);
        let has = |line: &str| text.lines().any(|found| found == line);
        for line in ALWAYS {
            assert!(has(line), "{size}: {line}\n{text}");
        }
        for (lines, wanted) in [(&of_v3[..], has_v3), (&of_v4[..], has_v4)] {
            for line in lines {
                assert_eq!(has(line), wanted, "{size}: {line}\n{text}");
            }
        }
        for (number, letter) in (1..=10).zip('b'..) {
            assert!(has(&format!("UI[{number}]={letter}")), "{size}: UI[{number}]\n{text}");
        }
    }
}

#[test]
fn a_report_of_its_own_tells_what_its_program_was() {
    let folder = scene();
    let program = compile(&folder, "cc", "report_submit.c", &[&["-std=c11"], &WITH_LIBRARY[..]].concat());
    let ended = run_with_werfault(&folder, &program, werfault(), "");
    assert!(ended.status.success(), "{:?}\n{}", ended.status, ended.text);
    let report = &queued(folder.path())[0];
    let text = report_wer(report);
    let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    assert_eq!(line("LoadedModule[0]="), program.to_str());
    assert_eq!(line("UI[2]="), program.to_str());
    assert!(
        text.lines().any(|line| line.starts_with("LoadedModule[") && line.ends_with("/libwer.so")),
        "{text}"
    );
    assert_eq!(line("Linux.CaptureSource="), Some("running"));
    assert_eq!(line("Linux.AppVersion="), Some("0.0.0.0"));
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(line("DynamicSig[1].Value="), Some(release.trim()));
    assert_eq!(line("OsInfo[0].Key="), Some("vermaj"));
    assert!(line("NsPartner=").is_none() && line("ReportDescription=").is_none(), "nobody said so:\n{text}");
    assert!(line("SoftError[0].Message=").is_none(), "{text}");
    assert!(report.join("WERInternalMetadata.xml").exists());
}

#[test]
fn reports_are_submitted_in_four_dialects() {
    let dialects: [(&str, &[&str]); 4] = [
        ("cc", &["-std=c11"]),
        ("cc", &["-std=c11", "-fshort-wchar"]),
        ("g++", &["-std=c++17"]),
        ("g++", &["-std=c++17", "-fshort-wchar"]),
    ];
    for (compiler, options) in dialects {
        let folder = scene();
        let program = compile(&folder, compiler, "report_submit.c", &[options, &WITH_LIBRARY].concat());
        let ended = run_with_werfault(&folder, &program, werfault(), "");
        assert!(ended.status.success(), "{compiler} {options:?}: {:?}\n{}", ended.status, ended.text);
        let reports = queued(folder.path());
        assert_eq!(reports.len(), 2, "{reports:?}");
        for report in reports {
            let name = report.file_name().unwrap().to_string_lossy().into_owned();
            assert!(name.starts_with("NonCritical_"), "{name}");
            let text = report_wer(&report);
            for line in [
                "EventType=OwnEvent",
                "ReportType=0",
                "Sig[0].Name=First",
                "Sig[1].Name=P1",
                "Sig[2].Value=three",
                "FriendlyEventName=Told by itself",
                "ConsentKey=OwnEvent",
                "AppName=report_submit-c",
                "File[0].Original.Path=/etc/passwd",
            ] {
                assert!(text.lines().any(|found| found == line), "{line}\n{text}");
            }
            let file = text.lines().find_map(|line| line.strip_prefix("File[0].Path=")).unwrap();
            assert_eq!(fs::read(report.join(file)).unwrap(), fs::read("/etc/passwd").unwrap());
        }
    }
}

#[test]
fn a_program_that_leaves_at_once_loses_no_report() {
    let folder = scene();
    let program = compile(&folder, "cc", "report_submit.c", &[&["-std=c11"], &WITH_LIBRARY[..]].concat());
    for round in 1..=5 {
        let ended = run_with_werfault(&folder, &program, werfault(), "leaves");
        assert!(ended.status.success(), "{:?}\n{}", ended.status, ended.text);
        assert_eq!(queued(folder.path()).len(), round);
    }
}

/// A program in the place of `werfault`.
fn stand_in(folder: &Path, name: &str, script: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn a_werfault_that_is_missing_dies_or_answers_junk_is_answered_and_leaves_nothing() {
    let folder = scene();
    let program = compile(&folder, "cc", "report_submit.c", &[&["-std=c11"], &WITH_LIBRARY[..]].concat());
    let answer = |payload: &[u8]| {
        let bytes = [&answer_head(Hresult::S_OK, 4)[..], payload].concat();
        let octal: String = bytes.iter().map(|byte| format!("\\{byte:03o}")).collect();
        format!("cat <&3 >/dev/null; printf '{octal}' >&3")
    };
    for (name, script, wanted) in [
        ("ends", "exit 0".to_owned(), "0x8007006D"),
        ("dies", "kill -KILL $$".to_owned(), "0x8007006D"),
        ("reads-and-dies", "cat <&3 >/dev/null; kill -SEGV $$".to_owned(), "0x8007006D"),
        ("junk", "cat <&3 >/dev/null; echo junk >&3".to_owned(), "0x8007000D"),
        ("without-result", answer(&[]), "0x8007000D"),
        ("cut", answer(&[1, 0]), "0x8007000D"),
        ("too-long", answer(&[1, 0, 0, 0, 0]), "0x8007000D"),
        ("no-result", answer(&[0, 0, 0, 0]), "0x8007000D"),
        ("unknown-result", answer(&[13, 0, 0, 0]), "0x8007000D"),
        ("endless", "cat /dev/zero >&3 2>/dev/null".to_owned(), "0x8007000D"),
    ] {
        let werfault = stand_in(folder.path(), name, &script);
        let ended = run_with_werfault(&folder, &program, &werfault, "alone");
        assert_eq!(ended.text, format!("{wanted}\n"), "{name}");
        assert!(ended.status.success(), "{name}: the result is untouched");
    }
    assert!(!folder.path().join("store").exists());
}

#[test]
fn a_werfault_that_is_killed_on_the_way_leaves_no_half_report() {
    let folder = scene();
    let program = compile(&folder, "cc", "report_submit.c", &[&["-std=c11"], &WITH_LIBRARY[..]].concat());
    for (spot, stored) in [("copied", 0), ("committed", 1)] {
        let script = format!("WER_FAIL_SPOT={spot} exec '{}' \"$@\"", werfault().display());
        let killed = stand_in(folder.path(), spot, &script);
        let ended = run_with_werfault(&folder, &program, &killed, "alone");
        assert_eq!(ended.text, "0x8007006D\n", "{spot}");
        assert_eq!(queued(folder.path()).len(), stored, "{spot}");
    }
    let whole = queued(folder.path());
    assert!(report_wer(&whole[0]).contains("EventType=OwnEvent"));
    let ended = run_with_werfault(&folder, &program, werfault(), "alone");
    assert_eq!(ended.text, "0x00000000\n", "the next one is stored");
    assert_eq!(queued(folder.path()).len(), 2);
}

#[test]
fn without_werfault_a_submission_is_answered() {
    let folder = scene();
    let program = compile(&folder, "cc", "report_submit.c", &[&["-std=c11"], &WITH_LIBRARY[..]].concat());
    for (werfault, wanted) in [("/no/werfault", "0x80070002"), ("/bin/true", "0x8007006D")] {
        let ended = run_with_werfault(&folder, &program, Path::new(werfault), "alone");
        assert_eq!(ended.text, format!("{wanted}\n"), "{werfault}");
        assert!(ended.status.success(), "the result is untouched");
    }
}
