//! `watson machine`.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
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
    /// Write everything that is kept of one into a tar.
    Export(Export),
    /// Forget one: its reports, files, level 1 bodies, leases and days. Counts stay, as numbers.
    Erase(Erase),
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

/// `watson machine export`.
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    machine: One,
    /// The file, which must not exist.
    #[arg(long, value_name = "FILE.tar")]
    output: PathBuf,
}

/// `watson machine erase`.
#[derive(Debug, Args)]
pub struct Erase {
    #[command(flatten)]
    machine: One,
    /// It cannot be undone; without this, nothing is done.
    #[arg(long)]
    yes: bool,
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
            Self::Export(Export { machine, output }) => {
                let mut file = std::fs::File::create_new(output)
                    .with_context(|| format!("cannot make {}", output.display()))?;
                let done = machine.server.client()?.download(&machine.path("/export"), &mut file);
                if done.is_err() {
                    let _ = std::fs::remove_file(output);
                }
                let bytes = done?;
                let made = serde_json::json!({ "file": output, "size_bytes": bytes });
                let sentence = format!("{} has everything of {}.", output.display(), machine.name);
                show::done(machine.server.json, &made, &sentence)
            }
            Self::Erase(Erase { machine, yes }) => {
                ensure!(yes, "what is erased is gone; give --yes to erase {}", machine.name);
                show::one(machine.server.json, &machine.server.client()?.delete(&machine.path(""))?)
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
