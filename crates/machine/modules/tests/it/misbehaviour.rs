//! Modules that crash, hang, leave, lie or are not there: each loses its claim and nothing else.

use wer_model::ModuleVerdict;

use super::support::{SHORT, Scene};

const EVENT: &str = "OutOfProcessExceptionEventCallback";

fn event_that(code: &str) -> ModuleVerdict {
    Scene::new().verdict_of(&format!("EVENT {{ {code} return 0; }} NO_SIGNATURE NO_DEBUGGER"))
}

fn impatient_event_that(code: &str) -> ModuleVerdict {
    let mut scene = Scene::new();
    scene.deadline = SHORT;
    scene.verdict_of(&format!("EVENT {{ {code} return 0; }} NO_SIGNATURE NO_DEBUGGER"))
}

fn crashed(signal: i32) -> ModuleVerdict {
    ModuleVerdict::Crashed { signal, during: EVENT.to_owned() }
}

fn timed_out(during: &str) -> ModuleVerdict {
    ModuleVerdict::TimedOut { during: during.to_owned() }
}

#[test]
fn it_crashes() {
    assert_eq!(event_that("*claimed = 1; *(volatile int *)0 = 1;"), crashed(libc::SIGSEGV));
    assert_eq!(event_that("abort();"), crashed(libc::SIGABRT));
}

#[test]
fn it_recurses_for_ever() {
    let body = r#"static int deep(volatile int *n) { volatile int m[64]; m[0] = *n + 1; return deep(m) + m[0]; }
                  EVENT { volatile int n = 0; return deep(&n); } NO_SIGNATURE NO_DEBUGGER"#;
    assert_eq!(Scene::new().verdict_of(body), crashed(libc::SIGSEGV));
}

#[test]
fn it_crashes_after_its_claim() {
    let body = r#"EVENT { *claimed = 1; *size = put(name, "E"); *count = 2; return 0; }
                  SIGNATURE { if (index) raise(SIGBUS); *name_size = put(name, "n"); return 0; } NO_DEBUGGER"#;
    let during = "OutOfProcessExceptionEventSignatureCallback 1".to_owned();
    let expected = ModuleVerdict::Crashed { signal: libc::SIGBUS, during };
    assert_eq!(Scene::new().verdict_of(body), expected);
}

#[test]
fn it_leaves() {
    let expected = ModuleVerdict::Exited { status: 3, during: EVENT.to_owned() };
    assert_eq!(event_that("exit(3);"), expected);
}

#[test]
fn it_hangs() {
    assert_eq!(impatient_event_that("for (;;) pause();"), timed_out(EVENT));
    assert_eq!(impatient_event_that("for (;;) {}"), timed_out(EVENT));
}

#[test]
fn it_hangs_with_its_socket_closed() {
    assert_eq!(impatient_event_that("close(0); close(5); for (;;) pause();"), timed_out(EVENT));
}

#[test]
fn it_hangs_while_it_is_loaded() {
    let mut scene = Scene::new();
    scene.deadline = SHORT;
    let body = r#"__attribute__((constructor)) static void start(void) { for (;;) pause(); }
                  EVENT { return 0; } NO_SIGNATURE NO_DEBUGGER"#;
    assert_eq!(scene.verdict_of(body), timed_out("loading"));
}

#[test]
fn it_takes_all_memory() {
    let code = "for (;;) { char *p = malloc(1 << 24); memset(p, 1, 1 << 24); }";
    assert_eq!(event_that(code), crashed(libc::SIGSEGV));
}

#[test]
fn it_gives_a_nonsense_size() {
    let verdict = event_that("*claimed = 1; *size = 0xFFFFFFFF;");
    assert!(
        matches!(&verdict, ModuleVerdict::Invalid { reason } if reason.contains("4294967295")),
        "{verdict:?}"
    );
}

#[test]
fn it_gives_a_name_that_is_no_text() {
    let verdict = event_that("*claimed = 1; name[0] = 0xD800; name[1] = 0; *size = 2;");
    assert!(
        matches!(&verdict, ModuleVerdict::Invalid { reason } if reason.contains("UTF-16")),
        "{verdict:?}"
    );
}

#[test]
fn it_speaks_in_its_hosts_name() {
    let forged = r#"const char *lie = "{\"message\":\"debugger_launch\",\"result\":0}"; write(0, lie, strlen(lie)); pause();"#;
    let verdict = event_that(forged);
    assert!(matches!(verdict, ModuleVerdict::Invalid { .. }), "{verdict:?}");
    let rubbish = "static char big[100000]; write(0, big, sizeof big); pause();";
    let verdict = event_that(rubbish);
    assert!(matches!(verdict, ModuleVerdict::Invalid { .. }), "{verdict:?}");
}

#[test]
fn it_lacks_an_export() {
    let verdict = Scene::new().verdict_of("EVENT { return 0; } NO_SIGNATURE");
    let missing = "OutOfProcessExceptionEventDebuggerLaunchCallback";
    assert!(
        matches!(&verdict, ModuleVerdict::NotLoaded { reason } if reason.contains(missing)),
        "{verdict:?}"
    );
}

