//! Two ways of capture are active, and there is one report: whoever finishes first, and whoever is killed.

use wer_testkit::{CorePattern, Service, Store};

use crate::scene::Scene;

#[test]
fn attached_and_the_kernels_pipe() {
    let scene = Scene::new();
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let ended = scene.crash(&["attach", "block"]);
    let report = scene.only_report(Store::User, ended.pid);
    assert_eq!(report["capture_source"], "in_application");
    assert_eq!(report["signature"]["event_type"], "APPCRASH");
    scene.no_failure(Store::Machine, ended.pid);
    scene.no_failure(Store::User, ended.pid);
    let events = scene.events(Store::User);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["report_id"], report["id"]);
}

#[test]
fn attached_and_the_kernels_socket() {
    let scene = Scene::new();
    if let Some(reason) = CorePattern::why_not() {
        eprintln!("left out: {reason}");
        return;
    }
    let service = Service::start(&scene.sandbox).expect("a service");
    let _borrowed = CorePattern::set(&service.core_pattern()).expect("core_pattern");
    let ended = scene.crash(&["attach"]);
    assert_eq!(scene.only_report(Store::User, ended.pid)["capture_source"], "in_application");
    let ended = scene.crash(&[]);
    assert_eq!(scene.only_report(Store::Machine, ended.pid)["capture_source"], "kernel_socket");
    scene.no_failure(Store::Machine, ended.pid);
}

#[test]
fn supervised_and_the_kernels_pipe() {
    let scene = Scene::new();
    let Some(_borrowed) = scene.kernel_pipe() else { return };
    let ended = scene.sandbox.wer_run(true, scene.program(), &["block"]).expect("wer run --trace");
    assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
    // Crashes of other tests come to this machine's store too, but not to this user's.
    let reports = scene.sandbox.reports(Store::User).expect("a list of reports");
    assert_eq!(reports.len(), 1, "{reports:?}");
    let pid = reports[0]["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("a pid");
    assert_eq!(scene.only_report(Store::User, pid)["capture_source"], "traced");
}

#[test]
fn attached_and_supervised() {
    let scene = Scene::new();
    let ended = scene.sandbox.wer_run(true, scene.program(), &["attach"]).expect("wer run --trace");
    assert_eq!(ended.signal(), Some(libc::SIGSEGV), "{}", ended.describe());
    let reports = scene.sandbox.reports(Store::User).expect("a list of reports");
    assert_eq!(reports.len(), 1, "{reports:?}");
}

#[test]
fn many_programs_crash_at_the_same_time() {
    let scene = Scene::new();
    let crash = || scene.crash(&["block", "attach"]).pid;
    let pids: Vec<u32> = std::thread::scope(|threads| {
        let started: Vec<_> = (0..6).map(|_| threads.spawn(crash)).collect();
        started.into_iter().map(|thread| thread.join().expect("a crash")).collect()
    });
    for pid in pids {
        scene.only_report(Store::User, pid);
    }
    assert_eq!(scene.unfinished(Store::User), Vec::<String>::new());
    assert_eq!(scene.events(Store::User).len(), 6);
}

#[cfg(debug_assertions)]
mod killed {
    use wer_testkit::{process, wait_for};

    use super::*;
    use crate::scene::{CRASH_LIMIT, LIMIT};

    /// The id that the killed reporter had begun under: its unfinished folder is named after it.
    fn begun_id(scene: &Scene) -> String {
        let unfinished = scene.unfinished(Store::User);
        assert_eq!(unfinished.len(), 1, "{unfinished:?}");
        unfinished[0].split('.').next().expect("an id").to_owned()
    }

    #[test]
    fn before_it_stored_the_kernel_reports_under_the_same_id() {
        let scene = Scene::new();
        let Some(_borrowed) = scene.kernel_pipe() else { return };
        for spot in ["begun", "copied"] {
            let ended = scene.crash_with_spot(spot, &["attach", "block"]);
            assert!(ended.stderr.contains("werfault ended without an answer"), "{}", ended.describe());
            let report = scene.only_report(Store::Machine, ended.pid);
            assert_eq!(report["capture_source"], "kernel_pipe");
            assert_eq!(report["id"], begun_id(&scene), "{spot}");
            assert!(scene.sandbox.reports(Store::User).expect("a list").is_empty());
            std::fs::remove_dir_all(scene.sandbox.path("store/Temp")).expect("the leftovers");
        }
    }

    #[test]
    fn before_it_began_the_kernel_reports() {
        let scene = Scene::new();
        let Some(_borrowed) = scene.kernel_pipe() else { return };
        for spot in ["before-capture", "captured"] {
            let ended = scene.crash_with_spot(spot, &["attach"]);
            assert_eq!(
                scene.only_report(Store::Machine, ended.pid)["capture_source"],
                "kernel_pipe",
                "{spot}"
            );
            assert_eq!(scene.unfinished(Store::User), Vec::<String>::new());
        }
    }

    #[test]
    fn after_it_stored_the_kernel_is_silent() {
        let scene = Scene::new();
        let Some(_borrowed) = scene.kernel_pipe() else { return };
        let ended = scene.crash_with_spot("committed", &["attach"]);
        assert!(ended.stderr.contains("werfault ended without an answer"), "{}", ended.describe());
        assert_eq!(scene.only_report(Store::User, ended.pid)["capture_source"], "in_application");
        scene.no_failure(Store::Machine, ended.pid);
        assert_eq!(scene.unfinished(Store::User), Vec::<String>::new());
    }

    /// `wer run --trace` is parent, tracer and reporter in one: its program goes on dying without it.
    #[test]
    fn a_supervisor_is_followed_by_the_kernel_under_the_same_id() {
        let scene = Scene::new();
        let Some(_borrowed) = scene.kernel_pipe() else { return };
        let mut command = std::process::Command::new(scene.sandbox.built().binary("wer"));
        command.args(["run", "--trace", "--"]).arg(scene.program()).arg("block");
        scene.sandbox.confine(&mut command).env("WER_FAIL_SPOT", "begun");
        let ended = process::run(&mut command, CRASH_LIMIT).expect("wer run --trace");
        assert_eq!(ended.signal(), Some(libc::SIGKILL), "{}", ended.describe());
        let id = begun_id(&scene);
        let report = wait_for("the kernel's report", LIMIT, || {
            let reports = scene.sandbox.reports(Store::Machine)?;
            Ok(reports.into_iter().find(|report| report["id"] == id.as_str()))
        });
        assert_eq!(report.expect("a report")["capture_source"], "kernel_pipe");
        assert!(scene.sandbox.reports(Store::User).expect("a list").is_empty());
    }

    #[test]
    fn without_another_way_there_is_none_and_the_process_dies_all_the_same() {
        let scene = Scene::new();
        for spot in ["before-capture", "begun"] {
            let ended = scene.crash_with_spot(spot, &["attach"]);
            assert_eq!(scene.count(Store::User, ended.pid), 0, "{spot}");
            assert!(ended.stderr.contains("may be unreported"), "{}", ended.describe());
        }
        let ended = scene.crash(&["attach"]);
        assert_eq!(scene.count(Store::User, ended.pid), 1);
    }
}
