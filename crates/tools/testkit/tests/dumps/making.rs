//! Starting living programs and dumping them by `wer dump`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use wer_testkit::crasher::LivingKind;
use wer_testkit::readers::Asked;
use wer_testkit::{Built, Ended, Living, Sandbox, SandboxOptions, Store};

/// A sandbox of its own.
pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(&SandboxOptions::default()).expect("a sandbox")
}

/// The executable, or library, of this kind.
pub(crate) fn program(kind: LivingKind) -> PathBuf {
    let built = Built::once().expect("the workspace");
    kind.build(&built.targets).unwrap_or_else(|error| panic!("{error}"))
}

/// A command that starts a program in the sandbox.
pub(crate) fn command(sandbox: &Sandbox, program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    sandbox.confine(&mut command);
    command
}

/// Starts a living program of this kind, and waits until it stands.
pub(crate) fn start(sandbox: &Sandbox, kind: LivingKind, arguments: &[&str]) -> Living {
    let mut command = command(sandbox, &program(kind), arguments);
    Living::start(&mut command).unwrap_or_else(|error| panic!("{kind:?} {arguments:?}: {error:#}"))
}

/// Where a file of the sandbox is.
pub(crate) fn file(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.path(&format!("work/{name}"))
}

/// `wer dump PID OPTIONS -o NAME --json`: the file, and what it said.
pub(crate) fn dump(sandbox: &Sandbox, pid: u32, options: &[&str], name: &str) -> Result<(PathBuf, Value)> {
    let path = file(sandbox, name);
    let pid = pid.to_string();
    let mut arguments = vec!["dump", &pid, "-o"];
    let text = path.to_str().context("a path")?;
    arguments.push(text);
    arguments.extend(options);
    let said = sandbox.wer_json(Store::User, &arguments)?;
    ensure!(path.is_file(), "{} was not written: {said}", path.display());
    Ok((path, said))
}

/// `wer` with these words.
pub(crate) fn wer(sandbox: &Sandbox, arguments: &[&str]) -> Ended {
    sandbox.wer(Store::User, arguments).expect("wer runs")
}

/// The core that `wer convert` makes of a dump.
pub(crate) fn core_of(sandbox: &Sandbox, dump: &Path) -> Result<PathBuf> {
    let core = dump.with_extension("core");
    let ended = wer(sandbox, &["convert", path_text(dump), "-o", path_text(&core)]);
    ensure!(ended.status.success(), "wer convert {}: {}", dump.display(), ended.describe());
    Ok(core)
}

/// A path of the sandbox, which is text.
pub(crate) fn path_text(path: &Path) -> &str {
    path.to_str().expect("a path of the sandbox")
}

/// Every known memory of a process, to ask readers for.
pub(crate) fn asked(living: &Living) -> Vec<Asked> {
    living.truth.memory.iter().map(|memory| (memory.address, memory.size)).collect()
}

/// What the strict checker and `wer inspect` say of a file: nothing wrong.
pub(crate) fn check(sandbox: &Sandbox, path: &Path) {
    let ended = wer(sandbox, &["inspect", path_text(path), "--check"]);
    assert!(ended.status.success(), "{}: {}", path.display(), ended.describe());
}
