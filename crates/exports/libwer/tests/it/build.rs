//! Compiles a program of `tests/c` against `include/` and the library under test, and runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::OnceLock;

use tempfile::TempDir;
use wer_abi::registration::RegistrationBlock;

/// Where the library is, built now: no test needs it to link, so cargo does not build it for one.
pub(crate) fn library_folder() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let this = std::env::current_exe().unwrap();
        let profile = this.ancestors().nth(2).expect("target/PROFILE/deps/TEST");
        let mut command = Command::new(env!("CARGO"));
        command.args(["build", "--quiet", "--package", "wer-libwer"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            command.arg("--release");
        }
        assert!(command.status().expect("cargo").success(), "libwer.so cannot be built");
        profile.to_owned()
    });
    folder.clone()
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(name)
}

/// Options of a program that uses the library.
pub(crate) const WITH_LIBRARY: [&str; 2] = ["-Wl,--no-as-needed", "-lwer"];

/// Compiles with every warning an error.
pub(crate) fn compile(folder: &TempDir, compiler: &str, name: &str, options: &[&str]) -> PathBuf {
    let program = folder.path().join(name.rsplit('/').next().unwrap_or(name).replace('.', "-"));
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../include");
    let output = Command::new(compiler)
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-pthread"])
        .arg("-L")
        .arg(library_folder())
        .args(options)
        .arg("-I")
        .arg(include)
        .arg(source(name))
        .arg("-o")
        .arg(&program)
        .output()
        .expect("a C compiler");
    assert!(output.status.success(), "{name} {options:?}\n{}", String::from_utf8_lossy(&output.stderr));
    program
}

/// Compiles a source that is written for Windows, with `include/compat` before `include`.
pub(crate) fn compile_for_windows(folder: &TempDir, name: &str, options: &[&str]) -> PathBuf {
    let compat = concat!("-I", env!("CARGO_MANIFEST_DIR"), "/../../../include/compat");
    let windows = ["-std=c11", "-D_GNU_SOURCE", "-fshort-wchar", "-DUNICODE", "-D_UNICODE", compat];
    match name.ends_with(".cpp") {
        true => compile(folder, "g++", name, &[&["-std=c++17"], &windows[2..], options].concat()),
        false => compile(folder, "cc", name, &[&windows[..], options].concat()),
    }
}

/// What became of a program.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) text: String,
    /// One line per report.
    pub(crate) reports: String,
}

/// Runs a program with the library and the stand-in for `werfault`.
pub(crate) fn run(folder: &TempDir, program: &Path, argument: &str) -> Ended {
    let words = format!("-DLAST_WORDS={}", core::mem::offset_of!(RegistrationBlock, last_words));
    let werfault = compile(folder, "cc", "fake_werfault.c", &["-std=c11", "-D_GNU_SOURCE", &words]);
    let reports = folder.path().join("reports");
    let output = Command::new(program)
        .arg(argument)
        .env("LD_LIBRARY_PATH", library_folder())
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
