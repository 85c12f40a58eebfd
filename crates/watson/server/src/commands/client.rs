//! The way to a server's API: over HTTP to one that runs, or, where none has the data folder, the same API in this process
//! on the store itself. Answers are shown as text: nothing of them is executed, and control characters are taken out
//! (`show.rs`).

mod here;
mod http;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::Value;
use ureq::http::{Method, StatusCode};
use watson_db::{DbError, Store};

use self::here::Here;
use self::http::Http;
use crate::address::Address;
use crate::limits::MAX_LISTED;
use crate::options::SettingsOptions;

/// Which server, and by what right.
///
/// With --server, the server there is asked. Without it, the data folder says what to do: while a server has it open, that
/// server is asked (by the folder's `address` and `token`); otherwise the store is opened here.
#[derive(Clone, Debug, Args)]
pub struct Server {
    /// A running server, such as https://watson.example.net; without it, that of the data folder, or its store itself
    /// while no server runs.
    #[arg(long, value_name = "URL", env = "WATSON_SERVER")]
    server: Option<String>,
    /// A token with the right for it; without it, the first token of the data folder.
    #[arg(long, value_name = "TOKEN", env = "WATSON_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Certificates (PEM) of the authority that vouches for the server, instead of the usual ones.
    #[arg(long, value_name = "FILE", env = "WATSON_CERTIFICATE")]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsOptions,
    /// Answer as JSON.
    #[arg(long)]
    pub json: bool,
}

/// An API that was found.
pub(super) enum Client {
    /// Of a running server.
    There(Http),
    /// In this process.
    Here(Here),
}

/// What the API answered.
pub(super) struct Answer {
    status: StatusCode,
    bytes: Vec<u8>,
}

impl Server {
    /// Where to ask.
    pub(super) fn client(&self) -> Result<Client> {
        self.find(false)
    }

    /// The same; a data folder that is not there yet is made.
    pub(super) fn client_for_new(&self) -> Result<Client> {
        self.find(true)
    }

    fn find(&self, may_make: bool) -> Result<Client> {
        if let Some(server) = &self.server {
            let address = Address::of_url(server.trim_end_matches('/'))?;
            return self.ask(address, self.token.clone());
        }
        let settings = self.settings.load()?.settings;
        let data = settings.storage.data.clone().context(
            "which server? Give --server URL (or WATSON_SERVER), or --data DIR (or WATSON_DATA) for one on this machine",
        )?;
        if !may_make && !data.is_dir() {
            bail!(
                "{0} is no folder, so there is nothing to look at; `watson serve --data {0}` makes it",
                data.display()
            );
        }
        let (places, policy) = (settings.storage.places(), settings.collection.policy());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        match runtime.block_on(Store::open_at(&data, &places, policy)) {
            Ok(store) => {
                store.restrict_solutions(settings.collection.solution_hosts);
                Ok(Client::Here(Here::new(runtime, store)))
            }
            Err(DbError::InUse(_)) => {
                let address = read(&data, "address")?.ok_or_else(|| {
                    anyhow!("{} is in use, and its server does not say yet where it listens", data.display())
                })?;
                let token = match &self.token {
                    Some(token) => Some(token.clone()),
                    None => read(&data, "token")?.map(|token| token.trim().to_owned()),
                };
                self.ask(Address::parse(&address)?, token)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn ask(&self, address: Address, token: Option<String>) -> Result<Client> {
        Ok(Client::There(Http::new(address, token, self.certificate.as_deref())?))
    }
}

fn read(data: &Path, name: &str) -> Result<Option<String>> {
    let path = data.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
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
                bail!("{}{path} answered no list", self.name());
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
        let bytes = match self {
            Self::There(http) => http.download(path, file)?,
            Self::Here(here) => here.download(path, file)?,
        };
        file.sync_all().context("the file could not be written to disk")?;
        Ok(bytes)
    }

    /// The number of a tenant that a person named by its number or its name.
    pub(super) fn tenant(&self, named: &str) -> Result<i64> {
        if let Ok(number) = named.parse() {
            return Ok(number);
        }
        let tenants = self.list("/tenants", usize::MAX)?;
        let found = tenants.iter().find(|tenant| tenant.get("name").and_then(Value::as_str) == Some(named));
        found.and_then(|tenant| tenant.get("id")).and_then(Value::as_i64).with_context(|| {
            format!(
                "there is no tenant {named}; `watson tenant list` shows them, `watson tenant add` makes one"
            )
        })
    }

    /// Whether a running server answers.
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::There(_))
    }

    fn name(&self) -> &str {
        match self {
            Self::There(http) => http.base(),
            Self::Here(_) => "the store",
        }
    }

    fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value> {
        let Answer { status, bytes } = match self {
            Self::There(http) => http.send(method, path, body)?,
            Self::Here(here) => here.send(&method, path, body)?,
        };
        if status.is_success() {
            if bytes.is_empty() {
                return Ok(Value::Null);
            }
            return serde_json::from_slice(&bytes)
                .with_context(|| format!("{} answered no JSON; is it a watson server?", self.name()));
        }
        let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        match problem.get("detail").and_then(Value::as_str) {
            Some(detail) => bail!("{}", super::show::plain(detail)),
            None => bail!("{} answered {status}; is it a watson server of this version?", self.name()),
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
        assert_eq!(quoted("PC-7 \u{fc}/.."), "PC-7%20%C3%BC%2F..");
    }
}
