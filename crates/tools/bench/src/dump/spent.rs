//! What a program needed: its time, and its largest memory, its children's included.
#![expect(unsafe_code, reason = "wait4, which tells the memory, has no safe wrapper")]

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

/// What a program needed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    pub(super) seconds: f64,
    /// Largest resident memory of it or of one of its children.
    pub(super) peak_bytes: u64,
}

/// Runs a program to its end.
pub(super) fn run(command: &mut Command) -> Result<Spent> {
    let start = Instant::now();
    let child = command.spawn().with_context(|| format!("{} cannot be started", text(command)))?;
    let (status, peak_bytes) = wait(child.id())?;
    let seconds = start.elapsed().as_secs_f64();
    ensure!(status.success(), "{} failed: {status}", text(command));
    Ok(Spent { seconds, peak_bytes })
}

fn text(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn wait(pid: u32) -> Result<(ExitStatus, u64)> {
    let mut status = 0;
    // SAFETY: `rusage` is plain numbers, for which zeros are valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are of live locals of the right types.
        let waited = unsafe { libc::wait4(pid.cast_signed(), &raw mut status, 0, &raw mut usage) };
        if waited == pid.cast_signed() {
            return Ok((ExitStatus::from_raw(status), usage.ru_maxrss.unsigned_abs() << 10));
        }
        let error = std::io::Error::last_os_error();
        ensure!(error.kind() == std::io::ErrorKind::Interrupted, "wait4: {error}");
    }
}
