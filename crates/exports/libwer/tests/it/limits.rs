//! The headers compile as C11 and C++17 with both widths of `wchar_t`, and the functions answer as Windows' do.

use crate::build::{WITH_LIBRARY, compile, run};

#[test]
fn every_limit_and_answer_in_four_dialects() {
    let dialects: [(&str, &[&str]); 4] = [
        ("cc", &["-std=c11"]),
        ("cc", &["-std=c11", "-fshort-wchar"]),
        ("g++", &["-std=c++17"]),
        ("g++", &["-std=c++17", "-fshort-wchar"]),
    ];
    for (compiler, options) in dialects {
        let folder = tempfile::tempdir().unwrap();
        let program = compile(&folder, compiler, "limits.c", &[options, &WITH_LIBRARY].concat());
        let ended = run(&folder, &program, "");
        assert!(ended.status.success(), "{compiler} {options:?}: {:?}\n{}", ended.status, ended.text);
    }
}
