//! `watson debug-file`.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use super::client::{Client, Server, quoted};
use super::show;

/// What to do with debug files: symbols and programs that were uploaded.
#[derive(Debug, Subcommand)]
pub enum DebugFile {
    /// List debug files, newest first.
    List(List),
    /// Show one.
    Show(One),
    /// Remove one. Reports that were analysed with it stay as they are.
    Remove(One),
}

/// `watson debug-file list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only those with this debug id or code id.
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,
    #[command(flatten)]
    server: Server,
}

/// One debug file.
#[derive(Debug, Args)]
pub struct One {
    /// SHA-1 of its bytes, as `list` shows it.
    sha1: String,
    /// The tenant, by name or number, where it is not the token's own or the default one.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl DebugFile {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(List { id, limit, server }) => {
                let query = id.as_deref().map(|id| format!("?id={}", quoted(id))).unwrap_or_default();
                let items = server.client()?.list(&format!("/debug-files{query}"), *limit)?;
                let columns = [
                    ("SHA-1", "sha1"),
                    ("KIND", "kind"),
                    ("DEBUG ID", "debug_id"),
                    ("NAME", "name"),
                    ("BYTES", "size_bytes"),
                ];
                show::list(server.json, items, &columns)
            }
            Self::Show(one) => {
                let client = one.server.client()?;
                show::one(one.server.json, &client.get(&one.path(&client)?)?)
            }
            Self::Remove(one) => {
                let client = one.server.client()?;
                client.delete(&one.path(&client)?)?;
                let removed = json!({ "removed": one.sha1 });
                show::done(one.server.json, &removed, &format!("{} is removed.", one.sha1))
            }
        }
    }
}

impl One {
    fn path(&self, client: &Client) -> Result<String> {
        let query = match &self.tenant {
            Some(tenant) => format!("?tenant={}", client.tenant(tenant)?),
            None => String::new(),
        };
        Ok(format!("/debug-files/{}{query}", quoted(&self.sha1)))
    }
}
