//! A server on loopback, with its data in a temporary folder.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::built::Built;
use crate::process::Guard;

/// One request.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// A running server; ended when dropped.
#[derive(Debug)]
pub struct Watson {
    guard: Guard,
    /// The link that it prints, with the token where there is one.
    pub link: String,
    /// `http://127.0.0.1:PORT`.
    pub origin: String,
    /// Its port.
    pub port: u16,
    token: String,
    agent: ureq::Agent,
}

impl Watson {
    /// Starts one on a free port, with its pages open to this machine (`--no-token`).
    ///
    /// # Errors
    /// It does not start; its own message is on standard error.
    pub fn start(built: &Built, data: &Path) -> Result<Self> {
        Self::start_with(built, data, &["--no-token"])
    }

    /// Starts one on a free port with these further arguments.
    ///
    /// # Errors
    /// It does not start; its own message is on standard error.
    pub fn start_with(built: &Built, data: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(built.binary("watson"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data).args(arguments);
        // The crashing programs are below the target folder.
        if let Some(target) = built.targets.crashers.parent() {
            command.arg("--symbol-root").arg(target);
        }
        command
            .env("RUST_LOG", "warn")
            .env_remove("DEBUGINFOD_URLS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut guard = Guard::new(command.spawn().context("watson cannot be started")?);
        let stdout = guard.child().stdout.take().context("its output is piped")?;
        let mut lines = BufReader::new(stdout).lines();
        let link = loop {
            let Some(line) = lines.next() else { bail!("watson ended without an address") };
            if let Some(at) = line.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?.find("http://") {
                break line?[at..].split_whitespace().next().unwrap_or_default().to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        let (origin, port) = origin_of(&link)?;
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_LIMIT))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        let token = link.split_once("token=").map_or("", |(_, token)| token).to_owned();
        Ok(Self { guard, link, origin, port, token, agent: config.into() })
    }

    /// Whether it has not ended.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.guard.child().try_wait()?.is_none())
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.guard.pid()
    }

    /// Status and body of a `GET`.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub fn get(&self, path: &str) -> Result<(u16, String)> {
        let url = format!("{}{path}", self.origin);
        let mut request = self.agent.get(&url);
        if !self.token.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", self.token));
        }
        let mut response = request.call().with_context(|| format!("GET {url}"))?;
        let status = response.status().as_u16();
        Ok((status, response.body_mut().read_to_string().with_context(|| format!("GET {url}"))?))
    }

    /// The JSON of a `GET`.
    ///
    /// # Errors
    /// The server cannot be reached, refuses, or answers no JSON.
    pub fn get_json(&self, path: &str) -> Result<Value> {
        let (status, body) = self.get(path)?;
        ensure!(status == 200, "GET {path} gave {status}: {body}");
        serde_json::from_str(&body).with_context(|| format!("GET {path} gave no JSON: {body}"))
    }

    /// Status and body of a `POST`.
    ///
    /// # Errors
    /// The server cannot be reached.
    pub fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Result<(u16, String)> {
        let url = format!("{}{path}", self.origin);
        let request = self.agent.post(&url).header("Content-Type", content_type);
        let mut response = request.send(body).with_context(|| format!("POST {url}"))?;
        let status = response.status().as_u16();
        Ok((status, response.body_mut().read_to_string().with_context(|| format!("POST {url}"))?))
    }
}

fn origin_of(link: &str) -> Result<(String, u16)> {
    let rest = link.strip_prefix("http://").context("the address is no http address")?;
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let port = host.rsplit(':').next().and_then(|port| port.parse().ok());
    Ok((format!("http://{host}"), port.with_context(|| format!("{link} has no port"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_found() {
        let (origin, port) = origin_of("http://127.0.0.1:4711/?token=abc").expect("an address");
        assert_eq!((origin.as_str(), port), ("http://127.0.0.1:4711", 4711));
        assert!(origin_of("http://localhost/").is_err());
    }
}
