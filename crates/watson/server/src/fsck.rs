//! `watson fsck`: compares rows and bytes while no server uses the data folder.

use std::process::ExitCode;

use anyhow::{Context, Result};
use watson_db::{FsckOptions, FsckReport, Policy, Store, time};

use crate::SettingsOptions;

/// Compare rows and blobs, counters, leases and jobs.
#[derive(Clone, Debug, clap::Args)]
pub struct Fsck {
    #[command(flatten)]
    settings: SettingsOptions,
    /// Read every blob and compare its hash.
    #[arg(long)]
    hash: bool,
    /// Repair what can be repaired without loss: remove bytes that nothing names, mark rows whose bytes are gone, give
    /// reports their lost analysis job back.
    #[arg(long)]
    repair: bool,
    /// Hours for which bytes that nothing names are no finding, instead of storage.orphan_grace_hours.
    #[arg(long, value_name = "N")]
    grace_hours: Option<u32>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// What `watson fsck` ends with where something is wrong and stays so.
pub const WRONG: u8 = 2;

impl Fsck {
    /// Checks, prints, and says by its code how it went: 0 = nothing is wrong (any more), 2 = something is.
    ///
    /// # Errors
    /// It could not be checked: settings, a folder in use, a database or bucket that does not answer.
    pub fn run(&self) -> Result<ExitCode> {
        let settings = self.settings.load()?.settings;
        let data =
            settings.storage.data.as_deref().context("nothing says where reports are: give --data DIR")?;
        let grace_hours = self.grace_hours.unwrap_or(settings.storage.orphan_grace_hours);
        let options = FsckOptions {
            hash: self.hash,
            repair: self.repair,
            grace_ms: i64::from(grace_hours) * 60 * 60 * 1000,
        };
        let places = settings.storage.places();
        let report = tokio::runtime::Runtime::new()?.block_on(async {
            let store = Store::open_at(data, &places, Policy::default()).await?;
            let report = match store.fsck(&options, time::now_ms()).await {
                Ok(report) => store.keep_fsck(&report, time::now_ms()).await.map(|()| report),
                Err(error) => Err(error),
            };
            store.close().await;
            report
        })?;
        if self.json {
            println!("{:#}", serde_json::to_value(&report)?);
        } else {
            print!("{}", as_text(&report));
        }
        Ok(if report.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(WRONG) })
    }
}

fn as_text(report: &FsckReport) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let repaired = if finding.repaired { " (repaired)" } else { "" };
        text.push_str(&format!("{}: {}: {}{repaired}\n", name(finding.flaw), finding.of, finding.detail));
    }
    let listed = report.findings.len() as u64;
    let all: u64 = report.found.values().sum();
    if all > listed {
        text.push_str(&format!("... and {} more\n", all - listed));
    }
    text.push_str(&format!("{} blobs compared, {all} findings, {} wrong\n", report.blobs, report.wrong));
    text
}

/// As JSON has it.
fn name(flaw: watson_db::Flaw) -> String {
    serde_json::to_value(flaw).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
