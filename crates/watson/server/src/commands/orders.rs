//! What `watson policy` and `watson solution` have in common: both are lists of things with a number, each for a bucket or a
//! rule.

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::{Value, json};

use super::client::{Client, Server};
use super::{scope, show};

/// A kind of thing.
pub(super) struct Kind {
    /// Its path in the API.
    pub(super) path: &'static str,
    /// Its command.
    pub(super) command: &'static str,
    /// Its name at the beginning of a sentence.
    pub(super) name: &'static str,
    /// What is true once one is added.
    pub(super) added: &'static str,
}

/// One of them.
#[derive(Debug, Args)]
pub struct One {
    /// Its number.
    id: i64,
    #[command(flatten)]
    server: Server,
}

impl Kind {
    pub(super) fn list(&self, server: &Server, columns: &[(&str, &str)]) -> Result<()> {
        let mut items = server.client()?.list(self.path, usize::MAX)?;
        if !server.json {
            items.iter_mut().for_each(scope::of);
        }
        show::list(server.json, items, columns)
    }

    pub(super) fn show(&self, One { id, server }: &One) -> Result<()> {
        show::one(server.json, &server.client()?.get(&format!("{}/{id}", self.path))?)
    }

    /// `body`: what is sent, made with a client that knows the tenants.
    pub(super) fn add(&self, body: impl FnOnce(&Client) -> Result<Value>, server: &Server) -> Result<()> {
        let client = server.client()?;
        let made = client.post(self.path, &body(&client)?)?;
        show::done(server.json, &made, &format!("{} {} {}", self.name, made["id"], self.added))
    }

    pub(super) fn change(
        &self,
        id: i64,
        body: impl FnOnce(&Client) -> Result<Value>,
        server: &Server,
    ) -> Result<()> {
        let client = server.client()?;
        let body = body(&client)?;
        let says_something = body.as_object().is_some_and(|body| !body.is_empty());
        ensure!(says_something, "say what changes; see `watson {} change --help`", self.command);
        show::one(server.json, &client.patch(&format!("{}/{id}", self.path), &body)?)
    }

    pub(super) fn remove(&self, One { id, server }: &One) -> Result<()> {
        server.client()?.delete(&format!("{}/{id}", self.path))?;
        show::done(server.json, &json!({ "removed": id }), &format!("{} {id} is removed.", self.name))
    }
}
