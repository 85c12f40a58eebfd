//! `watson audit`.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Server, quoted};
use super::show;

/// What to see of the audit log: who did what.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// List acts, oldest first.
    #[command(visible_alias = "show")]
    List(List),
    /// Check that none was changed, moved or taken out. Keep the end that it prints elsewhere, and give it as --known later.
    Verify(Verify),
    /// Print the end of the log, once it was checked: to be kept where whoever can write the database cannot.
    Head(Head),
}

/// `watson audit list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only acts behind this number.
    #[arg(long, value_name = "SEQ")]
    after: Option<i64>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,
    #[command(flatten)]
    server: Server,
}

/// `watson audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// An end that was kept elsewhere; it must still be there.
    #[arg(long, value_name = "SEQ:HASH")]
    known: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// `watson audit head`.
#[derive(Debug, Args)]
pub struct Head {
    #[command(flatten)]
    server: Server,
}

impl Audit {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(List { after, limit, server }) => {
                let query = after.map(|seq| format!("?cursor={seq}")).unwrap_or_default();
                let items = server.client()?.list(&format!("/audit{query}"), *limit)?;
                let columns =
                    [("SEQ", "seq"), ("AT", "at"), ("ACTOR", "actor"), ("ACT", "act"), ("OBJECT", "object")];
                show::list(server.json, items, &columns)
            }
            Self::Verify(Verify { known, server }) => {
                let verdict = verdict(server, known.as_deref())?;
                show::one(server.json, &verdict)?;
                whole(&verdict)
            }
            Self::Head(Head { server }) => {
                let verdict = verdict(server, None)?;
                whole(&verdict)?;
                let head = verdict.get("head").and_then(Value::as_str).unwrap_or_default();
                show::done(server.json, &json!({ "head": head }), head)
            }
        }
    }
}

fn verdict(server: &Server, known: Option<&str>) -> Result<Value> {
    let query = known.map(|known| format!("?known={}", quoted(known))).unwrap_or_default();
    server.client()?.get(&format!("/audit/verify{query}"))
}

fn whole(verdict: &Value) -> Result<()> {
    match verdict.get("broken").and_then(|broken| broken.get("why")).and_then(Value::as_str) {
        Some(why) => bail!("the audit log is broken: {}", show::plain(why)),
        None => Ok(()),
    }
}
