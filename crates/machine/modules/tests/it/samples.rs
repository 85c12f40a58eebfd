//! Modules built as users build them: against the headers and `libwer.so`, and with the crate `wer`.

use std::path::{Path, PathBuf};
use std::process::Command;

use wer_model::{ModuleLevel, ModuleVerdict, report::Parameter};
use wer_modules::check_module;

use super::support::Scene;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../..");

/// Builds a package with this test's own profile and gives the folder of its library.
fn build(package: &str) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", package])
        .current_dir(ROOT)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Path::new(env!("CARGO_BIN_EXE_wer-module-host")).parent().unwrap().to_owned()
}

/// Compiles a C module by the command that `examples/README.md` gives.
pub(crate) fn compile_module(scene: &Scene, source: &str) -> String {
    let library = build("wer-libwer");
    build("wer-libwerdbghelp");
    let output = scene.folder().join("module.so");
    let compiled = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-fshort-wchar", "-shared", "-fPIC"])
        .arg(format!("-I{ROOT}/include"))
        .arg("-o")
        .arg(&output)
        .arg(format!("{ROOT}/{source}"))
        .arg(format!("-L{}", library.display()))
        .args(["-lwer", "-lwerdbghelp"])
        .arg(format!("-Wl,-rpath,{}", library.display()))
        .output()
        .unwrap();
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    output.to_str().unwrap().to_owned()
}

/// The sample's claim about a payload of {5, "Hello"}.
fn sample_claim() -> ModuleVerdict {
    ModuleVerdict::Claimed {
        event_name: "My crash report".to_owned(),
        parameters: vec![Parameter::new("Version", "5"), Parameter::new("Status", "Hello")],
        debugger: None,
        debugger_autolaunch: false,
    }
}

#[test]
fn the_calls_of_wer_winbase_work_in_a_host() {
    let scene = Scene::new();
    let path = compile_module(&scene, "crates/machine/modules/tests/it/winbase.c");
    let asked = scene.ask(&[scene.request(&path, Some(ModuleLevel::System))]);
    let ModuleVerdict::Claimed { event_name, .. } = &asked.outcomes[0].verdict else { panic!("{asked:?}") };
    assert_eq!(event_name, "nothing failed");
    assert!(asked.notes.iter().any(|note| note.message.contains("asked to terminate")), "{:?}", asked.notes);
}

#[test]
fn the_c_sample_claims() {
    let scene = Scene::new();
    let path = compile_module(&scene, "examples/c/crash-report-sample/module.c");
    assert_eq!(scene.verdict(&path), sample_claim());
    let check = check_module(Path::new(&path)).unwrap();
    assert_eq!((check.problems, check.warnings), (vec![], vec![]));
}

#[test]
fn the_rust_sample_claims() {
    let scene = Scene::new();
    let path = build("crash-report-sample-module").join("libcrash_report_sample_module.so");
    assert_eq!(scene.verdict(path.to_str().unwrap()), sample_claim());
    let check = check_module(&path).unwrap();
    assert_eq!((check.problems, check.warnings), (vec![], vec![]));
}
