//! `watson policy`.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use super::client::{Client, Server};
use super::orders::{Kind, One};
use super::scope::ScopeOptions;

/// What to do with data policies.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// List data policies, newest first.
    List(Server),
    /// Show one.
    Show(One),
    /// Add one; it is in force at once, in other processes on the same database within two seconds. Of several that fit a crash, the newest one of its bucket counts, else the newest rule.
    #[command(after_help = "Example:\n  watson policy add --data /var/lib/watson --event-type APPCRASH \
                            --parameter '1=app*.exe' --cabs 20 --memory-dumps 2 --until 2026-12-31T00:00:00Z")]
    Add(Add),
    /// Change what one says; what is not given stays.
    Change(Change),
    /// Remove one. Cabs that it has asked for are still taken while their leases last.
    Remove(One),
}

/// `watson policy add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Usable cabs wanted of each bucket.
    #[arg(long, value_name = "N")]
    cabs: u32,
    #[command(flatten)]
    scope: ScopeOptions,
    #[command(flatten)]
    more: More,
    #[command(flatten)]
    server: Server,
}

/// `watson policy change`.
#[derive(Debug, Args)]
pub struct Change {
    /// Its number.
    id: i64,
    /// Usable cabs wanted of each bucket.
    #[arg(long, value_name = "N")]
    cabs: Option<u32>,
    #[command(flatten)]
    scope: ScopeOptions,
    #[command(flatten)]
    more: More,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
struct More {
    /// How many of them with process memory.
    #[arg(long, value_name = "N")]
    memory_dumps: Option<u32>,
    /// Cabs of one machine per bucket.
    #[arg(long, value_name = "N")]
    per_machine: Option<u32>,
    /// Useless cabs of a bucket after which it asks for no more.
    #[arg(long, value_name = "N")]
    max_spoiled: Option<u32>,
    /// When it ends, as RFC 3339 has it; without it, when the cabs are here.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The dump's type: mini, heap, full or triage.
    #[arg(long, value_name = "TYPE")]
    dump_type: Option<String>,
    /// A file that the cab should hold; may be given again.
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<String>,
    /// A file whose version is wanted; may be given again.
    #[arg(long = "file-version", value_name = "PATH")]
    file_versions: Vec<String>,
    /// A registry key or setting that is wanted; may be given again.
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
    /// A query (WQL) that is wanted; may be given again.
    #[arg(long = "query", value_name = "QUERY")]
    queries: Vec<String>,
}

const KIND: Kind = Kind { path: "/policies", command: "policy", name: "Data policy", added: "is in force." };

impl Policy {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(server) => KIND.list(
                server,
                &[
                    ("ID", "id"),
                    ("OF", "of"),
                    ("CABS", "cabs"),
                    ("HERE", "leases.used"),
                    ("ASKED", "leases.open"),
                    ("USELESS", "leases.spoiled"),
                    ("NEVER CAME", "leases.expired"),
                    ("UNTIL", "until"),
                ],
            ),
            Self::Show(one) => KIND.show(one),
            Self::Add(Add { cabs, scope, more, server }) => {
                KIND.add(|client| body(Some(*cabs), scope, more, false, client), server)
            }
            Self::Change(Change { id, cabs, scope, more, server }) => {
                KIND.change(*id, |client| body(*cabs, scope, more, true, client), server)
            }
            Self::Remove(one) => KIND.remove(one),
        }
    }
}

fn body(
    cabs: Option<u32>,
    scope: &ScopeOptions,
    more: &More,
    is_change: bool,
    client: &Client,
) -> Result<Value> {
    let mut body = Map::new();
    if let Some(cabs) = cabs {
        body.insert("cabs".to_owned(), cabs.into());
    }
    scope.put(&mut body, is_change, client)?;
    more.put(&mut body);
    Ok(Value::Object(body))
}

impl More {
    fn put(&self, body: &mut Map<String, Value>) {
        let numbers = [
            ("memory_dumps", self.memory_dumps),
            ("per_machine", self.per_machine),
            ("max_spoiled", self.max_spoiled),
        ];
        let numbers = numbers.into_iter().filter_map(|(name, number)| Some((name, Value::from(number?))));
        let texts = [("until", &self.until), ("dump_type", &self.dump_type)];
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, Value::from(text.clone()?))));
        let lists = [
            ("files", &self.files),
            ("file_versions", &self.file_versions),
            ("keys", &self.keys),
            ("queries", &self.queries),
        ];
        let lists = lists
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .map(|(name, list)| (name, list.clone().into()));
        body.extend(numbers.chain(texts).chain(lists).map(|(name, value)| (name.to_owned(), value)));
    }
}
