//! `wer module check` on modules as compilers make them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const EXPORTS: [&str; 3] = [
    "OutOfProcessExceptionEventCallback",
    "OutOfProcessExceptionEventSignatureCallback",
    "OutOfProcessExceptionEventDebuggerLaunchCallback",
];

/// A folder of settings and one compiled module.
struct Scene {
    folder: TempDir,
    module: PathBuf,
}

impl Scene {
    fn new(source: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (from, module) = (folder.path().join("module.c"), folder.path().join("module.so"));
        std::fs::write(&from, source).unwrap();
        let arguments = ["-shared", "-fPIC", "-fshort-wchar", "-fno-builtin", "-w", "-o"];
        let compiled = Command::new("cc").args(arguments).args([&module, &from]).output().unwrap();
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        Self { folder, module }
    }

    /// Says in a file of settings, the machine's or the user's, that the module is allowed.
    fn allow(self, file: &str) -> Self {
        let path = self.folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = format!("[RuntimeExceptionHelperModules]\n\"{}\" = 1\n", self.module.display());
        std::fs::write(path, text).unwrap();
        self
    }

    fn check(&self, file: &Path, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wer"));
        command.env("WER_SYSTEM_CONFIG_DIR", self.folder.path().join("etc"));
        command.env("XDG_CONFIG_HOME", self.folder.path().join("home"));
        command.current_dir(self.folder.path()).args(["module", "check"]).arg(file).args(more);
        command.output().unwrap()
    }

    fn json(&self) -> Value {
        let output = self.check(&self.module, &["--json"]);
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn good() -> String {
    EXPORTS.iter().map(|name| format!("int {name}(void) {{ return 0; }}\n")).collect()
}

#[test]
fn a_good_module_has_its_exports_and_nothing_against_it() {
    let scene = Scene::new(&good()).allow("etc/wer.toml");
    let json = scene.json();
    assert_eq!(json["usable"], true);
    assert_eq!(json["exports"], serde_json::json!(EXPORTS));
    assert_eq!(
        (&json["forbidden_imports"], &json["problems"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    assert_eq!((&json["allowed_by"], &json["may_claim"]), (&"system".into(), &true.into()));
    assert_eq!(json["path"], scene.module.to_str().unwrap());
}

#[test]
fn whose_settings_allow_it_is_told() {
    let json = Scene::new(&good()).allow("home/wer/wer.toml").json();
    assert_eq!((&json["allowed_by"], &json["may_claim"]), (&"user".into(), &false.into()));
    let scene = Scene::new(&good());
    assert_eq!(scene.json()["allowed_by"], Value::Null);
    // By a relative path too; what is to be written down is the full one.
    let output = scene.check(Path::new("module.so"), &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&format!("\"{}\" = 1", scene.module.display())), "{text}");
    assert!(
        text.contains("no settings allow") && text.contains("Its path here is not a full path"),
        "{text}"
    );
}

#[test]
fn every_wide_function_of_the_c_library_is_named() {
    let source = good()
        + "long wcslen(void *); int wprintf(void *, ...); int __isoc23_swscanf(void *); int puts(char *);\n\
           void use(void) { wcslen(0); wprintf(0); __isoc23_swscanf(0); puts(\"\"); }";
    // The linker does not mind that nobody has the last of them.
    let json = Scene::new(&source).json();
    let imports: Vec<&str> =
        json["forbidden_imports"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let mut sorted = imports.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["__isoc23_swscanf", "wcslen", "wprintf"]);
    assert_eq!(json["usable"], true);
    assert!(json["warnings"][0].as_str().unwrap().contains("32-bit wchar_t"), "{json}");
}

#[test]
fn a_module_that_lacks_an_export_is_refused_by_the_exit_code() {
    let scene = Scene::new(&format!("int {}(void) {{ return 0; }}", EXPORTS[0]));
    let output = scene.check(&scene.module, &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&format!("problem: It does not export {}", EXPORTS[1])), "{text}");
    assert!(text.contains("cannot be used as a runtime exception module"), "{text}");
}

#[test]
fn what_is_no_module_at_all_is_an_error() {
    let scene = Scene::new(&good());
    let output = scene.check(Path::new("module.c"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no 64-bit ELF file"));
    assert!(!scene.check(Path::new("/nonexistent.so"), &[]).status.success());
}
