//! Runs a program with the real `werfault`, on folders of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::build::{Ended, library_folder};

/// The `werfault` of this profile, built once per run of the tests.
pub(crate) fn werfault() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let test = std::env::current_exe().expect("this test");
        // target/PROFILE/deps/it-0123
        let binaries = test.ancestors().nth(2).expect("the profile's folder").to_owned();
        let profile = if binaries.ends_with("release") { "release" } else { "dev" };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--package", "wer-fault", "--profile", profile])
            .output()
            .expect("cargo");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        binaries.join("werfault")
    })
}

/// Runs a program whose settings, store and machine's store lie in `folder`.
pub(crate) fn run_with_werfault(folder: &TempDir, program: &Path, werfault: &Path, argument: &str) -> Ended {
    let output = Command::new(program)
        .arg(argument)
        .env("LD_LIBRARY_PATH", library_folder())
        .env("WER_WERFAULT", werfault)
        .env("WER_SYSTEM_CONFIG_DIR", folder.path().join("etc"))
        .env("XDG_CONFIG_HOME", folder.path().join("config"))
        .env("WER_STORE_DIR", folder.path().join("store"))
        .env("WER_MACHINE_STORE_DIR", folder.path().join("machine"))
        .output()
        .expect("the program");
    let text = [output.stdout, output.stderr].concat();
    Ended { status: output.status, text: String::from_utf8_lossy(&text).into_owned(), reports: String::new() }
}
