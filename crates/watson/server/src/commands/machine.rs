//! `watson machine`.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};

use super::client::{Client, Server, quoted};
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
    /// The name or id that it reports, in any letter case, or the pseudonym (`m-` and 16 digits) that is shown instead.
    name: String,
    /// Its tenant, by name or number, where it is not the token's own or the default one.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
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
                // Nobody else's to read: it has all that the machine told.
                let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(output);
                let mut file = file.with_context(|| format!("cannot make {}", output.display()))?;
                let done =
                    machine.asked("/export").and_then(|(client, path)| client.download(&path, &mut file));
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
                let (client, path) = machine.asked("")?;
                show::one(machine.server.json, &client.delete(&path)?)
            }
            Self::Show(one) => {
                let (client, path) = one.asked("")?;
                show::one(one.server.json, &client.get(&path)?)
            }
        }
    }
}

impl One {
    /// Whom to ask, and the machine's path there, or that of a part of it.
    fn asked(&self, part: &str) -> Result<(Client, String)> {
        let client = self.server.client()?;
        let mut path = format!("/machines/{}{part}", quoted(&self.name));
        if let Some(tenant) = &self.tenant {
            path.push_str(&format!("?tenant={}", client.tenant(tenant)?));
        }
        Ok((client, path))
    }
}
