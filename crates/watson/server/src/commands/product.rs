//! `watson remote-product`.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use super::client::Server;
use super::show;

/// What to do with products: whose reports are taken, and with which keys.
#[derive(Debug, Subcommand)]
pub enum Product {
    /// List products.
    List(List),
    /// Add one.
    Add(Add),
    /// Remove one with its keys; its reports stay.
    Remove(One),
    /// List one's keys, newest first.
    Keys(One),
    /// Make a key; its secret is told once.
    AddKey(AddKey),
    /// Revoke a key.
    RevokeKey(RevokeKey),
}

/// `watson remote-product list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    server: Server,
}

/// One product.
#[derive(Debug, Args)]
pub struct One {
    /// Its number.
    id: i64,
    #[command(flatten)]
    server: Server,
}

/// `watson remote-product add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name, as its clients say it.
    name: String,
    /// A way in which its reports may come; may be given again; every way, where none is given.
    #[arg(long = "dialect", value_name = "NAME")]
    dialects: Vec<String>,
    /// Take its reports also without a key.
    #[arg(long)]
    without_key: bool,
    /// Dumps that are taken in a minute.
    #[arg(long, value_name = "N")]
    per_minute: Option<i64>,
    /// The tenant's number, where it is not the token's own or the default one.
    #[arg(long, value_name = "N")]
    tenant: Option<i64>,
    #[command(flatten)]
    server: Server,
}

/// `watson remote-product add-key`.
#[derive(Debug, Args)]
pub struct AddKey {
    /// The product's number.
    id: i64,
    /// When the keys before it end, as RFC 3339 has it (a rotation); they stay, where it is left out.
    #[arg(long, value_name = "TIME")]
    others_end: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// `watson remote-product revoke-key`.
#[derive(Debug, Args)]
pub struct RevokeKey {
    /// The product's number.
    id: i64,
    /// The key's number.
    key: i64,
    #[command(flatten)]
    server: Server,
}

impl Product {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(List { server }) => {
                let columns = [
                    ("ID", "id"),
                    ("NAME", "name"),
                    ("TENANT", "tenant"),
                    ("DIALECTS", "dialects"),
                    ("KEY REQUIRED", "key_required"),
                    ("PER MINUTE", "per_minute"),
                ];
                show::list(server.json, server.client()?.list("/products", usize::MAX)?, &columns)
            }
            Self::Add(add) => {
                let mut body = json!({
                    "name": add.name, "dialects": add.dialects, "key_required": !add.without_key,
                });
                for (name, number) in [("per_minute", add.per_minute), ("tenant", add.tenant)] {
                    if let Some(number) = number {
                        body[name] = number.into();
                    }
                }
                let made = add.server.client()?.post("/products", &body)?;
                let sentence = format!(
                    "Product {0} is added; `watson remote-product add-key {0}` makes a key for it.",
                    made["id"]
                );
                show::done(add.server.json, &made, &sentence)
            }
            Self::Remove(One { id, server }) => {
                server.client()?.delete(&format!("/products/{id}"))?;
                show::done(server.json, &json!({ "removed": id }), &format!("Product {id} is removed."))
            }
            Self::Keys(One { id, server }) => {
                let items = server.client()?.list(&format!("/products/{id}/keys"), usize::MAX)?;
                let columns = [
                    ("ID", "id"),
                    ("BEGINS", "begins"),
                    ("MADE", "made"),
                    ("ENDS", "ends"),
                    ("REVOKED", "revoked"),
                ];
                show::list(server.json, items, &columns)
            }
            Self::AddKey(AddKey { id, others_end, server }) => {
                let body = match others_end {
                    Some(time) => json!({ "others_end": time }),
                    None => json!({}),
                };
                show::secret(server.json, &server.client()?.post(&format!("/products/{id}/keys"), &body)?)
            }
            Self::RevokeKey(RevokeKey { id, key, server }) => {
                server.client()?.delete(&format!("/products/{id}/keys/{key}"))?;
                show::done(server.json, &json!({ "revoked": key }), &format!("Key {key} is revoked."))
            }
        }
    }
}
