//! `watson remote-token`.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::client::{Server, quoted};
use super::show;

/// What to do with tokens for programs.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// List tokens, by name.
    List(List),
    /// Make one; its secret is told once.
    #[command(
        after_help = "Example:\n  watson remote-token add dashboard --data /var/lib/watson --scope read"
    )]
    Add(Add),
    /// Revoke one.
    Revoke(Revoke),
}

/// What a token may do. None includes another.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Scope {
    /// See everything but secrets.
    Read,
    /// Change what is collected and what machines are told.
    Write,
    /// Change who may do what, and what is kept.
    Admin,
    /// Export and erase what is known of a machine.
    Erase,
}

/// `watson remote-token list`.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    server: Server,
}

/// `watson remote-token add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name: what the audit log calls whoever uses it.
    name: String,
    /// What it may do; may be given again.
    #[arg(long = "scope", value_enum, required = true)]
    scopes: Vec<Scope>,
    /// The only tenant whose data it sees.
    #[arg(long, value_name = "N")]
    tenant: Option<i64>,
    /// When it ends by itself, as RFC 3339 has it.
    #[arg(long, value_name = "TIME")]
    ends: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// `watson remote-token revoke`.
#[derive(Debug, Args)]
pub struct Revoke {
    /// Its name.
    name: String,
    #[command(flatten)]
    server: Server,
}

impl Token {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(List { server }) => {
                let items = server.client()?.list("/tokens", usize::MAX)?;
                let columns = [
                    ("NAME", "name"),
                    ("SCOPES", "scopes"),
                    ("TENANT", "tenant"),
                    ("MADE", "made"),
                    ("BY", "made_by"),
                    ("ENDS", "ends"),
                    ("REVOKED", "revoked"),
                ];
                show::list(server.json, items, &columns)
            }
            Self::Add(add) => {
                let scopes: Vec<&str> = add.scopes.iter().map(|scope| scope.name()).collect();
                let mut body = json!({ "name": add.name, "scopes": scopes });
                if let Some(tenant) = add.tenant {
                    body["tenant"] = tenant.into();
                }
                if let Some(ends) = &add.ends {
                    body["ends"] = ends.as_str().into();
                }
                show::secret(add.server.json, &add.server.client()?.post("/tokens", &body)?)
            }
            Self::Revoke(Revoke { name, server }) => {
                server.client()?.delete(&format!("/tokens/{}", quoted(name)))?;
                show::done(server.json, &json!({ "revoked": name }), &format!("Token {name} is revoked."))
            }
        }
    }
}

impl Scope {
    const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
            Self::Erase => "erase",
        }
    }
}
