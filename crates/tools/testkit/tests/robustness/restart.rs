//! An application that has asked for it recovers, dies of its first signal, and is started again: once, and only where
//! nobody else does so.

use std::path::PathBuf;
use std::process::Command;

use wer_testkit::{SandboxOptions, Store, wait_for};

use crate::scene::{LIMIT, Scene, compile};

struct Application {
    scene: Scene,
    program: PathBuf,
    out: PathBuf,
}

impl Application {
    fn new() -> Self {
        Self::with(&SandboxOptions::default())
    }

    fn with(options: &SandboxOptions) -> Self {
        let scene = Scene::with(options);
        let program = compile(&scene.sandbox, "restarts.c", "robust-restarts", &["-fshort-wchar", "-lwer"]);
        let out = scene.sandbox.path("work/out");
        Self { program: program.expect("a program"), out, scene }
    }

    /// A start of the program that need not have run for a minute.
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        self.prepare(command.args(words));
        command
    }

    fn prepare<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        self.scene.sandbox.confine(command);
        command.env("OUT", &self.out).env("MARK", "first").env("WER_TEST_RESTART_AFTER_SECONDS", "0")
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.out).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The lines when there are so many; more would be a mistake that the end of the last reporter shows.
    fn wait_for_lines(&self, count: usize) -> Vec<String> {
        let look = || Ok(Some(self.lines()).filter(|lines| lines.len() >= count));
        wait_for("the program's lines", LIMIT, look)
            .unwrap_or_else(|error| panic!("{error:#}: {:?}", self.lines()))
    }

    /// The lines when all that could start it again has ended.
    fn lines_at_the_end(&self) -> Vec<String> {
        self.scene.wait_until_alone();
        self.lines()
    }
}

#[test]
fn it_comes_back_where_it_was_with_what_it_registered() {
    let application = Application::new();
    // The reporter raises its own limits; what it starts has the program's.
    let mut command = Command::new("prlimit");
    command.arg("--nofile=100:200").arg(&application.program).args(["mark", "elsewhere", "with", "crash"]);
    let ended = application.scene.crash_by(application.prepare(&mut command));
    application.wait_for_lines(2);
    let lines = application.lines_at_the_end();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].ends_with("[mark] [elsewhere] [with] [crash]"), "{lines:?}");
    assert_eq!(lines[1], "/ first 100 /dev/null [OUT] [--again] [a b] [\"]");
    application.scene.only_report(Store::User, ended.pid);
}

#[test]
fn without_a_command_line_it_has_its_own_arguments() {
    let application = Application::new();
    application.scene.crash_by(&mut application.command(&["a b", "if-first", "own", "crash"]));
    application.wait_for_lines(2);
    let lines = application.lines_at_the_end();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].ends_with("/dev/null [a b] [if-first] [own] [crash]"), "{lines:?}");
}

#[test]
fn one_that_crashes_at_once_again_is_not_started_twice() {
    let application = Application::new();
    application.scene.crash_by(&mut application.command(&["own", "crash"]));
    application.wait_for_lines(2);
    let lines = application.lines_at_the_end();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let reports = application.scene.sandbox.reports(Store::User).expect("reports");
    assert_eq!(reports.len(), 2, "both crashes are reported");
}

#[test]
fn it_is_left_alone_where_anything_speaks_against_it() {
    let cases = [
        ("own", "MARK", "first", 2),
        ("nothing", "MARK", "first", 1),
        ("no-crash", "MARK", "first", 1),
        // It has run for less than a minute.
        ("own", "WER_TEST_RESTART_AFTER_SECONDS", "60", 1),
        ("own", "NOTIFY_SOCKET", "/nowhere", 1),
    ];
    for (word, variable, value, starts) in cases {
        let application = Application::new();
        let mut command = application.command(&["if-first", word, "crash"]);
        let ended = application.scene.crash_by(command.env(variable, value));
        application.wait_for_lines(starts);
        let lines = application.lines_at_the_end();
        assert_eq!(lines.len(), starts, "{word} {variable} {lines:?}");
        application.scene.only_report(Store::User, ended.pid);
    }
}

#[test]
fn a_program_that_is_excluded_is_neither_called_nor_started() {
    let options = SandboxOptions { top_lines: vec!["Disabled = 1".into()], ..SandboxOptions::default() };
    let application = Application::with(&options);
    let ended = application.scene.crash_by(&mut application.command(&["with", "saves", "crash"]));
    assert_eq!(application.lines_at_the_end().len(), 1);
    application.scene.no_report(ended.pid);
}

#[test]
fn what_a_callback_has_saved_is_named_to_the_next_start() {
    let application = Application::new();
    let ended = application.scene.crash_by(&mut application.command(&["with", "saves", "crash"]));
    application.wait_for_lines(3);
    let lines = application.lines_at_the_end();
    assert_eq!((lines.len(), lines[1].as_str()), (3, "saved"));
    assert!(lines[2].ends_with("/dev/null [OUT] [--recovered]"), "{lines:?}");
    application.scene.only_report(Store::User, ended.pid);
}

#[test]
fn a_callback_that_crashes_changes_neither_the_report_nor_the_signal() {
    let application = Application::new();
    let ended = application.scene.crash_by(&mut application.command(&["with", "fails", "crash"]));
    application.wait_for_lines(3);
    let lines = application.lines_at_the_end();
    assert_eq!((lines.len(), lines[1].as_str()), (3, "crashes again"));
    assert!(lines[2].ends_with("[--again] [a b] [\"]"), "{lines:?}");
    let report = application.scene.only_report(Store::User, ended.pid);
    let codes = report["signature"].to_string().to_lowercase();
    assert!(codes.contains("c0000005"), "{report}");
    assert!(!codes.contains("40000015"), "{report}");
}
