//! A program's own reports, the store and exclusion from Rust: the example, run with the real `werfault`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The folder of this profile, with the example and `werfault` built.
fn binaries() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // target/PROFILE/deps/it-0123
    let folder = test.ancestors().nth(2).unwrap().to_owned();
    let profile = if folder.ends_with("release") { "release" } else { "dev" };
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--package", "wer-fault", "--package", "report-sample"]);
    let built = command.args(["--profile", profile]).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    folder
}

struct Scene {
    folder: TempDir,
    binaries: PathBuf,
}

impl Scene {
    fn run(&self, werfault: &Path, arguments: &[&str]) -> Output {
        let folder = self.folder.path();
        Command::new(self.binaries.join("report-sample"))
            .args(arguments)
            .env("WER_WERFAULT", werfault)
            .env("WER_SYSTEM_CONFIG_DIR", folder.join("etc"))
            .env("XDG_CONFIG_HOME", folder.join("config"))
            .env("WER_STORE_DIR", folder.join("store"))
            .output()
            .unwrap()
    }

    /// What it printed, once it succeeded.
    fn said(&self, arguments: &[&str]) -> String {
        let ran = self.run(&self.binaries.join("werfault"), arguments);
        assert!(ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    /// Its error, once it failed.
    fn error(&self, werfault: &Path, arguments: &[&str]) -> String {
        let ran = self.run(werfault, arguments);
        assert!(!ran.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ran.stdout));
        String::from_utf8(ran.stderr).unwrap()
    }
}

#[test]
fn the_example_reports_lists_and_excludes() {
    let scene = Scene { folder: tempfile::tempdir().unwrap(), binaries: binaries() };
    for part in ["etc", "config/wer"] {
        std::fs::create_dir_all(scene.folder.path().join(part)).unwrap();
    }
    let log = scene.folder.path().join("own.log");
    std::fs::write(&log, "a line").unwrap();
    let log = log.to_str().unwrap();

    assert_eq!(scene.said(&["list"]), "0 reports\n");
    assert_eq!(scene.said(&["report", log]), "begun\nQueued\n");
    let listed = scene.said(&["list"]);
    let (head, report) = listed.split_once('\n').unwrap();
    assert_eq!(head, "1 reports");
    let said = "IndexDamaged of report-sample: It was made anew; nothing was lost. (Index=names Format=3) ";
    assert!(report.starts_with(said), "{report}");
    for name in ["Report.wer", "minidump.mdmp", "own.log"] {
        assert!(report.contains(name), "{name}: {report}");
    }

    let werfault = scene.binaries.join("werfault");
    let not_there = scene.error(&werfault, &["include", "report-sample"]);
    assert!(not_there.contains("0x800700CB"), "{not_there}");
    scene.said(&["exclude", "report-sample"]);
    assert_eq!(scene.said(&["report", log]), "begun\nDisabled\n");
    scene.said(&["include", "report-sample"]);
    assert_eq!(scene.said(&["report", log]), "begun\nQueued\n");
    assert!(scene.said(&["list"]).starts_with("2 reports\n"));

    let missing = scene.error(Path::new("/no/werfault"), &["report", log]);
    assert!(missing.contains("0x80070002"), "{missing}");
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_asked() {
    use wer::{Error, Hresult, Report, ReportInformation, ReportType};
    let refused = |about: &ReportInformation<'_>| {
        Report::new("Event", ReportType::NonCritical, about).map(drop).unwrap_err()
    };
    let long = "x".repeat(512);
    let too_long = ReportInformation { description: &long, ..ReportInformation::default() };
    assert_eq!(refused(&too_long), Error(Hresult::WER_E_LENGTH_EXCEEDED));
    let cut = ReportInformation { consent_key: "a\0b", ..ReportInformation::default() };
    assert_eq!(refused(&cut), Error(Hresult::E_INVALIDARG));
    let fits = ReportInformation { description: &long[..511], ..ReportInformation::default() };
    let mut report = Report::new("Event", ReportType::NonCritical, &fits).unwrap();
    for _ in 0..10 {
        report.parameter("", "value").unwrap();
    }
    assert_eq!(report.parameter("", "value").unwrap_err(), Error(Hresult::E_INVALIDARG));
    assert_eq!(report.set_parameter(3, "Name", "a\0").unwrap_err(), Error(Hresult::E_INVALIDARG));
    assert_eq!(Report::new("", ReportType::Critical, &fits).unwrap_err(), Error(Hresult::E_INVALIDARG));
}
