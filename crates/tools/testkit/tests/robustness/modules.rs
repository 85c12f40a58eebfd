//! Handler modules that misbehave cost their claim, and nothing else: the crash is reported, and report and event log
//! say what each one did.

use std::path::{Path, PathBuf};

use serde_json::Value;
use wer_testkit::{Sandbox, SandboxOptions, Store, minidump_reader};

use crate::scene::{Scene, assert_says, compile, files, names};

struct Modules {
    good: PathBuf,
    crashes: PathBuf,
    hangs: PathBuf,
    leaves: PathBuf,
    lies: PathBuf,
    missing: PathBuf,
}

impl Modules {
    fn build(sandbox: &Sandbox) -> Self {
        let module = |name: &str, behaviour: u32| {
            let behaviour = format!("-DBEHAVIOUR={behaviour}");
            let arguments = ["-shared", "-fPIC", "-fshort-wchar", &behaviour];
            compile(sandbox, "module.c", name, &arguments).expect("a compiled module")
        };
        Self {
            good: module("good.so", 1),
            crashes: module("crashes.so", 2),
            hangs: module("hangs.so", 3),
            leaves: module("leaves.so", 4),
            lies: module("lies.so", 5),
            missing: sandbox.path("missing.so"),
        }
    }

    fn bad(&self) -> Vec<PathBuf> {
        [&self.missing, &self.crashes, &self.hangs, &self.leaves, &self.lies].map(Clone::clone).to_vec()
    }
}

fn scene(allow: impl FnOnce(&Modules) -> SandboxOptions) -> (Scene, Modules) {
    let scene = Scene::new();
    let modules = Modules::build(&scene.sandbox);
    let mut options = allow(&modules);
    options.top_lines.push("ModuleDeadlineMilliseconds = 500".into());
    scene.sandbox.write_settings(&options).expect("settings");
    (scene, modules)
}

fn crash(scene: &Scene, modules: &[&Path]) -> (Value, Vec<String>) {
    let paths: Vec<String> = modules.iter().map(|path| path.display().to_string()).collect();
    let mut words: Vec<&str> = paths.iter().flat_map(|path| ["module", path.as_str()]).collect();
    words.push("attach");
    let ended = scene.crash(&words);
    let report = scene.only_report(Store::User, ended.pid);
    let events = scene.events(Store::User);
    let is_ours = |event: &&Value| event["report_id"] == report["id"] && event["event_id"] == 1001;
    let event = events.iter().find(is_ours).expect("an event");
    let notes = event["notes"].as_array().expect("notes").iter();
    (report, notes.map(|note| note.as_str().unwrap_or_default().to_owned()).collect())
}

fn verdicts(report: &Value) -> Vec<&str> {
    let modules = report["modules"].as_array().expect("outcomes").iter();
    modules.map(|module| module["verdict"].as_str().unwrap_or_default()).collect()
}

#[test]
fn bad_modules_leave_a_plain_report() {
    let (scene, modules) =
        scene(|modules| SandboxOptions { system_modules: modules.bad(), ..SandboxOptions::default() });
    let bad = modules.bad();
    let mut registered: Vec<&Path> = bad.iter().map(PathBuf::as_path).collect();
    // Nobody allows this one.
    registered.push(&modules.good);
    let (report, notes) = crash(&scene, &registered);
    assert_eq!(report["signature"]["event_type"], "APPCRASH");
    assert_eq!(
        verdicts(&report),
        ["not_loaded", "crashed", "timed_out", "exited", "invalid", "not_allowed"],
        "{report}"
    );
    assert_says(&notes, "missing.so could not be loaded");
    assert_says(&notes, "crashes.so crashed with signal 11");
    assert_says(&notes, "hangs.so did not answer in time");
    assert_says(&notes, "leaves.so left its process with status 3");
    assert_says(&notes, "lies.so answered against the rules");
    assert_says(&notes, "good.so is not listed under [RuntimeExceptionHelperModules]");
}

#[test]
fn a_good_module_after_bad_ones_still_claims() {
    let (scene, modules) = scene(|modules| SandboxOptions {
        system_modules: [modules.bad(), vec![modules.good.clone()]].concat(),
        ..SandboxOptions::default()
    });
    let registered = [&*modules.missing, &*modules.crashes, &*modules.lies, &*modules.good, &*modules.leaves];
    let (report, notes) = crash(&scene, &registered);
    assert_eq!(report["signature"]["event_type"], "Robust event");
    assert_eq!(report["signature"]["parameters"][0]["name"], "Answer");
    assert_eq!(report["signature"]["parameters"][0]["value"], "42");
    assert_eq!(verdicts(&report), ["not_loaded", "crashed", "invalid", "claimed", "not_asked"], "{report}");
    assert_says(&notes, "good.so claimed the crash as \"Robust event\"");
}

#[test]
fn a_module_that_the_user_allows_cannot_claim() {
    let (scene, modules) = scene(|modules| SandboxOptions {
        user_modules: vec![modules.good.clone()],
        ..SandboxOptions::default()
    });
    let (report, notes) = crash(&scene, &[&modules.good]);
    assert_eq!(report["signature"]["event_type"], "APPCRASH");
    assert_eq!(verdicts(&report), ["claim_refused"]);
    assert_says(&notes, "only the machine's settings allow claims");
}

#[test]
fn the_kernels_way_asks_them_too() {
    let (scene, modules) = scene(|modules| SandboxOptions {
        system_modules: vec![modules.crashes.clone(), modules.good.clone()],
        ..SandboxOptions::default()
    });
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let paths = [&modules.crashes, &modules.good].map(|path| path.display().to_string());
    let ended = scene.crash(&["module", &paths[0], "module", &paths[1]]);
    let report = scene.only_report(Store::Machine, ended.pid);
    assert_eq!(report["signature"]["event_type"], "Robust event");
    assert_eq!(verdicts(&report), ["crashed", "claimed"]);
}

#[test]
fn a_module_writes_a_dump_of_its_own() {
    let scene = Scene::new();
    let arguments = ["-shared", "-fPIC", "-fshort-wchar", "-DEVENT=\"\"", "-DDUMP", "-lwer", "-lwerdbghelp"];
    let module = compile(&scene.sandbox, "named_module.c", "dumps.so", &arguments).expect("a module");
    let options = SandboxOptions { system_modules: vec![module.clone()], ..SandboxOptions::default() };
    scene.sandbox.write_settings(&options).expect("settings");
    for way in ["in the application", "by the kernel"] {
        let module = module.display().to_string();
        let (ended, store, _borrowed);
        if way == "in the application" {
            ended = scene.crash(&["module", &module, "attach"]);
            store = Store::User;
        } else {
            let Some(borrowed) = scene.kernel_pipe() else { return };
            _borrowed = borrowed;
            ended = scene.crash(&["module", &module]);
            store = Store::Machine;
        }
        let report = scene.only_report(store, ended.pid);
        assert_eq!(verdicts(&report), ["claimed"], "{way}: {report}");
        assert!(files(&report).contains(&"module0_own.dmp".to_owned()), "{way}: {report}");
        let id = report["id"].as_str().expect("an id");
        let root = scene.sandbox.store_root(store).join("ReportQueue");
        let folder = names(&root).into_iter().find(|name| name.ends_with(id)).expect("its folder");
        let reading = minidump_reader::read(&root.join(folder).join("module0_own.dmp")).expect("a dump");
        assert_eq!(reading.crashed_thread, ended.pid, "{way}");
    }
}
