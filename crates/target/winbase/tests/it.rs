//! `include/wer_winbase.h` in the languages that use it.

use std::path::Path;
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");
const WARNINGS: [&str; 6] =
    ["-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wno-sign-conversion", "-Wdeclaration-after-statement"];

/// Compiles `tests/it/NAME` with the header and runs it; it exits with the number of the line that went wrong.
fn run(compiler: &str, options: &[&str], name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("program");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(name);
    let compiled = Command::new(compiler)
        .args(options)
        .arg(format!("-I{ROOT}/include"))
        .arg("-o")
        .args([&program, &source])
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(&program).output().unwrap();
    assert!(ran.status.success(), "{options:?}: {}", String::from_utf8_lossy(&ran.stdout));
}

#[test]
fn the_wide_functions_do_what_windows_does() {
    for level in ["-O0", "-O2"] {
        let options = [&WARNINGS[..], &["-std=c11", "-fshort-wchar", level]].concat();
        run("cc", &options, "text.c");
    }
}

#[test]
fn the_header_is_cxx_too() {
    let options = ["-std=c++17", "-fshort-wchar", "-Wall", "-Wextra", "-Werror"];
    run("g++", &options, "included.cc");
    run("g++", &["-std=c++17", "-Wall", "-Wextra", "-Werror"], "included.cc");
}
