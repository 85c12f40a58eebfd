//! Looking at modules' files without loading them.

use std::path::Path;

use wer_modules::check::{ModuleProblem, ModuleWarning};
use wer_modules::{CheckError, check_module};

use super::support::{Scene, compile};

#[test]
fn a_good_module_has_nothing_against_it() {
    let scene = Scene::new();
    let path = scene.module("good", "EVENT { return 0; } NO_SIGNATURE NO_DEBUGGER");
    let check = check_module(Path::new(&path)).unwrap();
    assert!(check.is_usable());
    assert_eq!(check.warnings, []);
}

#[test]
fn missing_and_hidden_exports_are_found() {
    let scene = Scene::new();
    let body = "EVENT { return 0; } __attribute__((visibility(\"hidden\"))) SIGNATURE { return 0; }";
    let check = check_module(Path::new(&scene.module("bad", body))).unwrap();
    let missing =
        ["OutOfProcessExceptionEventSignatureCallback", "OutOfProcessExceptionEventDebuggerLaunchCallback"];
    assert_eq!(check.problems, missing.map(ModuleProblem::MissingExport));
    assert!(!check.is_usable());
}

#[test]
fn wide_library_calls_are_warned_of() {
    let scene = Scene::new();
    let output = scene.folder().join("wide.so");
    let source = r#"
        #include <string>
        #include <wchar.h>
        extern "C" {
        int OutOfProcessExceptionEventCallback(void *text) {
          std::wstring copy((wchar_t *)text);
          copy += L"a longer piece of text that does not fit in place";
          return (int)(copy.find(L'x') + wcslen((wchar_t *)text));
        }
        int OutOfProcessExceptionEventSignatureCallback(void) { return 0; }
        int OutOfProcessExceptionEventDebuggerLaunchCallback(void) { return 0; }
        }"#;
    let options = ["-shared", "-fPIC", "-fshort-wchar", "-fno-builtin"];
    compile("g++", &scene.folder().join("wide.cc"), source, &output, &options);
    let check = check_module(&output).unwrap();
    assert!(check.is_usable());
    assert!(
        matches!(&check.warnings[..], [ModuleWarning::WideCxx(_), ModuleWarning::WideC(c)] if c == "wcslen"),
        "{check:?}"
    );
}

#[test]
fn what_is_no_module_is_said() {
    let scene = Scene::new();
    let program = scene.folder().join("static");
    compile("cc", &scene.folder().join("static.c"), "int main(void) { return 0; }", &program, &["-no-pie"]);
    let check = check_module(&program).unwrap();
    assert!(check.problems.contains(&ModuleProblem::NotSharedObject), "{check:?}");
    assert!(matches!(check_module(Path::new("/nonexistent")), Err(CheckError::Read { .. })));
    let text = scene.folder().join("target.c");
    assert!(matches!(check_module(&text), Err(CheckError::NotElf { .. })));
}
