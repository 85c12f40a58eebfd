//! A runtime's own handler module is registered first; the application moves it behind its own, as the article tells it.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use wer_testkit::{SandboxOptions, Store};

use crate::scene::{Scene, assert_says, compile};

struct Article {
    scene: Scene,
    program: PathBuf,
    runtime: PathBuf,
    claims: PathBuf,
    declines: PathBuf,
}

impl Article {
    fn new() -> Self {
        let scene = Scene::new();
        let module = |name: &str, event: &str, claims: u32| {
            let (event, claims) = (format!("-DEVENT=\"{event}\""), format!("-DCLAIMS={claims}"));
            let arguments = ["-shared", "-fPIC", "-fshort-wchar", &event, &claims];
            compile(&scene.sandbox, "named_module.c", name, &arguments).expect("a compiled module")
        };
        let runtime = module("runtime.so", "CLR20r3", 1);
        let claims = module("ours-claims.so", "My crash report", 1);
        let declines = module("ours-declines.so", "My crash report", 0);
        let program = compile(&scene.sandbox, "article.c", "article", &["-fshort-wchar", "-lwer"]);
        let options = SandboxOptions {
            system_modules: vec![runtime.clone(), claims.clone(), declines.clone()],
            ..SandboxOptions::default()
        };
        scene.sandbox.write_settings(&options).expect("settings");
        Self { program: program.expect("a program"), scene, runtime, claims, declines }
    }

    /// The report of a crash, and the file names of its modules with their verdicts, in order.
    fn crash(&self, order: &str, ours: &PathBuf) -> (Value, Vec<(String, String)>) {
        let mut command = Command::new(&self.program);
        command.arg(order).args([&self.runtime, ours]);
        let ended = self.scene.crash_by(self.scene.sandbox.confine(&mut command));
        let report = self.scene.only_report(Store::User, ended.pid);
        let modules = report["modules"].as_array().expect("modules").iter();
        let told = modules.map(|module| {
            let path = PathBuf::from(module["path"].as_str().expect("a path"));
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, module["verdict"].as_str().expect("a verdict").to_owned())
        });
        let told = told.collect();
        (report, told)
    }
}

fn told(modules: &[(&str, &str)]) -> Vec<(String, String)> {
    modules.iter().map(|(name, verdict)| ((*name).to_owned(), (*verdict).to_owned())).collect()
}

#[test]
fn a_runtime_that_registered_first_claims_first() {
    let article = Article::new();
    let (report, modules) = article.crash("stay", &article.claims);
    assert_eq!(modules, told(&[("runtime.so", "claimed"), ("ours-claims.so", "not_asked")]));
    assert_eq!(report["signature"]["event_type"], "CLR20r3");
}

#[test]
fn once_moved_behind_ours_the_runtime_claims_only_what_we_leave() {
    let article = Article::new();
    let (report, modules) = article.crash("move", &article.claims);
    assert_eq!(modules, told(&[("ours-claims.so", "claimed"), ("runtime.so", "not_asked")]));
    assert_eq!(report["signature"]["event_type"], "My crash report");
    let (report, modules) = article.crash("move", &article.declines);
    assert_eq!(modules, told(&[("ours-declines.so", "declined"), ("runtime.so", "claimed")]));
    assert_eq!(report["signature"]["event_type"], "CLR20r3");
    let events = article.scene.events(Store::User);
    let notes: Vec<String> = events
        .iter()
        .flat_map(|event| event["notes"].as_array().cloned().unwrap_or_default())
        .map(|note| note.as_str().unwrap_or_default().to_owned())
        .collect();
    assert_says(&notes, "runtime.so was not asked: an earlier module claimed");
    assert_says(&notes, "runtime.so claimed the crash as \"CLR20r3\"");
}
