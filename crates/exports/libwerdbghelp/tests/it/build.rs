//! Compiles a program of `tests/c` against `include/` and the library under test, and runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Where the library is, built now: no test needs it to link, so cargo does not build it for one.
fn library_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let mut command = Command::new(env!("CARGO"));
        command
            .args(["build", "--quiet", "--package", "wer-libwerdbghelp", "--package", "wer-libwer"])
            .current_dir(root());
        assert!(command.status().expect("cargo").success(), "the libraries cannot be built");
        let this = std::env::current_exe().expect("this test");
        let target = this.ancestors().nth(3).expect("target/PROFILE/deps/TEST");
        target.join("debug")
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Compiles with every warning an error.
pub(crate) fn compile(folder: &TempDir, compiler: &str, source: &Path, options: &[&str]) -> PathBuf {
    let name = source.file_name().expect("a source").to_string_lossy().replace('.', "-");
    let program = folder.path().join(name);
    let output = Command::new(compiler)
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-pthread", "-L"])
        .arg(library_folder())
        .args(options)
        .arg("-I")
        .arg(root().join("include"))
        .arg(source)
        .arg("-o")
        .arg(&program)
        .args(["-Wl,--no-as-needed", "-lwerdbghelp"])
        .output()
        .expect("a C compiler");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {options:?}\n{said}", source.display());
    program
}

/// A source of these tests.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c").join(name)
}

/// The sample of `examples/c`.
pub(crate) fn sample() -> PathBuf {
    root().join("examples/c/dump-sample/dump.c")
}

/// Runs a program with the library.
pub(crate) fn run(program: &Path, arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("LD_LIBRARY_PATH", library_folder());
    command.output().expect("the program")
}

/// What a program printed, when it ended well.
pub(crate) fn printed(program: &Path, arguments: &[&str], folder: &Path) -> String {
    let output = run(program, arguments, folder);
    let text = [&output.stdout[..], &output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{arguments:?}: {:?}\n{text}", output.status);
    text
}
