//! `watson solution`.

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::client::Server;
use super::scope::{self, ScopeOptions};
use super::show;

/// What to do with solutions.
#[derive(Debug, Subcommand)]
pub enum Solution {
    /// List solutions, newest first.
    List(List),
    /// Show one.
    Show(One),
    /// Add one; the next machine that reports such a crash is told.
    #[command(after_help = "Example:\n  watson solution add --data /var/lib/watson --bucket 17 \
                            --url https://example.com/fix --text 'Update to 1.10.' --fixed-in 1.10")]
    Add(Add),
    /// Change what one says; what is not given stays.
    Change(Change),
    /// Remove one, with its regressions.
    Remove(One),
    /// List hits of versions that should have the fix, the last one first.
    Regressions(List),
}

/// A list.
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    server: Server,
}

/// One solution.
#[derive(Debug, Args)]
pub struct One {
    /// Its number.
    id: i64,
    #[command(flatten)]
    server: Server,
}

/// `watson solution add`.
#[derive(Debug, Args)]
pub struct Add {
    #[command(flatten)]
    says: Says,
    #[command(flatten)]
    server: Server,
}

/// `watson solution change`.
#[derive(Debug, Args)]
pub struct Change {
    /// Its number.
    id: i64,
    #[command(flatten)]
    says: Says,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
struct Says {
    #[command(flatten)]
    scope: ScopeOptions,
    /// Where to read more (http or https).
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// What to do.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// The version that has the fix: a crash of it, or of a newer one, is a regression.
    #[arg(long, value_name = "VERSION")]
    fixed_in: Option<String>,
}

impl Solution {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(List { server }) => {
                let mut items = server.client()?.list("/solutions", usize::MAX)?;
                if !server.json {
                    items.iter_mut().for_each(scope::of);
                }
                let columns = [
                    ("ID", "id"),
                    ("OF", "of"),
                    ("FIXED IN", "fixed_in"),
                    ("REGRESSIONS", "regressions"),
                    ("URL", "url"),
                    ("TEXT", "text"),
                ];
                show::list(server.json, items, &columns)
            }
            Self::Show(One { id, server }) => {
                show::one(server.json, &server.client()?.get(&format!("/solutions/{id}"))?)
            }
            Self::Add(Add { says, server }) => {
                let made = server.client()?.post("/solutions", &says.body(false))?;
                show::done(server.json, &made, &format!("Solution {} is told from now on.", made["id"]))
            }
            Self::Change(Change { id, says, server }) => {
                let body = says.body(true);
                ensure!(
                    body.as_object().is_some_and(|body| !body.is_empty()),
                    "say what changes; see `watson solution change --help`"
                );
                show::one(server.json, &server.client()?.patch(&format!("/solutions/{id}"), &body)?)
            }
            Self::Remove(One { id, server }) => {
                server.client()?.delete(&format!("/solutions/{id}"))?;
                show::done(
                    server.json,
                    &serde_json::json!({ "removed": id }),
                    &format!("Solution {id} is removed."),
                )
            }
            Self::Regressions(List { server }) => {
                let items = server.client()?.list("/regressions", usize::MAX)?;
                let columns = [
                    ("SOLUTION", "solution"),
                    ("BUCKET", "bucket"),
                    ("VERSION", "version"),
                    ("HITS", "count"),
                    ("FIRST", "first"),
                    ("LAST", "last"),
                ];
                show::list(server.json, items, &columns)
            }
        }
    }
}

impl Says {
    fn body(&self, is_change: bool) -> Value {
        let mut body = Map::new();
        self.scope.put(&mut body, is_change);
        for (name, text) in [("url", &self.url), ("text", &self.text), ("fixed_in", &self.fixed_in)] {
            if let Some(text) = text {
                body.insert(name.to_owned(), text.as_str().into());
            }
        }
        Value::Object(body)
    }
}
