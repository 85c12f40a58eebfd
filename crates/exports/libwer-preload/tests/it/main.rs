//! Programs that know nothing of the library, with it preloaded: they behave as before, and their crashes are reported.

mod unloaded;

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use tempfile::TempDir;
use wer_abi::registration::RegistrationBlock;

const SIGABRT: i32 = 6;
const SIGSEGV: i32 = 11;

/// The programs are those of the C library's tests.
fn compile(folder: &TempDir, name: &str, option: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../libwer/tests/c").join(name);
    let program = folder.path().join(name.replace('.', "-"));
    let status = Command::new("cc")
        .args(["-std=c11", "-D_GNU_SOURCE", "-pthread", "-w", option])
        .arg(source)
        .arg("-o")
        .arg(&program)
        .status()
        .expect("a C compiler");
    assert!(status.success(), "{name}");
    program
}

struct Ended {
    status: ExitStatus,
    text: String,
    /// One line per report.
    reports: String,
}

fn run(program: &Path, folder: &TempDir, arguments: &[&str]) -> Ended {
    let words = format!("-DLAST_WORDS={}", core::mem::offset_of!(RegistrationBlock, last_words));
    let werfault = compile(folder, "fake_werfault.c", &words);
    let library = std::env::current_exe().unwrap().with_file_name("libwer_preload.so");
    let reports = folder.path().join("reports");
    let output = Command::new(program)
        .args(arguments)
        .env("LD_PRELOAD", library)
        .env("WER_WERFAULT", werfault)
        .env("FAKE_OUT", &reports)
        .output()
        .expect("the program");
    let text = [output.stdout, output.stderr].concat();
    Ended {
        status: output.status,
        text: String::from_utf8_lossy(&text).into_owned(),
        reports: std::fs::read_to_string(&reports).unwrap_or_default(),
    }
}

fn crash(how: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(&folder, "crash.c", "-O0");
    run(&program, &folder, &[how])
}

#[test]
fn a_program_that_does_not_crash_notices_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["-c", "echo out; echo err >&2; ls /proc/self/fd"];
    let ended = run(Path::new("/bin/sh"), &folder, &arguments);
    let without = Command::new("/bin/sh").args(arguments).output().unwrap();
    assert!(ended.status.success());
    let expected = String::from_utf8([without.stdout, without.stderr].concat()).unwrap();
    assert_eq!(ended.text, expected);
    let ended = crash("nothing");
    assert_eq!((ended.status.code(), ended.reports.as_str()), (Some(0), ""), "{}", ended.text);
}

#[test]
fn crashes_are_reported_in_any_thread_and_after_exec() {
    let kinds =
        [("null", SIGSEGV), ("overflow", SIGSEGV), ("thread", SIGSEGV), ("heap", SIGABRT), ("exec", SIGSEGV)];
    for (how, signal) in kinds {
        let ended = crash(how);
        assert_eq!(ended.status.signal(), Some(signal), "{how}: {}", ended.text);
        assert_eq!(ended.reports, format!("signal={signal} words=\n"), "{how}: {}", ended.text);
        assert!(!ended.text.contains("wer"), "{how}: {}", ended.text);
    }
}

#[test]
fn a_crash_of_a_child_is_the_childs() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(&folder, "crash.c", "-O0");
    let command = format!("{} null; exit $?", program.display());
    let ended = run(Path::new("/bin/sh"), &folder, &["-c", &command]);
    assert_eq!(ended.status.code(), Some(128 + SIGSEGV), "{}", ended.text);
    assert_eq!(ended.reports, format!("signal={SIGSEGV} words=\n"));
}
