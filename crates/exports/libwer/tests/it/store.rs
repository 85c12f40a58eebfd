//! Programs read, submit and purge stored reports, and exclude applications, by the real `werfault`.

use std::path::Path;

use tempfile::TempDir;

use crate::build::{WITH_LIBRARY, compile};
use crate::werfault::{run_with_werfault, werfault};

const DIALECTS: [(&str, &[&str]); 4] = [
    ("cc", &["-std=c11", "-D_GNU_SOURCE"]),
    ("cc", &["-std=c11", "-D_GNU_SOURCE", "-fshort-wchar"]),
    ("g++", &["-std=c++17"]),
    ("g++", &["-std=c++17", "-fshort-wchar"]),
];

/// A report in the user's queue, with a file beside it.
fn put(folder: &TempDir, number: u32) {
    let id = format!("{number:08x}-0000-4000-8000-000000000000");
    let report = folder.path().join("store/ReportQueue").join(format!("AppCrash_game_{id}"));
    std::fs::create_dir_all(&report).unwrap();
    let text = format!(
        "Version=1\r\nEventType=MyEvent\r\nEventTime=132000000000000000\r\nReportType=2\r\nConsent=1\r\n\
         ReportIdentifier={id}\r\nSig[0].Name=First\r\nSig[0].Value=one\r\nFriendlyEventName=Stopped\r\n\
         AppName=game\r\nAppPath=/bin/game\r\n"
    );
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(report.join("a.log"), "a line").unwrap();
    std::fs::write(report.join("Report.wer"), bytes).unwrap();
}

fn scene() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["etc", "config/wer"] {
        std::fs::create_dir_all(folder.path().join(part)).unwrap();
    }
    folder
}

#[test]
fn the_store_is_read_submitted_and_purged_in_four_dialects() {
    for (compiler, options) in DIALECTS {
        let folder = scene();
        (1..=3).for_each(|number| put(&folder, number));
        let program = compile(&folder, compiler, "store.c", &[options, &WITH_LIBRARY].concat());
        let ended = run_with_werfault(&folder, &program, werfault(), "");
        assert!(ended.status.success(), "{compiler} {options:?}: {:?}\n{}", ended.status, ended.text);
        let left = std::fs::read_dir(folder.path().join("store/ReportQueue")).unwrap().count();
        assert_eq!(left, 0, "purged");
        assert!(!folder.path().join("machine").exists(), "a question makes no store");
    }
}

#[test]
fn without_werfault_there_is_an_answer() {
    let folder = scene();
    let options = [&["-std=c11", "-D_GNU_SOURCE"], &WITH_LIBRARY[..]].concat();
    let program = compile(&folder, "cc", "store.c", &options);
    for (werfault, wanted) in [("/no/werfault", "0x80070002"), ("/bin/true", "0x8007006D")] {
        let ended = run_with_werfault(&folder, &program, Path::new(werfault), "open");
        assert_eq!(ended.text, format!("{wanted}\n"), "{werfault}");
    }
}

#[test]
fn applications_are_excluded_in_four_dialects() {
    for (compiler, options) in DIALECTS {
        let folder = scene();
        let program = compile(&folder, compiler, "exclusion.c", &[options, &WITH_LIBRARY].concat());
        let ended = run_with_werfault(&folder, &program, werfault(), "");
        assert!(ended.status.success(), "{compiler} {options:?}: {:?}\n{}", ended.status, ended.text);
        let list = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
        let (user, machine) = (list("config/wer/wer.toml"), list("etc/wer.toml"));
        assert!(user.contains("kept.exe") && !user.contains("taken.exe"), "{user}");
        for name in ["all.exe", "legacy.exe", "wide.exe"] {
            assert!(machine.contains(name) && !user.contains(name), "{name}: {machine}");
        }
    }
}
