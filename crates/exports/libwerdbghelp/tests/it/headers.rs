//! The headers in the languages that use them (sizes and offsets are asserted in them), and the library beside the other.

use crate::build::{compile, printed, source};

#[test]
fn every_dialect_takes_the_headers() {
    let folder = tempfile::tempdir().expect("a folder");
    for (compiler, standard) in
        [("gcc", "-std=c11"), ("gcc", "-std=gnu17"), ("g++", "-std=c++17"), ("g++", "-std=c++20")]
    {
        for wide in ["-fno-short-wchar", "-fshort-wchar"] {
            let language = if compiler == "g++" { "c++" } else { "c" };
            let program = compile(&folder, compiler, &source("headers.c"), &["-x", language, standard, wide]);
            assert_eq!(printed(&program, &[], folder.path()), "1296 56 1364\n");
        }
    }
}

#[test]
fn the_last_error_is_the_programs_whichever_library_comes_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let orders: [&[&str]; 3] = [&[], &["-lwer"], &["-lwerdbghelp", "-lwer"]];
    for order in orders {
        let options = [&["-std=c11", "-Wl,--no-as-needed"], order].concat();
        let program = compile(&folder, "gcc", &source("last_error.c"), &options);
        assert_eq!(printed(&program, &[], folder.path()), "80070057 80070006 6\n", "{order:?}");
    }
}
