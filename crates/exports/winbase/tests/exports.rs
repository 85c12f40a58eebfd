//! What the linker leaves of this crate in the libraries that link it, in either profile.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// Builds the libraries; their folder.
fn built(profile: &str) -> PathBuf {
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "build",
            "--quiet",
            "--profile",
            profile,
            "--package",
            "wer-libwer",
            "--package",
            "wer-libwerdbghelp",
        ])
        .current_dir(root());
    assert!(command.status().unwrap().success(), "the libraries cannot be built");
    let folder = if profile == "dev" { "debug" } else { profile };
    let this = std::env::current_exe().unwrap();
    this.ancestors().nth(3).unwrap().join(folder)
}

/// `0000000000001139 T WerWinSleep`
fn functions_of(library: &Path) -> Vec<String> {
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library).output().unwrap();
    let listed = String::from_utf8_lossy(&output.stdout);
    listed.lines().filter_map(|line| line.split_once(" T ")).map(|(_, name)| name.to_owned()).collect()
}

#[test]
fn both_libraries_export_every_function_that_the_header_names() {
    let header = std::fs::read_to_string(root().join("include/wer_winbase.h")).unwrap();
    let named = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    let mut names: Vec<&str> =
        named.map(|(_, name)| name).filter(|name| name.starts_with("WerWin")).collect();
    names.push("WerHandleFromFd");
    assert!(names.len() > 60, "{names:?}");
    for profile in ["dev", "release"] {
        let folder = built(profile);
        for library in ["libwer.so", "libwerdbghelp.so"] {
            let exported = functions_of(&folder.join(library));
            let missing: Vec<_> =
                names.iter().filter(|name| !exported.iter().any(|found| found == *name)).collect();
            assert!(missing.is_empty(), "{library}, {profile}: {missing:?}");
        }
    }
}
