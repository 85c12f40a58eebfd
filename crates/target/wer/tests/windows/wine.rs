//! The parts that Wine implements, run under it: the sample module in a host that does what `WerFault.exe` does, and an
//! application whose calls reach the system. Wine's own registration functions are stubs, so what they keep is not looked
//! at.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::build;

const WINE: &str = "/usr/lib/wine/wine64";
const SERVER: &str = "/usr/lib/wine/wineserver64";
/// Seconds for one program; a new prefix takes about ten.
const LIMIT_SECONDS: &str = "300";

/// A folder of Windows programs, and a prefix of its own. The prefix takes 700 MB while it lives.
struct Wine {
    folder: TempDir,
}

impl Wine {
    fn new() -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let wine = Self { folder };
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/windows");
        wine.compile(
            &sources.join("bcryptprimitives.c"),
            "bcryptprimitives.dll",
            &["-shared"],
            &["-ladvapi32"],
        );
        wine.compile(&sources.join("host.c"), "host.exe", &[], &[]);
        let made = wine.run("wineboot", &["-i"]);
        assert!(made.status.success(), "no prefix was made: {made:?}");
        wine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn compile(&self, source: &Path, name: &str, options: &[&str], libraries: &[&str]) {
        let mut command = Command::new("x86_64-w64-mingw32-gcc");
        command
            .args(["-Wall", "-Wextra", "-Werror"])
            .args(options)
            .arg("-o")
            .arg(self.path(name))
            .arg(source);
        let compiled = command.args(libraries).output();
        let compiled = compiled.expect("`cargo xtask setup` installs the compiler for Windows");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    }

    /// Runs a program. Its output goes through files: Wine's server keeps pipes open.
    fn run(&self, program: &str, arguments: &[&str]) -> Output {
        let [out, err] = ["out", "err"].map(|name| self.path(name));
        let mut command = Command::new("timeout");
        command.args([LIMIT_SECONDS, WINE, program]).args(arguments).current_dir(self.folder.path());
        command.env("WINEPREFIX", self.path("prefix")).env("WINEDEBUG", "-all").env_remove("DISPLAY");
        command.stdin(std::process::Stdio::null());
        command.stdout(std::fs::File::create(&out).unwrap()).stderr(std::fs::File::create(&err).unwrap());
        let status = command.status().unwrap();
        Output { status, stdout: std::fs::read(&out).unwrap(), stderr: std::fs::read(&err).unwrap() }
    }
}

impl Drop for Wine {
    /// Nothing of this prefix runs any more when its files go.
    fn drop(&mut self) {
        let end = |argument| {
            let mut command = Command::new("timeout");
            command.args([LIMIT_SECONDS, SERVER, argument]).env("WINEPREFIX", self.path("prefix"));
            let _ = command.output();
        };
        end("-k");
        end("-w");
    }
}

#[test]
fn the_samples_run_under_wine() {
    assert!(Path::new(WINE).is_file(), "{WINE} is missing; `cargo xtask setup` installs it");
    let built = build(&["crash-report-sample", "crash-report-sample-module", "report-sample"], &[]);
    let wine = Wine::new();
    for name in ["crash_report_sample_module.dll", "crash-report-sample.exe", "report-sample.exe"] {
        std::fs::copy(built.join(name), wine.path(name)).unwrap();
    }
    let ran = wine.run("host.exe", &["crash_report_sample_module.dll"]);
    let said = String::from_utf8_lossy(&ran.stdout).replace("\r\n", "\n");
    let expected = "size 1424\n\
                    short buffer 8007007a size 16 claimed 0\n\
                    event 00000000 claimed 1 name My crash report size 16 pairs 2\n\
                    pair 0 00000000 Version=5\n\
                    pair 1 00000000 Status=Hello\n\
                    pair 2 8000ffff =\n\
                    debugger 00000000 0\n\
                    unreadable 00000000\n";
    assert_eq!(said, expected, "{}", String::from_utf8_lossy(&ran.stderr));
    // The first call of the application reaches Wine's stub, which says that it is one.
    let ran = wine.run("crash-report-sample.exe", &[r"C:\module.dll"]);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("E_NOTIMPL (0x80004001)"), "{said} {ran:?}");
    reports_and_exclusion(&wine);
}

/// Wine begins and ends reports and keeps the list of programs; parameters are a stub.
fn reports_and_exclusion(wine: &Wine) {
    let run = |arguments: &[&str]| {
        let ran = wine.run("report-sample.exe", arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        (ran.status.success(), text(&ran.stdout), text(&ran.stderr))
    };
    let (is_done, said, error) = run(&["report", r"C:\windows\win.ini"]);
    assert_eq!((is_done, &*said), (false, "begun\n"), "{error}");
    assert!(error.contains("E_NOTIMPL (0x80004001)"), "{error}");
    for (word, is_good) in [("include", false), ("exclude", true), ("include", true), ("include", false)] {
        let (is_done, _, error) = run(&[word, "some-program.exe"]);
        assert_eq!(is_done, is_good, "{word}: {error}");
    }
}
