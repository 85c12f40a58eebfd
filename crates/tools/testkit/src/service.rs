//! `wersvc` in a sandbox.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process::Guard;
use crate::sandbox::Sandbox;

/// A running service; ended when dropped.
#[derive(Debug)]
pub struct Service {
    _guard: Guard,
    socket: PathBuf,
}

impl Service {
    /// Starts one on the sandbox's settings and store and waits until it listens.
    ///
    /// # Errors
    /// It does not start; its own message is on standard error.
    pub fn start(sandbox: &Sandbox) -> Result<Self> {
        let built = sandbox.built();
        let socket = sandbox.path("run/wer/coredump.sock");
        let mut command = Command::new(built.binary("wersvc"));
        command.arg("--base").arg(sandbox.path(""));
        command.env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut guard = Guard::new(command.spawn().context("wersvc cannot be started")?);
        let stdout = guard.child().stdout.take().context("its output is piped")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(line.contains("listening"), "wersvc did not start; it said: {line:?}");
        Ok(Self { _guard: guard, socket })
    }

    /// What `core_pattern` must be for the kernel to come here.
    #[must_use]
    pub fn core_pattern(&self) -> String {
        format!("@@{}", self.socket.display())
    }
}
