//! Reports are built with Windows' limits and answers, and with handles that cannot be misused.

use crate::build::{WITH_LIBRARY, compile, run};

#[test]
fn reports_are_built_in_four_dialects() {
    let dialects: [(&str, &[&str]); 4] = [
        ("cc", &["-std=c11"]),
        ("cc", &["-std=c11", "-fshort-wchar"]),
        ("g++", &["-std=c++17"]),
        ("g++", &["-std=c++17", "-fshort-wchar"]),
    ];
    for (compiler, options) in dialects {
        let folder = tempfile::tempdir().unwrap();
        let program = compile(&folder, compiler, "report.c", &[options, &WITH_LIBRARY].concat());
        let ended = run(&folder, &program, "");
        assert!(ended.status.success(), "{compiler} {options:?}: {:?}\n{}", ended.status, ended.text);
    }
}

#[test]
fn a_child_that_was_forked_meanwhile_builds_reports() {
    let folder = tempfile::tempdir().unwrap();
    let options = [&["-std=c11", "-D_GNU_SOURCE"], &WITH_LIBRARY[..]].concat();
    let program = compile(&folder, "cc", "report_fork.c", &options);
    let ended = run(&folder, &program, "");
    assert!(ended.status.success(), "{:?}\n{}", ended.status, ended.text);
}
