//! The way to a server's API. Answers come from the server that the caller names, and are shown as text: nothing of them
//! is executed, and control characters are taken out (`show.rs`).

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::Value;
use ureq::http::{Method, Request};

use crate::limits::{MAX_ANSWER_BYTES, MAX_COMMAND_MS, MAX_LISTED};

/// Which server, and by what right.
#[derive(Clone, Debug, Args)]
pub struct Server {
    /// The server, such as https://watson.example.net:1273.
    #[arg(long, value_name = "URL", env = "WATSON_SERVER", global = true)]
    server: Option<String>,
    /// A token with the right for it.
    #[arg(long, value_name = "TOKEN", env = "WATSON_TOKEN", hide_env_values = true, global = true)]
    token: Option<String>,
    /// Data folder of a server on this machine: its address and its first token are read from there.
    #[arg(long, value_name = "DIR", env = "WATSON_DATA", global = true)]
    data: Option<PathBuf>,
    /// Answer as JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// A server that was found.
pub(super) struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

impl Server {
    /// Where to ask.
    pub(super) fn client(&self) -> Result<Client> {
        let read = |name: &str| -> Result<Option<String>> {
            let Some(data) = &self.data else { return Ok(None) };
            let path = data.join(name);
            match std::fs::read_to_string(&path) {
                Ok(text) => Ok(Some(text.trim().to_owned())),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
            }
        };
        let base = match &self.server {
            Some(server) => server.clone(),
            None => read("address")?.ok_or_else(|| {
                anyhow!(match &self.data {
                    Some(data) => format!(
                        "{} names no running server; start one by `watson serve --data {0}`, or give --server URL",
                        data.display()
                    ),
                    None => "which server? Give --server URL (or WATSON_SERVER), or --data DIR for one on this machine"
                        .to_owned(),
                })
            })?,
        };
        let base = base.trim_end_matches('/').to_owned();
        if !base.starts_with("http://") && !base.starts_with("https://") {
            bail!("--server {base}: write a URL, such as http://127.0.0.1:1273");
        }
        let token = match &self.token {
            Some(token) => Some(token.clone()),
            None => read("token")?,
        };
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_millis(MAX_COMMAND_MS)))
            .max_redirects(0)
            .user_agent(concat!("watson/", env!("CARGO_PKG_VERSION")));
        Ok(Client { agent: config.build().new_agent(), base, token })
    }
}

impl Client {
    pub(super) fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, Some(body))
    }

    pub(super) fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::PATCH, path, Some(body))
    }

    pub(super) fn delete(&self, path: &str) -> Result<Value> {
        self.send(Method::DELETE, path, None)
    }

    /// A whole list, `limit` items of it at most.
    pub(super) fn list(&self, path: &str, limit: usize) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        // Where to begin is the caller's; each page says where to go on.
        let path = path.split_once("?cursor=").map_or(path, |(path, _)| path);
        while items.len() < limit.min(MAX_LISTED) {
            let mut page = self.get(&next)?;
            let Some(Value::Array(rows)) = page.get_mut("items").map(Value::take) else {
                bail!("{}{path} answered no list", self.base);
            };
            items.extend(rows);
            let Some(cursor) = page.get("next").and_then(Value::as_str) else { break };
            let sign = if path.contains('?') { '&' } else { '?' };
            next = format!("{path}{sign}cursor={}", quoted(cursor));
        }
        items.truncate(limit);
        Ok(items)
    }

    /// Writes an answer that is no JSON into a file; its bytes.
    pub(super) fn download(&self, path: &str, file: &mut std::fs::File) -> Result<u64> {
        let url = format!("{}/api/v1{path}", self.base);
        let mut request = Request::builder().method(Method::GET).uri(&url);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let request = request.body(()).with_context(|| format!("{url} cannot be asked"))?;
        // As long as something comes: an export may be large.
        let request = self.agent.configure_request(request).timeout_global(None).build();
        let mut response = self
            .agent
            .run(request)
            .with_context(|| format!("{} does not answer; does `watson serve` run there?", self.base))?;
        if !response.status().is_success() {
            bail!("{url} answered {}; does the token have the scope \"erase\"?", response.status());
        }
        let bytes = std::io::copy(&mut response.body_mut().as_reader(), file)
            .with_context(|| format!("{url} broke off: the export is not whole"))?;
        file.sync_all().context("the file could not be written to disk")?;
        Ok(bytes)
    }

    fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let url = format!("{}/api/v1{path}", self.base);
        let mut request = Request::builder().method(method).uri(&url);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let sent = match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_string());
                self.agent.run(request.with_context(|| format!("{url} cannot be asked"))?)
            }
            None => self.agent.run(request.body(()).with_context(|| format!("{url} cannot be asked"))?),
        };
        let mut response =
            sent.with_context(|| format!("{} does not answer; does `watson serve` run there?", self.base))?;
        let status = response.status();
        let bytes = response
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER_BYTES)
            .read_to_vec()
            .with_context(|| format!("{url} answered {status}, and its text could not be read"))?;
        if status.is_success() {
            if bytes.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&bytes)
                .with_context(|| format!("{url} answered no JSON; is it a watson server?"));
        }
        let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        match problem.get("detail").and_then(Value::as_str) {
            Some(detail) => bail!("{}", super::show::plain(detail)),
            None => bail!("{url} answered {status}; is it a watson server of this version?"),
        }
    }
}

/// Text as a part of a path or of what follows `?`.
pub(super) fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().fold(String::new(), |mut quoted, byte| {
        if plain(byte) {
            quoted.push(char::from(byte));
        } else {
            quoted.push_str(&format!("%{byte:02X}"));
        }
        quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_paths_are_quoted() {
        assert_eq!(quoted("PC-7 ü/.."), "PC-7%20%C3%BC%2F..");
    }
}
