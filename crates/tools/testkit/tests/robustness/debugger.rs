//! A module's own debugger: attached to a process that waits in its handler, or started on the stored dump of one that
//! the kernel holds. The process dies of its own signal in any case.

use std::path::{Path, PathBuf};

use wer_testkit::{SandboxOptions, Store, wait_for};

use crate::ordinary_user::{as_nobody, can_be_nobody, crash_as_nobody, open_to_nobody};
use crate::privileged::PrivilegedDumps;
use crate::scene::{LIMIT, Scene, assert_says, compile};

/// A scene whose module wants this debugger.
fn scene_with(name: &str, command: impl FnOnce(&Scene) -> String, automatic: bool) -> (Scene, PathBuf) {
    let scene = Scene::new();
    let command = format!("-DDEBUGGER=\"{}\"", command(&scene).replace('"', "\\\""));
    let automatic = format!("-DAUTOMATIC={}", u8::from(automatic));
    let arguments = ["-shared", "-fPIC", "-fshort-wchar", "-DEVENT=\"Debugged\"", &command, &automatic];
    // Beside what it names, and gone with it.
    let name = scene.sandbox.path(name).display().to_string();
    let module = compile(&scene.sandbox, "named_module.c", &name, &arguments).expect("a module");
    let options = SandboxOptions { system_modules: vec![module.clone()], ..SandboxOptions::default() };
    scene.sandbox.write_settings(&options).expect("settings");
    (scene, module)
}

fn small_debugger(scene: &Scene, seen: &Path, mode: &str) -> String {
    let debugger = compile(&scene.sandbox, "debugger.c", "small-debugger", &[]).expect("a debugger");
    format!("\"{}\" \"{}\" {mode} %ld %ld", debugger.display(), seen.display())
}

/// Crashes with the small debugger; returns what it has seen.
fn seen_by_debugger(mode: &str) -> (Scene, String) {
    let mut seen = PathBuf::new();
    let command = |scene: &Scene| {
        seen = scene.sandbox.path("seen");
        small_debugger(scene, &seen, mode)
    };
    let (scene, module) = scene_with(&format!("debugged-{mode}.so"), command, true);
    let ended = scene.crash(&["module", &module.display().to_string(), "attach"]);
    let report = scene.only_report(Store::User, ended.pid);
    assert_eq!(report["signature"]["event_type"], "Debugged");
    let whole = wait_for("the debugger's last line", LIMIT, || {
        let text = std::fs::read_to_string(&seen).unwrap_or_default();
        let is_over =
            ["left\n", "ended by", "failed"].iter().any(|end| text.contains(end)) && text.ends_with('\n');
        Ok(is_over.then_some(text))
    });
    (scene, whole.expect("what the debugger saw"))
}

#[test]
fn a_debugger_finds_the_process_stopped_and_may_leave_it() {
    let (scene, seen) = seen_by_debugger("leave");
    assert_eq!(seen, "state T\nattached 1\nleft\n");
    assert_eq!(scene.failures(Store::User), Vec::<String>::new());
}

#[test]
fn a_debugger_that_stays_sees_the_signal_again() {
    let (_scene, seen) = seen_by_debugger("stay");
    assert_eq!(seen, "state T\nattached 1\nsignal 11\nended by 11\n");
}

#[test]
fn gdb_shows_where_it_crashed() {
    let command = |_: &Scene| "/usr/bin/gdb -nx -batch -p %ld -ex bt".to_owned();
    let (scene, module) = scene_with("debugged-gdb.so", command, true);
    let ended = scene.crash(&["module", &module.display().to_string(), "attach"]);
    assert!(ended.stdout.contains("in main"), "{}", ended.describe());
}

/// A scene whose machine's settings have these lines, and no module.
fn settings(lines: &[&str]) -> Scene {
    let top_lines = lines.iter().map(|line| (*line).to_owned()).collect();
    Scene::with(&SandboxOptions { top_lines, ..SandboxOptions::default() })
}

const GDB: &str = "Debugger = '\"/usr/bin/gdb\" -nx -batch -p %ld -ex \"echo handle %ld\\n\" -ex bt'";

#[test]
fn the_machines_debugger_starts_where_the_settings_say_so() {
    let scene = settings(&["[AeDebug]", GDB, "Auto = \"1\""]);
    let ended = scene.crash(&["attach"]);
    scene.only_report(Store::User, ended.pid);
    assert!(ended.stdout.contains("in main"), "{}", ended.describe());
    let handle = ended.stdout.split("handle ").nth(1).and_then(|rest| rest.split(char::is_whitespace).next());
    let handle: u64 =
        handle.expect("a handle").trim_end_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number");
    assert_eq!(handle >> 32, 0x5745, "{}", ended.describe());
}

#[test]
fn the_machines_debugger_leaves_programs_alone_that_are_listed() {
    let excluded = ["[AeDebug]", GDB, "Auto = \"1\"", "[AeDebug.AutoExclusionList]", "\"robust-target\" = 1"];
    let scene = settings(&excluded);
    let ended = scene.crash(&["attach"]);
    assert_eq!((ended.stdout.as_str(), scene.failures(Store::User)), ("", vec![]));
    let asking = ["[AeDebug]", GDB, "Auto = \"1\"", "[DebugApplications]", "\"robust-target\" = 1"];
    let scene = settings(&asking);
    let ended = scene.crash(&["attach"]);
    assert_eq!(ended.stdout, "");
    assert_says(&scene.failures(Store::User), "there was nobody to ask");
}

