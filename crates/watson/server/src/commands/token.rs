//! `watson token`.

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::client::{Server, quoted};
use super::{moment, show};

/// What to do with tokens: what programs may do by the API.
#[derive(Debug, Subcommand)]
pub enum Token {
    /// List tokens; those that are revoked too.
    List(Server),
    /// Make one; its secret is told once.
    #[command(visible_alias = "add")]
    Make(Make),
    /// Revoke one.
    Revoke(Revoke),
}

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

/// `watson token make`.
#[derive(Debug, Args)]
pub struct Make {
    /// Its name: what the audit log calls whoever uses it.
    name: String,
    /// What it may do; may be given again.
    #[arg(long = "scope", value_enum, default_value = "read")]
    scopes: Vec<Scope>,
    /// The tenant, by name or number, whose data alone it sees.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    /// Days after which it ends by itself.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=36_500), conflicts_with = "ends")]
    days: Option<i64>,
    /// When it ends by itself, as RFC 3339 has it.
    #[arg(long, value_name = "TIME")]
    ends: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// `watson token revoke`.
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
            Self::List(server) => {
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
            Self::Make(make) => make.run(),
            Self::Revoke(Revoke { name, server }) => {
                server.client()?.delete(&format!("/tokens/{}", quoted(name)))?;
                show::done(server.json, &json!({ "revoked": name }), &format!("Token {name} is revoked."))
            }
        }
    }
}

impl Make {
    fn run(&self) -> Result<()> {
        let client = self.server.client_for_new()?;
        let scopes: Vec<&str> = self.scopes.iter().map(|scope| scope.name()).collect();
        let mut body = json!({ "name": self.name, "scopes": scopes });
        if let Some(tenant) = &self.tenant {
            body["tenant"] = client.tenant(tenant)?.into();
        }
        if let Some(ends) = &self.ends {
            body["ends"] = ends.as_str().into();
        } else if let Some(days) = self.days {
            body["ends"] = moment::in_days(days).ok_or_else(|| anyhow!("--days {days} is too far"))?.into();
        }
        show::secret(self.server.json, &client.post("/tokens", &body)?)
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
