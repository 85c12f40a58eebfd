//! `watson tenant`.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use super::client::Server;
use super::show;

/// What to do with tenants: whose reports are kept apart.
#[derive(Debug, Subcommand)]
pub enum Tenant {
    /// List tenants.
    List(Server),
    /// Make one; one that is there already is answered with its number.
    Add(Add),
}

/// `watson tenant add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name.
    name: String,
    #[command(flatten)]
    server: Server,
}

impl Tenant {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(server) => {
                let columns = [("ID", "id"), ("NAME", "name"), ("MADE", "made")];
                show::list(server.json, server.client()?.list("/tenants", usize::MAX)?, &columns)
            }
            Self::Add(Add { name, server }) => {
                let made = server.client_for_new()?.post("/tenants", &json!({ "name": name }))?;
                show::done(server.json, &made, &format!("{name} is tenant {}.", made["id"]))
            }
        }
    }
}