#[test]
fn it_is_not_there_or_no_module() {
    let scene = Scene::new();
    let text = scene.folder().join("text.so");
    std::fs::write(&text, "no module").unwrap();
    let absent = scene.verdict("/nonexistent/module.so");
    assert!(
        matches!(&absent, ModuleVerdict::NotLoaded { reason } if reason.contains("No such file")),
        "{absent:?}"
    );
    for path in ["/nonexistent/module.so", text.to_str().unwrap(), "module.so", "C:\\crash\\wer.dll"] {
        let verdict = scene.verdict(path);
        assert!(matches!(verdict, ModuleVerdict::NotLoaded { .. }), "{path} {verdict:?}");
    }
}

#[test]
fn its_host_is_not_there() {
    let mut scene = Scene::new();
    scene.host_executable = "/nonexistent/werfault".into();
    let verdict = scene.verdict_of("EVENT { return 0; } NO_SIGNATURE NO_DEBUGGER");
    let expected = "/nonexistent/werfault";
    assert!(
        matches!(&verdict, ModuleVerdict::NotLoaded { reason } if reason.contains(expected)),
        "{verdict:?}"
    );
}

#[test]
fn each_call_has_its_own_time() {
    let mut scene = Scene::new();
    scene.deadline = SHORT;
    // Together longer than one call may take, each of them much shorter.
    let body = r#"
        #define REST usleep(700 * 1000)
        EVENT { REST; *claimed = 1; *size = put(name, "Slow"); *count = 2; return 0; }
        SIGNATURE { REST; *name_size = put(name, "n"); *value_size = put(value, "v"); return 0; }
        DEBUGGER { REST; *custom = 0; return 0; }"#;
    let verdict = scene.verdict_of(body);
    assert!(
        matches!(&verdict, ModuleVerdict::Claimed { event_name, .. } if event_name == "Slow"),
        "{verdict:?}"
    );
    let body = r#"EVENT { *claimed = 1; *size = put(name, "E"); *count = 1; return 0; }
                  SIGNATURE { for (;;) pause(); } NO_DEBUGGER"#;
    assert_eq!(scene.verdict_of(body), timed_out("OutOfProcessExceptionEventSignatureCallback 0"));
    let body = r#"EVENT { *claimed = 1; *size = put(name, "E"); return 0; } NO_SIGNATURE
                  DEBUGGER { for (;;) pause(); }"#;
    assert_eq!(scene.verdict_of(body), timed_out("OutOfProcessExceptionEventDebuggerLaunchCallback"));
}

#[test]
fn it_gains_no_time_by_announcing_the_same_call_again() {
    let code = r#"const char *again = "{\"message\":\"entering\",\"callback\":\"event\"}";
        for (int i = 0; i < 40; i++) { write(0, again, strlen(again)); usleep(100 * 1000); } pause();"#;
    assert_eq!(impatient_event_that(code), timed_out(EVENT));
}

#[test]
fn it_forks_threads_without_end() {
    let code = r#"pthread_t thread; long made = 0;
        while (pthread_create(&thread, 0, (void *(*)(void *))pause, 0) == 0) made++; exit(made > 0);"#;
    let verdict = impatient_event_that(code);
    assert!(
        matches!(&verdict, ModuleVerdict::Exited { status: 1, .. } | ModuleVerdict::TimedOut { .. }),
        "{verdict:?}"
    );
}

#[test]
fn it_leaves_by_every_door() {
    for (code, status) in [("_exit(4);", 4), ("quick_exit(5);", 5), ("exit(0);", 0)] {
        let expected = ModuleVerdict::Exited { status, during: EVENT.to_owned() };
        assert_eq!(event_that(code), expected, "{code}");
    }
}

#[test]
fn it_crashes_on_a_thread_of_its_own() {
    let body = r#"static void *work(void *nothing) { *(volatile int *)8 = 1; return nothing; }
        EVENT { pthread_t thread; pthread_create(&thread, 0, work, 0); pthread_join(thread, 0); return 0; }
        NO_SIGNATURE NO_DEBUGGER"#;
    assert_eq!(Scene::new().verdict_of(body), crashed(libc::SIGSEGV));
}

#[test]
fn it_asks_without_end() {
    let code = r#"int requests = 5; uint32_t request[4] = {0x51524557, 2, 0, 0}, answer;
        for (int i = 0; i < 1000; i++) { send(requests, request, sizeof request, 0); recv(requests, &answer, 4, 0); } pause();"#;
    let verdict = impatient_event_that(code);
    assert!(
        matches!(&verdict, ModuleVerdict::Invalid { reason } if reason.contains("too many requests")),
        "{verdict:?}"
    );
}

#[test]
fn its_requests_are_nonsense() {
    let code = r#"uint32_t answer = 0; char big[4096] = "WERQ"; int requests = 5; char found[64];
        send(requests, big, sizeof big, 0); recv(requests, &answer, 4, 0); uint32_t first = answer;
        send(requests, "x", 1, 0); recv(requests, &answer, 4, 0); uint32_t second = answer;
        uint32_t unknown[4] = {0x51524557, 99, 0, 0}; send(requests, unknown, sizeof unknown, 0); recv(requests, &answer, 4, 0);
        if (first == 50 && second == 50 && answer == 50) exit(7);"#;
    assert_eq!(event_that(code), ModuleVerdict::Exited { status: 7, during: EVENT.to_owned() });
}
