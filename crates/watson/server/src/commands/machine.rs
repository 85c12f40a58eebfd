//! `watson machine`.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::client::{Server, quoted};
use super::show;

/// What to do with machines.
#[derive(Debug, Subcommand)]
pub enum Machine {
    /// List machines that have reported, the last one first.
    List(List),
    /// Show one with its applications.
    Show(One),
}

/// `watson machine list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only those that have not reported for so many days.
    #[arg(long, value_name = "DAYS")]
    silent_days: Option<u32>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    limit: usize,
    #[command(flatten)]
    server: Server,
}

/// One machine.
#[derive(Debug, Args)]
pub struct One {
    /// Its name, in any letter case, or its id.
    name: String,
    /// The tenant's number, where it is not the token's own or the default one.
    #[arg(long, value_name = "N")]
    tenant: Option<i64>,
    #[command(flatten)]
    server: Server,
}

impl Machine {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(List { silent_days, limit, server }) => {
                let query = silent_days.map(|days| format!("?silent_days={days}")).unwrap_or_default();
                let items = server.client()?.list(&format!("/machines{query}"), *limit)?;
                let columns = [
                    ("NAME", "name"),
                    ("LAST REPORT", "last_report"),
                    ("SILENT DAYS", "silent_days"),
                    ("SYSTEM", "os"),
                    ("ID", "id"),
                ];
                show::list(server.json, items, &columns)
            }
            Self::Show(one) => show::one(one.server.json, &one.server.client()?.get(&one.path(""))?),
        }
    }
}

impl One {
    fn path(&self, part: &str) -> String {
        let tenant = self.tenant.map(|tenant| format!("?tenant={tenant}")).unwrap_or_default();
        format!("/machines/{}{part}{tenant}", quoted(&self.name))
    }
}
