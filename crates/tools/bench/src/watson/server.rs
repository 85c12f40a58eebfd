//! A server of the same build.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use wer_testkit::process::Guard;

use crate::watson::drive::drive;
use crate::watson::load::Style;
use crate::watson::spent::Spent;

/// A running server; ended when dropped.
pub(super) struct Server {
    guard: Guard,
    address: SocketAddr,
}

impl Server {
    /// Starts one on a free port of loopback, with its pages open to this machine.
    pub(super) fn start(data: &Path, arguments: &[OsString]) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("watson");
        let mut command = Command::new(&program);
        command.args(["serve", "--listen", "127.0.0.1:0", "--no-token", "--data"]).arg(data).args(arguments);
        command.env("RUST_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.spawn().with_context(|| format!("{} cannot be started", program.display()))?;
        let mut guard = Guard::new(child);
        let mut line = String::new();
        let stdout = guard.child().stdout.take().context("its output is piped")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("http://")
            .and_then(|rest| rest.split('/').next()?.parse().ok())
            .with_context(|| format!("the server ended, or said no address: {line:?}"))?;
        Ok(Self { guard, address })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A number of its metrics.
    pub(super) fn gauge(&self, name: &str) -> Result<u64> {
        let request = [format!("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).into_bytes()];
        let mut found = None;
        drive(&[self.address], 1, Style::Kept, &request, |_, body| {
            let text = std::str::from_utf8(body)?;
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            found = value.map(str::parse).transpose()?;
            Ok(())
        })?;
        Ok(found.unwrap_or(0))
    }

    /// Processor time that it has used.
    pub(super) fn cpu_seconds(&self) -> Result<f64> {
        Ok(Spent::of(self.guard.pid())?.seconds)
    }

    /// The most memory that it ever had.
    pub(super) fn peak_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.guard.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().context("VmHWM is no number")?;
        Ok(kib / 1024.0)
    }
}
