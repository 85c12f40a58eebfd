//! Others' crash clients, which the tests of the server's intake run: below `target/tools/clients`, each once.
//!
//! What needs minutes to build (Breakpad's programs, sentry-native) is not here; `docs/formats/intake.md` says what was
//! tried by hand.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command::run as run_command;
use crate::setup::once;
use crate::workspace::root;

/// Python's packages: sentry-cli is a program in one (23 MB), the other is Sentry's SDK.
const PYTHON_PACKAGES: [&str; 2] = ["sentry-cli==3.8.2", "sentry-sdk==2.75.0"];
/// Crashpad's handler, where Debian's Chromium has put it.
const HANDLER: &str = "usr/lib/chromium/chrome_crashpad_handler";
/// The package that has it.
const HANDLER_PACKAGE: &str = "chromium-common";

/// Installs what is missing, or has another version.
///
/// # Errors
/// A registry cannot be reached.
pub(super) fn install() -> Result<()> {
    let clients = root().join("target/tools/clients");
    std::fs::create_dir_all(&clients).with_context(|| clients.display().to_string())?;
    once(&clients.join("python.version"), &PYTHON_PACKAGES.join(" "), || python(&clients))?;
    // Any version does: it stays until the folder is removed.
    once(&clients.join("handler.version"), "any", || handler(&clients))
}

/// In an environment of its own, of the system's Python.
fn python(clients: &Path) -> Result<()> {
    let folder = clients.join("python");
    let mut venv = Command::new("/usr/bin/python3");
    run_command("making an environment for Python", venv.args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(PYTHON_PACKAGES);
    run_command("installing Sentry's clients", &mut pip)
}

/// Takes the one file out of Chromium's package (32 MB to load, 3 MB to keep); nothing is installed.
fn handler(clients: &Path) -> Result<()> {
    let target = clients.join("chrome_crashpad_handler");
    let installed = Path::new("/").join(HANDLER);
    if installed.exists() {
        std::fs::copy(&installed, &target).with_context(|| installed.display().to_string())?;
        return Ok(());
    }
    let work = clients.join("work");
    let _ = std::fs::remove_dir_all(&work);
    std::fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    let load = || run_command("loading Chromium's package", download().current_dir(&work));
    if load().is_err() {
        // A new machine has no list of packages, or an old one.
        run_command("refreshing the list of packages", Command::new("apt-get").args(["update", "-qq"]))?;
        load()?;
    }
    let mut packages = std::fs::read_dir(&work)?.flatten().map(|entry| entry.path());
    let package = packages.next().context("apt-get has loaded nothing")?;
    let mut unpack = Command::new("dpkg-deb");
    run_command("unpacking Chromium's package", unpack.arg("-x").arg(&package).arg(&work))?;
    std::fs::copy(work.join(HANDLER), &target).context("Chromium's package has no handler of Crashpad")?;
    std::fs::remove_dir_all(&work)?;
    ensure!(target.exists(), "{} was not made", target.display());
    Ok(())
}

fn download() -> Command {
    let mut command = Command::new("apt-get");
    command.args(["download", "-qq", HANDLER_PACKAGE]);
    command
}
