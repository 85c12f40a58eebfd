//! `watson acts`.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Server, quoted};
use super::show;

/// What to see of the audit log.
#[derive(Debug, Subcommand)]
pub enum Acts {
    /// List acts, oldest first.
    List(List),
    /// Check that none was changed, moved or taken out. Keep the end that it prints elsewhere, and give it as --known later.
    Verify(Verify),
}

/// `watson acts list`.
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

/// `watson acts verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The end that an earlier look printed; it must still be there.
    #[arg(long, value_name = "SEQ:HASH")]
    known: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl Acts {
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
                let query = known.as_deref().map(|known| format!("?known={}", quoted(known)));
                let verdict = server.client()?.get(&format!("/audit/verify{}", query.unwrap_or_default()))?;
                show::one(server.json, &verdict)?;
                match verdict.get("broken").and_then(|broken| broken.get("why")).and_then(Value::as_str) {
                    Some(why) => bail!("the audit log is broken: {}", show::plain(why)),
                    None => Ok(()),
                }
            }
        }
    }
}
