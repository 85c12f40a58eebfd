//! Sources written for Windows, built with `include/compat` as they are: what the functions answer, and under ASan.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use crate::build::{WITH_LIBRARY, compile, compile_for_windows, run};

#[test]
fn a_source_for_windows_finds_what_it_expects() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile_for_windows(&folder, "windows.c", &WITH_LIBRARY);
    let ended = Command::new(&program)
        .arg(folder.path())
        .env("LD_LIBRARY_PATH", crate::build::library_folder())
        .env("WINDOWS_TEST", "größe")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "0 failures\n");
    assert_eq!(ended.status.code(), Some(0));
}

#[test]
fn mappings_and_events_are_shared_by_their_names() {
    for more in [&[][..], &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]] {
        let folder = tempfile::tempdir().unwrap();
        let program = compile_for_windows(&folder, "objects.c", &[more, &WITH_LIBRARY].concat());
        let ended = run(&folder, &program, &folder.path().to_string_lossy());
        assert_eq!(ended.text, "0 failures\n", "{more:?}: {:?}", ended.status);
    }
}

#[test]
fn an_exception_that_is_raised_ends_the_process_after_one_report() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile_for_windows(&folder, "windows.c", &WITH_LIBRARY);
    let ended = run(&folder, &program, "raise");
    assert_eq!(ended.status.signal(), Some(6), "{}", ended.text);
    assert_eq!(ended.reports, "signal=6 words=\n");
}

#[test]
fn a_module_in_cxx_is_taken_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile_for_windows(&folder, "windows_module.cpp", &WITH_LIBRARY);
    let ended = run(&folder, &program, "");
    assert!(ended.status.success(), "{:?} {}", ended.status, ended.text);
}

#[test]
fn formats_are_as_the_c_library_has_them_and_bounded() {
    for more in [&["-O2"][..], &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]] {
        let folder = tempfile::tempdir().unwrap();
        let program = compile_for_windows(&folder, "wide.c", &[more, &["-Wno-format"]].concat());
        let ended = run(&folder, &program, "");
        assert!(ended.status.success(), "{more:?}: {}", ended.text);
        assert_eq!(ended.text, "größe \u{1F980} \u{20AC}\n", "{more:?}");
    }
}

#[test]
fn narrow_formats_take_wide_strings() {
    for more in [&["-O2"][..], &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]] {
        let folder = tempfile::tempdir().unwrap();
        let program = compile_for_windows(&folder, "narrow.c", &[more, &["-Wno-format"]].concat());
        let ended = run(&folder, &program, "");
        assert_eq!(ended.text, "größe \u{20AC} ok\n0 failures\n", "{more:?}");
        assert!(ended.status.success(), "{more:?}: {:?}", ended.status);
    }
}

#[test]
fn the_sample_in_cxx_registers_and_crashes() {
    for standard in ["-std=c++17", "-std=gnu++20"] {
        let folder = tempfile::tempdir().unwrap();
        let source = "../../../../../examples/cpp/crash-report-sample/app.cpp";
        let program = compile(&folder, "g++", source, &[&[standard][..], &WITH_LIBRARY].concat());
        let ended = run(&folder, &program, "größe.toml");
        assert_eq!(ended.status.signal(), Some(11), "{}", ended.text);
        assert!(ended.reports.starts_with("signal=11 "), "{}", ended.reports);
    }
}

#[test]
fn the_samples_read_and_write_within_their_memory() {
    let folder = tempfile::tempdir().unwrap();
    let c = ("cc", "c/crash-report-sample/app.c", "-fshort-wchar");
    let cxx = ("g++", "cpp/crash-report-sample/app.cpp", "-std=c++17");
    for (compiler, source, option) in [c, cxx] {
        let source = format!("../../../../../examples/{source}");
        let options = [&["-fsanitize=address", option][..], &WITH_LIBRARY].concat();
        let program = compile(&folder, compiler, &source, &options);
        let ended = run(&folder, &program, "/no/such/file");
        // What ASan finds it says, and exits before the sample's own fault.
        assert!(ended.reports.starts_with("signal=11 "), "{source}: {} {}", ended.text, ended.reports);
    }
}

#[test]
fn formats_that_are_changed_at_random_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let checked = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wno-format"];
    let program = compile_for_windows(&folder, "wide_fuzz.c", &checked);
    let ended = run(&folder, &program, "20000");
    assert_eq!((ended.status.code(), ended.text.as_str()), (Some(0), ""));
}

#[test]
fn the_examples_are_built_in_every_warning() {
    let folder = tempfile::tempdir().unwrap();
    for source in ["crash-report-sample/app.c", "crash-report-sample/module.c", "dump-sample/dump.c"] {
        let source = format!("../../../../../examples/c/{source}");
        compile(&folder, "cc", &source, &["-std=c11", "-D_GNU_SOURCE", "-fshort-wchar", "-c"]);
    }
}

#[test]
fn the_sample_application_registers_and_crashes() {
    for language in ["-std=c11", "-std=gnu17"] {
        let folder = tempfile::tempdir().unwrap();
        let source = "../../../../../examples/c/crash-report-sample/app.c";
        let options = [&[language, "-fshort-wchar"][..], &WITH_LIBRARY].concat();
        let program = compile(&folder, "cc", source, &options);
        let ended = run(&folder, &program, "/no/such/module.so");
        assert_eq!(ended.status.signal(), Some(11), "{}", ended.text);
        assert!(ended.reports.starts_with("signal=11 "), "{}", ended.reports);
    }
}
