//! The same sources on Windows: the crate, the sample application and the sample module are built for
//! `x86_64-pc-windows-gnu`, and the module is what `WerFault.exe` loads: a DLL with the three exports by their names.
//!
//! `cargo xtask setup` installs what this needs; without it the test fails and says so.

mod wine;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::Object;

const TARGET: &str = "x86_64-pc-windows-gnu";
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");

/// Builds packages for Windows and gives the folder of what was made.
fn build(packages: &[&str], more: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned();
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--target", TARGET, "--target-dir"]).arg(&folder).current_dir(ROOT);
    for package in packages {
        command.args(["--package", package]);
    }
    let built = command.args(more).output().unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "`cargo xtask setup` installs what is missing:\n{said}");
    folder.join(TARGET).join("debug")
}

#[test]
fn the_sample_module_is_a_dll_with_the_three_exports() {
    let folder = build(&["crash-report-sample", "crash-report-sample-module"], &[]);
    let bytes = std::fs::read(folder.join("crash_report_sample_module.dll")).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    assert_eq!(file.format(), object::BinaryFormat::Pe);
    assert_eq!(file.architecture(), object::Architecture::X86_64);
    let exports = file.exports().unwrap().map(Result::unwrap);
    let exports: BTreeSet<String> = exports.filter_map(|export| text(export.name().name()?)).collect();
    for name in [
        "OutOfProcessExceptionEventCallback",
        "OutOfProcessExceptionEventSignatureCallback",
        "OutOfProcessExceptionEventDebuggerLaunchCallback",
    ] {
        assert!(exports.contains(name), "{name} is not among {exports:?}");
    }
    let imports = imported_from_kernel32(&file);
    assert!(imports.contains("ReadProcessMemory"), "{imports:?}");
    assert!(folder.join("crash-report-sample.exe").is_file());
}

#[test]
fn the_application_calls_the_systems_own_functions() {
    let folder = build(&["crash-report-sample"], &[]);
    let bytes = std::fs::read(folder.join("crash-report-sample.exe")).unwrap();
    let imports = imported_from_kernel32(&object::File::parse(&*bytes).unwrap());
    for name in ["WerRegisterRuntimeExceptionModule", "WerRegisterMemoryBlock", "WerRegisterCustomMetadata"] {
        assert!(imports.contains(name), "{name} is not among {imports:?}");
    }
}

#[test]
fn reports_and_the_store_are_the_systems_own() {
    let folder = build(&["report-sample"], &[]);
    let bytes = std::fs::read(folder.join("report-sample.exe")).unwrap();
    let imports = imported_from(&object::File::parse(&*bytes).unwrap(), b"wer.dll");
    for name in [
        "WerReportCreate",
        "WerReportSetParameter",
        "WerReportAddFile",
        "WerReportAddDump",
        "WerReportSubmit",
        "WerReportCloseHandle",
        "WerStoreOpen",
        "WerStoreGetFirstReportKey",
        "WerStoreQueryReportMetadataV3",
        "WerStoreClose",
        "WerAddExcludedApplication",
    ] {
        assert!(imports.contains(name), "{name} is not among {imports:?}");
    }
}

#[test]
fn the_crate_is_built_with_and_without_its_features() {
    build(&["wer"], &["--no-default-features"]);
    build(&["wer"], &["--features", "module"]);
}

fn imported_from_kernel32(file: &object::File<'_>) -> BTreeSet<String> {
    imported_from(file, b"kernel32.dll")
}

fn imported_from(file: &object::File<'_>, library: &[u8]) -> BTreeSet<String> {
    let imports = file.imports().unwrap().map(Result::unwrap);
    let of_library = imports.filter(|import| import.library().eq_ignore_ascii_case(library));
    of_library.filter_map(|import| text(import.name().name()?)).collect()
}

fn text(name: &[u8]) -> Option<String> {
    Some(String::from_utf8_lossy(name).into_owned())
}
