//! `watson solution`.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::client::{Client, Server};
use super::orders::{Kind, One};
use super::scope::ScopeOptions;
use super::show;

/// What to do with solutions.
#[derive(Debug, Subcommand)]
pub enum Solution {
    /// List solutions, newest first.
    List(Server),
    /// Show one.
    Show(One),
    /// Add one; the next machine that reports such a crash is told, by other processes on the same database within two
    /// seconds.
    #[command(after_help = "Example:\n  watson solution add --data /var/lib/watson --bucket 17 \
                            --url https://example.com/fix --text 'Update to 1.10.' --fixed-in 1.10")]
    Add(Add),
    /// Change what one says; what is not given stays.
    Change(Change),
    /// Remove one, with its regressions.
    Remove(One),
    /// List hits of versions that should have the fix, the last one first.
    Regressions(Server),
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
    /// What to do; several lines are allowed.
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// The version that has the fix: a crash of it, or of a newer one, is a regression.
    #[arg(long, value_name = "VERSION")]
    fixed_in: Option<String>,
}

const KIND: Kind =
    Kind { path: "/solutions", command: "solution", name: "Solution", added: "is told from now on." };

impl Solution {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(server) => KIND.list(
                server,
                &[
                    ("ID", "id"),
                    ("OF", "of"),
                    ("FIXED IN", "fixed_in"),
                    ("REGRESSIONS", "regressions"),
                    ("URL", "url"),
                    ("TEXT", "text"),
                ],
            ),
            Self::Show(one) => KIND.show(one),
            Self::Add(Add { says, server }) => KIND.add(|client| says.body(false, client), server),
            Self::Change(Change { id, says, server }) => {
                KIND.change(*id, |client| says.body(true, client), server)
            }
            Self::Remove(one) => KIND.remove(one),
            Self::Regressions(server) => {
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
    fn body(&self, is_change: bool, client: &Client) -> Result<Value> {
        let mut body = Map::new();
        self.scope.put(&mut body, is_change, client)?;
        for (name, text) in [("url", &self.url), ("text", &self.text), ("fixed_in", &self.fixed_in)] {
            if let Some(text) = text {
                body.insert(name.to_owned(), text.as_str().into());
            }
        }
        Ok(Value::Object(body))
    }
}
