//! `ReportFault`: crashes that programs report themselves.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use minidump::{Minidump, MinidumpException, MinidumpSystemInfo};
use tempfile::TempDir;

use crate::build::{Ended, WITH_LIBRARY, compile};
use crate::report_dump::{DIALECTS, report_text};
use crate::werfault::{run_with_werfault, werfault};

struct Scene {
    folder: TempDir,
    program: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["etc", "config/wer"] {
            fs::create_dir_all(folder.path().join(part)).unwrap();
        }
        let (compiler, options) = DIALECTS[0];
        let program = compile(&folder, compiler, "fault_report.c", &[options, &WITH_LIBRARY].concat());
        Self { folder, program }
    }

    fn run(&self, argument: &str) -> Ended {
        run_with_werfault(&self.folder, &self.program, werfault(), argument)
    }

    fn reports(&self) -> Vec<PathBuf> {
        let Ok(queue) = fs::read_dir(self.folder.path().join("store/ReportQueue")) else { return Vec::new() };
        queue.map(|entry| entry.unwrap().path()).collect()
    }
}

/// That of an instruction, as the program printed it, is the dump's.
fn assert_report_of(report: &Path, rip: &str) {
    let text = report_text(report);
    for line in ["EventType=APPCRASH", "ReportType=2", "Sig[6].Value=c0000005"] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    let dump = Minidump::read_path(report.join("minidump.mdmp")).unwrap();
    let exception: MinidumpException<'_> = dump.get_stream().unwrap();
    let system: MinidumpSystemInfo = dump.get_stream().unwrap();
    let context = exception.context(&system, None).unwrap();
    assert_eq!(format!("{:#x}", context.get_instruction_pointer()), rip);
    assert_eq!(exception.raw.exception_record.exception_address, 0x10);
}

#[test]
fn every_answer_in_four_dialects() {
    for (compiler, options) in DIALECTS {
        let scene = Scene::new();
        let options = [options, &WITH_LIBRARY].concat();
        let program = compile(&scene.folder, compiler, "fault_report.c", &options);
        let ended = run_with_werfault(&scene.folder, &program, Path::new("/no/werfault"), "");
        assert!(ended.status.success(), "{compiler} {options:?}: {:?}\n{}", ended.status, ended.text);
    }
}

#[test]
fn a_caught_crash_is_reported_as_any_other_and_the_process_goes_on() {
    let scene = Scene::new();
    fs::write(scene.folder.path().join("etc/wer.toml"), "[LocalDumps]\nDumpCount = 2\n").unwrap();
    let ended = scene.run("crash");
    assert_eq!(ended.status.code(), Some(0), "{}", ended.text);
    let [answer, rip] = ended.text.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{}", ended.text)
    };
    assert_eq!(answer, "2", "it waits for the name of a server");
    let reports = scene.reports();
    assert_eq!(reports.len(), 1, "{reports:?}");
    assert_report_of(&reports[0], rip);
    assert_eq!(fs::read_dir(scene.folder.path().join("store/CrashDumps")).unwrap().count(), 1);
}

#[test]
fn a_crash_that_follows_is_a_report_of_its_own() {
    let scene = Scene::new();
    let ended = scene.run("dies");
    assert_eq!(ended.status.signal(), Some(libc::SIGSEGV), "{}", ended.text);
    let rip = ended.text.split_whitespace().nth(1).unwrap();
    assert_eq!(scene.reports().len(), 2);
    for report in scene.reports() {
        assert_report_of(&report, rip);
    }
}

#[test]
fn threads_report_one_after_the_other_or_are_told() {
    let scene = Scene::new();
    let ended = scene.run("many");
    assert!(ended.status.success(), "{}", ended.text);
    let stored: usize = ended.text.trim().parse().unwrap();
    assert!((1..=8).contains(&stored));
    assert_eq!(scene.reports().len(), stored);
}

#[test]
fn without_a_reporter_the_program_does_what_it_likes() {
    let scene = Scene::new();
    let answer = |werfault: &Path| {
        let ended = run_with_werfault(&scene.folder, &scene.program, werfault, "once");
        ended.text.trim().to_owned()
    };
    assert_eq!(answer(Path::new("/no/werfault")), "4");
    assert_eq!(answer(Path::new("/bin/true")), "3");
    let settings = scene.folder.path().join("etc/wer.toml");
    fs::write(&settings, "Disabled = 1\n").unwrap();
    assert_eq!(answer(werfault()), "4");
    assert_eq!(scene.reports(), Vec::<PathBuf>::new());
    fs::write(&settings, "CorporateWERServer = '127.0.0.1'\n[Consent]\nDefaultConsent = 4\n").unwrap();
    assert_eq!(answer(werfault()), "7", "it is sent when the program has been answered");
}
