//! `watson account`.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::client::{Server, quoted};
use super::show;

/// What to do with accounts: people who may sign in.
#[derive(Debug, Subcommand)]
pub enum Account {
    /// List accounts, by name.
    List(Server),
    /// Make one; the password is the first line of standard input.
    Add(Add),
    /// Give one another password (the first line of standard input) and end its sessions.
    Passwd(One),
    /// Remove one with its sessions. The last administrator stays.
    Remove(One),
}

/// `watson account add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name.
    name: String,
    /// What it may do.
    #[arg(long, value_enum, default_value = "admin")]
    role: Role,
    /// The tenant, by name or number, whose data alone it sees, and only by the API.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// One account.
#[derive(Debug, Args)]
pub struct One {
    /// Its name.
    name: String,
    #[command(flatten)]
    server: Server,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// Everything.
    Admin,
    /// See everything, change policies and solutions.
    Operator,
    /// See everything.
    Reader,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Reader => "reader",
        }
    }
}

impl Account {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(server) => {
                let columns = [("NAME", "name"), ("ROLE", "role"), ("TENANT", "tenant"), ("MADE", "made")];
                show::list(server.json, server.client()?.list("/accounts", usize::MAX)?, &columns)
            }
            Self::Add(Add { name, role, tenant, server }) => {
                let client = server.client_for_new()?;
                let mut body = json!({ "name": name, "role": role.name(), "password": password()? });
                if let Some(tenant) = tenant {
                    body["tenant"] = client.tenant(tenant)?.into();
                }
                show::done(server.json, &client.post("/accounts", &body)?, &format!("{name} may sign in."))
            }
            Self::Passwd(One { name, server }) => {
                let body = json!({ "password": password()? });
                server.client()?.patch(&path(name), &body)?;
                show::done(server.json, &json!({ "name": name }), &format!("{name} has a new password."))
            }
            Self::Remove(One { name, server }) => {
                server.client()?.delete(&path(name))?;
                show::done(server.json, &json!({ "removed": name }), &format!("{name} is gone."))
            }
        }
    }
}

fn path(name: &str) -> String {
    format!("/accounts/{}", quoted(name))
}

/// The first line of standard input; a terminal does not show it.
fn password() -> Result<String> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("Password: ").context("cannot read the password");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
