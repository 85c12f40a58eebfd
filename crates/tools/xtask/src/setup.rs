//! `cargo xtask setup`: installs what tests and demo need on Debian and Ubuntu. Asks nothing, and does nothing where
//! nothing is missing.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::command::run as run_command;

mod clients;
mod once;
mod readers;

use self::once::once;

/// A program, the argument that makes it say its version, and the package that has it.
const NEEDED: [(&str, &str, &str); 16] = [
    ("cc", "--version", "gcc"),
    ("c++", "--version", "g++"),
    ("ld", "--version", "binutils"),
    ("nm", "--version", "binutils"),
    ("addr2line", "--version", "binutils"),
    ("lldb", "--version", "lldb"),
    ("gdb", "--version", "gdb"),
    ("strace", "--version", "strace"),
    ("musl-gcc", "--version", "musl-tools"),
    ("x86_64-w64-mingw32-gcc", "--version", "gcc-mingw-w64-x86-64"),
    ("/usr/lib/wine/wine64", "--version", "wine64"),
    ("python3", "--version", "python3"),
    ("zstd", "--version", "zstd"),
    ("lz4", "--version", "lz4"),
    ("go", "version", "golang-go"),
    ("unshare", "--version", "util-linux"),
];

/// What the demo cannot do without.
const NEEDED_BY_DEMO: [&str; 4] = ["gcc", "g++", "libc6-dev", "python3"];

/// What else the compilers need, by a file of it.
const NEEDED_FILES: [(&str, &str); 2] =
    [("/usr/include/stdio.h", "libc6-dev"), ("/usr/share/doc/python3-venv", "python3-venv")];

/// The package with PostgreSQL's server, which tests of watson start by themselves.
const POSTGRES: &str = "postgresql";

/// Parts of the Rust toolchain that cargo calls.
const NEEDED_COMPONENTS: [(&str, &str); 2] = [("fmt", "rustfmt"), ("clippy", "clippy")];

/// What the crate `wer` and modules are built for besides.
const WINDOWS_TARGET: &str = "x86_64-pc-windows-gnu";

/// Installs what is missing.
///
/// # Errors
/// We are not root and something is missing (the message has the command to run), or installing failed.
pub(crate) fn run() -> Result<()> {
    components()?;
    windows_target()?;
    let mut missing = missing_packages(starts, |file| Path::new(file).exists());
    if !has_postgres() {
        missing.push(POSTGRES);
    }
    install(&missing)?;
    readers::install()?;
    clients::install()
}

/// Installs what is missing of what the demo needs.
///
/// # Errors
/// As [`run`].
pub(crate) fn for_demo() -> Result<()> {
    let mut missing = missing_packages(starts, |file| Path::new(file).exists());
    missing.retain(|package| NEEDED_BY_DEMO.contains(package));
    install(&missing)
}

fn install(missing: &[&str]) -> Result<()> {
    if missing.is_empty() {
        eprintln!("xtask: everything that tests and demo need is installed");
        return Ok(());
    }
    let packages = missing.join(" ");
    if !starts("apt-get", "--version") {
        bail!(
            "{packages} are missing (names of Debian's packages), and there is no apt-get to install them with"
        );
    }
    if !rustix::process::geteuid().is_root() {
        bail!("{packages} are missing; run as root:\n  apt-get update && apt-get install -y {packages}");
    }
    run_command("refreshing the list of packages", apt().arg("update").arg("-qq"))?;
    let mut install = apt();
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(missing);
    run_command(&format!("installing {packages}"), &mut install)?;
    let mut still = missing_packages(starts, |file| Path::new(file).exists());
    still.retain(|package| missing.contains(package));
    ensure!(still.is_empty(), "{} are still missing after their installation", still.join(" "));
    Ok(())
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
    command
}

fn starts(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
}

fn missing_packages(starts: impl Fn(&str, &str) -> bool, exists: impl Fn(&str) -> bool) -> Vec<&'static str> {
    let programs = NEEDED.iter().filter(|(program, argument, _)| !starts(program, argument));
    let files = NEEDED_FILES.iter().filter(|(file, _)| !exists(file));
    let mut packages: Vec<&str> =
        programs.map(|(_, _, package)| *package).chain(files.map(|(_, package)| *package)).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// As the tests look for it: the server's programs are not in `PATH` on Debian.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut programs = versions.map(|entry| entry.path().join("bin"));
    programs.any(|bin| ["initdb", "pg_ctl", "pg_dump"].iter().all(|name| bin.join(name).exists()))
        || starts("initdb", "--version")
}

fn components() -> Result<()> {
    for (command, component) in NEEDED_COMPONENTS {
        if !starts(&format!("cargo-{command}"), "--version") {
            let mut rustup = Command::new("rustup");
            run_command(&format!("installing {component}"), rustup.args(["component", "add", component]))?;
        }
    }
    Ok(())
}

fn windows_target() -> Result<()> {
    let listed =
        Command::new("rustc").args(["--print", "target-libdir", "--target", WINDOWS_TARGET]).output();
    let is_there = listed.is_ok_and(|output| {
        Path::new(String::from_utf8_lossy(&output.stdout).trim()).join("..").join("lib").is_dir()
    });
    if !is_there {
        let mut rustup = Command::new("rustup");
        let what = format!("installing the standard library for {WINDOWS_TARGET}");
        run_command(&what, rustup.args(["target", "add", WINDOWS_TARGET]))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_installed_and_once() {
        assert!(missing_packages(|_, _| true, |_| true).is_empty());
        let missing =
            missing_packages(|program, _| !matches!(program, "nm" | "addr2line" | "lldb"), |_| true);
        assert_eq!(missing, ["binutils", "lldb"]);
        assert_eq!(missing_packages(|_, _| true, |_| false), ["libc6-dev", "python3-venv"]);
    }
}
