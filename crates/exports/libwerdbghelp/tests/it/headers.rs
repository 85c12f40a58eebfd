//! The headers in the languages that use them: sizes and offsets are asserted in them.

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
