//! `wer run`: a program that knows nothing of us, run so that a crash of it is reported.
//!
//! Without `--trace`, `libwer-preload.so` is preloaded and the program takes our place: same pid, same parent, nothing
//! between. With `--trace` we stay its parent and tracer, and end as it has ended.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::place::{self, PlaceArguments};

mod program;
mod traced;

use program::Linking;

/// Names of the preloaded library: as installed, and as cargo builds it.
const PRELOAD: [&str; 2] = ["libwer-preload.so", "libwer_preload.so"];

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Supervise the program: needs nothing of it, so static, Go and musl programs are seen too. Its children are not.
    #[arg(long)]
    trace: bool,
    /// The program and its arguments.
    #[arg(trailing_var_arg = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Runs the program. Returns only when it could not be started, or after a traced one has ended by `exit`.
///
/// # Errors
/// The program is not there, is of a kind that this way does not reach, or cannot be executed.
pub(crate) fn run(place: &PlaceArguments, arguments: Arguments) -> Result<ExitCode> {
    let name = arguments.command.first().context("no program was named")?;
    let program = find(name)?;
    if arguments.trace {
        return traced::run(place, arguments.command);
    }
    let linking =
        program::linking(&program).with_context(|| format!("{} cannot be run", program.display()))?;
    refuse_what_cannot_be_preloaded(&program, linking)?;
    let preload = place::library(&PRELOAD)?;
    let mut command = Command::new(&program);
    command.arg0(name).args(arguments.command.iter().skip(1));
    command.env("LD_PRELOAD", preloaded(&preload, std::env::var_os("LD_PRELOAD").as_deref()));
    command.env("WER_WERFAULT", place::werfault()?);
    let error = command.exec();
    Err(error).with_context(|| format!("{} cannot be executed", program.display()))
}

fn refuse_what_cannot_be_preloaded(program: &Path, linking: Linking) -> Result<()> {
    let reason = match linking {
        Linking::Dynamic => return Ok(()),
        Linking::Static => "is statically linked, so nothing can be preloaded into it",
        Linking::Musl => "is linked against musl, and the library to preload against glibc",
        Linking::Privileged => "runs with another user's rights, so the loader preloads nothing into it",
        Linking::Other => bail!("{} is no x86-64 program; only those can be captured", program.display()),
    };
    bail!("{} {reason}; use: wer run --trace -- {}", program.display(), program.display())
}

/// Our library before those that are preloaded already.
fn preloaded(ours: &Path, theirs: Option<&OsStr>) -> OsString {
    let mut all = ours.as_os_str().to_owned();
    if let Some(theirs) = theirs.filter(|theirs| !theirs.is_empty()) {
        all.push(":");
        all.push(theirs);
    }
    all
}

/// The program's file, as a shell would find it.
fn find(name: &OsStr) -> Result<PathBuf> {
    let as_path = Path::new(name);
    if as_path.components().count() > 1 || name.as_encoded_bytes().contains(&b'/') {
        return Ok(as_path.to_path_buf());
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| program::is_executable(file));
    found.with_context(|| format!("there is no program {} in PATH", name.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_preloaded_before_stays() {
        let ours = Path::new("/lib/libwer-preload.so");
        assert_eq!(preloaded(ours, None), "/lib/libwer-preload.so");
        assert_eq!(preloaded(ours, Some(OsStr::new(""))), "/lib/libwer-preload.so");
        assert_eq!(preloaded(ours, Some(OsStr::new("/a.so"))), "/lib/libwer-preload.so:/a.so");
    }

    #[test]
    fn programs_are_found_as_a_shell_finds_them() {
        assert!(find(OsStr::new("sh")).expect("every machine has one").is_absolute());
        assert_eq!(find(OsStr::new("./x")).expect("a path"), Path::new("./x"));
        assert!(find(OsStr::new("no-such-program-anywhere")).is_err());
    }
}