#[test]
fn without_leave_to_start_it_the_log_says_how() {
    let (scene, module) = scene_with("debugged-asks.so", |_| "/usr/bin/gdb -p %ld".to_owned(), false);
    let ended = scene.crash(&["module", &module.display().to_string(), "attach"]);
    scene.only_report(Store::User, ended.pid);
    assert_says(&scene.failures(Store::User), "nobody to ask. Its command line: /usr/bin/gdb -p %ld");
}

#[test]
fn a_debugger_that_is_not_there_costs_nothing() {
    let (scene, module) = scene_with("debugged-none.so", |_| "/nonexistent/dbg %ld".to_owned(), true);
    let ended = scene.crash(&["module", &module.display().to_string(), "attach"]);
    scene.only_report(Store::User, ended.pid);
    assert_says(&scene.failures(Store::User), "was not started");
}

#[test]
fn a_process_that_the_kernel_holds_is_debugged_by_its_files() {
    let mut seen = PathBuf::new();
    let command = |scene: &Scene| {
        seen = scene.sandbox.path("seen");
        // Whoever crashed starts it.
        std::fs::write(&seen, "").expect("a file");
        let script = scene.script(
            "look",
            &format!(
                "echo \"$(head -c4 \"$1\") $(head -c4 \"$2\" | tail -c3) $#\" > {}; rm -f \"$2\"",
                seen.display()
            ),
        );
        format!("{} {{dump}} {{core}}", script.display())
    };
    let (scene, module) = scene_with("debugged-files.so", command, true);
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let ended = scene.crash(&["module", &module.display().to_string()]);
    scene.only_report(Store::Machine, ended.pid);
    let text = wait_for("the debugger", LIMIT, || {
        Ok(Some(std::fs::read_to_string(&seen).unwrap_or_default()).filter(|text| text.ends_with('\n')))
    });
    assert_eq!(text.expect("what it saw"), "MDMP ELF 2\n", "{:?}", scene.failures(Store::Machine));
}

#[test]
fn a_process_that_the_kernel_holds_is_never_attached_to() {
    let (scene, module) = scene_with("debugged-never.so", |_| "/usr/bin/gdb -p %ld".to_owned(), true);
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let ended = scene.crash(&["module", &module.display().to_string()]);
    scene.only_report(Store::Machine, ended.pid);
    assert_says(&scene.failures(Store::Machine), "it would attach to a process whose core the kernel writes");
}

#[test]
fn it_runs_as_the_crashed_user_and_can_read_what_it_gets() {
    if !can_be_nobody() {
        return;
    }
    let mut seen = PathBuf::new();
    let command = |scene: &Scene| {
        open_to_nobody(scene, &["work"]);
        seen = scene.sandbox.path("work/seen");
        let look = "grep -E '^(CapEff|CapPrm|Groups):' /proc/self/status";
        let text = format!(
            "{{ id -u; {look}; head -c4 \"$1\"; head -c4 \"$2\" | tail -c3; echo; }} > {0}.new; \
             rm -f \"$1\" \"$2\"; mv {0}.new {0}",
            seen.display()
        );
        format!("{} {{dump}} {{core}}", scene.script("look", &text).display())
    };
    let (scene, module) = scene_with("debugged-user.so", command, true);
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let module = module.display().to_string();
    let ended = crash_as_nobody(&scene, &mut as_nobody(&scene, scene.program(), &["module", &module]));
    scene.only_report(Store::Machine, ended.pid);
    let text = wait_for("the debugger", LIMIT, || Ok(std::fs::read_to_string(&seen).ok()));
    let text = text.expect("what it saw");
    let words: Vec<&str> = text.split_whitespace().collect();
    let none = "0000000000000000";
    assert_eq!(words, ["65534", "Groups:", "CapPrm:", none, "CapEff:", none, "MDMPELF"]);
}

#[test]
fn a_set_user_id_program_has_no_debugger() {
    if !can_be_nobody() {
        return;
    }
    // Named by a module, because crashes of other programs come this way too meanwhile.
    let command = |scene: &Scene| {
        open_to_nobody(scene, &["work", "store"]);
        format!("/bin/touch {} {{dump}}", scene.sandbox.path("work/started").display())
    };
    let (scene, module) = scene_with("debugged-suid.so", command, true);
    let module = module.display().to_string();
    let words = ["module", module.as_str()];
    let Some(borrowed) = scene.kernel_pipe() else { return };
    let ended = crash_as_nobody(&scene, &mut as_nobody(&scene, scene.program(), &words));
    scene.only_report(Store::Machine, ended.pid);
    let started = scene.sandbox.path("work/started");
    wait_for("the ordinary program's debugger", LIMIT, || Ok(started.exists().then_some(())))
        .expect("it starts");
    std::fs::remove_file(&started).expect("nobody's file");

    let helper = scene.sandbox.path("helper");
    std::fs::copy(scene.program(), &helper).expect("a copy");
    std::fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o4755))
        .expect("its mode");
    let _dumps = PrivilegedDumps::allow(&borrowed);
    let ended = crash_as_nobody(&scene, &mut as_nobody(&scene, &helper, &words));
    let report = scene.only_report(Store::Machine, ended.pid);
    assert_eq!(report["modules"][0]["verdict"], "claimed", "{report}");
    assert!(!started.exists());
}
