//! `watson bucket`.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::{Server, quoted};
use super::show;

/// What to see of buckets.
#[derive(Debug, Subcommand)]
pub enum Bucket {
    /// List buckets, most crashes first.
    List(List),
    /// Show one.
    Show(One),
    /// List its days with hits, newest first.
    Days(Part),
    /// List its places in the quota: which machines were asked for a cab, and what has become of it.
    Leases(Part),
    /// List its reports with data, newest first.
    Reports(Part),
    /// Count the machines that had it, each once; "exact" is false where it is an estimate.
    Machines(Machines),
}

/// `watson bucket list`.
#[derive(Debug, Args)]
pub struct List {
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    #[command(flatten)]
    server: Server,
}

/// One bucket.
#[derive(Debug, Args)]
pub struct One {
    /// Its number.
    id: i64,
    #[command(flatten)]
    server: Server,
}

/// A list of one bucket.
#[derive(Debug, Args)]
pub struct Part {
    /// The bucket's number.
    id: i64,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    server: Server,
}

/// `watson bucket machines`.
#[derive(Debug, Args)]
pub struct Machines {
    /// The bucket's number.
    id: i64,
    /// The first day, such as 2026-11-01; 29 days before the last one, where it is left out.
    #[arg(long, value_name = "DAY")]
    from: Option<String>,
    /// The last day; today, where it is left out.
    #[arg(long, value_name = "DAY")]
    to: Option<String>,
    #[command(flatten)]
    server: Server,
}

impl Bucket {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(List { limit, server }) => {
                let columns = [
                    ("ID", "id"),
                    ("CRASHES", "hits"),
                    ("LAST SEEN", "last_seen"),
                    ("EVENT", "event_type"),
                    ("APPLICATION", "application"),
                    ("FUNCTION", "top_function"),
                ];
                show::list(server.json, server.client()?.list("/buckets", *limit)?, &columns)
            }
            Self::Show(One { id, server }) => {
                show::one(server.json, &server.client()?.get(&format!("/buckets/{id}"))?)
            }
            Self::Machines(machines) => machines.run(),
            Self::Days(part) => {
                part.list("days", &[("DATE", "date"), ("CRASHES", "hits"), ("LATE", "late_hits")])
            }
            Self::Leases(part) => part.list(
                "leases",
                &[
                    ("ID", "id"),
                    ("STATE", "state"),
                    ("MACHINE", "machine"),
                    ("POLICY", "policy"),
                    ("MEMORY", "memory_dump"),
                    ("UNASKED", "unasked"),
                    ("OPEN UNTIL", "expires"),
                ],
            ),
            Self::Reports(part) => part.list(
                "reports",
                &[
                    ("ID", "id"),
                    ("RECEIVED", "received"),
                    ("MACHINE", "machine"),
                    ("VERSION", "version"),
                    ("BYTES", "size_bytes"),
                ],
            ),
        }
    }
}

impl Machines {
    fn run(&self) -> Result<()> {
        let days = [("from", &self.from), ("to", &self.to)];
        let days =
            days.into_iter().filter_map(|(name, day)| Some(format!("{name}={}", quoted(day.as_ref()?))));
        let query = days.collect::<Vec<_>>().join("&");
        let path = format!("/buckets/{}/machines?{query}", self.id);
        let mut found = self.server.client()?.get(&path)?;
        if self.server.json {
            return show::one(true, &found);
        }
        let days = found.get_mut("days").map(Value::take);
        show::one(false, &found)?;
        let days = days.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        show::list(false, days, &[("DATE", "date"), ("MACHINES", "machines"), ("EXACT", "exact")])
    }
}

impl Part {
    fn list(&self, what: &str, columns: &[(&str, &str)]) -> Result<()> {
        let items = self.server.client()?.list(&format!("/buckets/{}/{what}", self.id), self.limit)?;
        show::list(self.server.json, items, columns)
    }
}
