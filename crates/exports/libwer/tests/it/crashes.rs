//! C and C++ programs that attach and die.

use std::os::unix::process::ExitStatusExt;

use crate::build::{Ended, WITH_LIBRARY, compile, run};

const SIGABRT: i32 = 6;
const SIGSEGV: i32 = 11;

fn crash(how: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let options = ["-std=c11", "-D_GNU_SOURCE", "-DATTACH", "-O0", QUIET];
    let program = compile(&folder, "cc", "crash.c", &[&options[..], &WITH_LIBRARY].concat());
    run(&folder, &program, how)
}

/// The compiler sees through the recursion.
const QUIET: &str = "-Wno-infinite-recursion";

fn throw(kind: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(&folder, "g++", "throws.cpp", &[&["-std=c++17"][..], &WITH_LIBRARY].concat());
    run(&folder, &program, kind)
}

#[test]
fn c_programs_die_of_their_own_signal_after_one_report() {
    for (how, signal) in [("null", SIGSEGV), ("overflow", SIGSEGV), ("thread", SIGSEGV), ("heap", SIGABRT)] {
        let ended = crash(how);
        assert_eq!(ended.status.signal(), Some(signal), "{how}: {}", ended.text);
        assert_eq!(ended.reports, format!("signal={signal} words=goodbye\n"), "{how}: {}", ended.text);
    }
    let ended = crash("nothing");
    assert_eq!((ended.status.code(), ended.reports.as_str()), (Some(0), ""));
}

#[test]
fn an_uncaught_exception_leaves_type_and_text() {
    let ended = throw("derived");
    assert_eq!(ended.status.signal(), Some(SIGABRT));
    assert_eq!(ended.reports, "signal=6 words=\\x02shop::OutOfStock: no more apples\n");
    assert!(ended.text.contains("terminate called after throwing"), "{}", ended.text);
    assert_eq!(throw("int").reports, "signal=6 words=\\x02int\n");
}
