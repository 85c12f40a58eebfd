//! `watson` under load: level 1 reports with the bytes of real clients, over loopback, as many as it takes, and how long
//! each waits. Every count is compared with what was sent.

mod connection;
mod load;
mod mix;
mod server;

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::row::Row;
use crate::watson::load::{Load, Style};
use crate::watson::mix::Mix;
use crate::watson::server::Server;

/// Reports per second, each connection used for many.
const KEPT_GOAL: f64 = 5000.0;
/// Reports per second, a connection for each.
const CLOSED_GOAL: f64 = 3000.0;
const P99_GOAL_MS: f64 = 50.0;

/// What to send.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Reports that are there before anything is measured.
    #[arg(long, default_value_t = 1_000_000)]
    before: usize,
    /// Reports of each round.
    #[arg(long, default_value_t = 20_000)]
    reports: usize,
    /// Rounds of each kind.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Clients at once.
    #[arg(long, default_value_t = 32)]
    clients: usize,
    /// Where the server keeps its data; a folder there, deleted afterwards.
    #[arg(long, value_name = "DIR", default_value = "target")]
    below: PathBuf,
    /// Further arguments of each `watson serve`, e.g. where its database is.
    #[arg(long = "serve", value_name = "ARGUMENT", allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// Servers that share the load.
    #[arg(long, default_value_t = 1)]
    servers: usize,
}

/// Measures.
///
/// # Errors
/// The server does not start, refuses a report, counts wrongly, or misses a goal.
pub(crate) fn run(options: &Options) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("watson-bench.").tempdir_in(&options.below)?;
    let servers = (0..options.servers)
        .map(|number| Server::start(&folder.path().join(number.to_string()), &options.arguments))
        .collect::<Result<Vec<_>>>()?;
    let addresses = servers.iter().map(Server::address).collect::<Vec<_>>();
    let mut load = Load::new(addresses, options.clients, Mix::new());
    eprintln!("wer-bench: {} reports that are there before", options.before);
    load.send(options.before, Style::Kept)?;
    let mut row =
        Row::new(format!("level 1, {} reports before, {} clients", options.before, options.clients));
    let mut rounds = [(Style::Kept, Vec::new()), (Style::Closed, Vec::new())];
    for _ in 0..options.rounds {
        for (style, measured) in &mut rounds {
            measured.push(load.send(options.reports, *style)?);
        }
    }
    for (style, measured) in &rounds {
        let of = |pick: fn(&load::Round) -> f64| measured.iter().map(pick).collect::<Vec<_>>();
        let rate = row.figure(&format!("{style}: reports"), "/s", &of(load::Round::rate));
        row.figure(&format!("{style}: half wait up to"), "ms", &of(|round| round.wait_ms(0.5)));
        let p99 = row.figure(&format!("{style}: 99 % wait up to"), "ms", &of(|round| round.wait_ms(0.99)));
        let goal = if *style == Style::Kept { KEPT_GOAL } else { CLOSED_GOAL };
        row.at_least(&format!("{style}"), goal, rate, " /s");
        row.at_most(&format!("{style}: 99 % wait"), P99_GOAL_MS, p99, " ms");
    }
    for server in &servers {
        row.figure("largest memory of a server", "MiB", &[server.peak_mib()?]);
    }
    let compared = load.compare_counts()?;
    row.note(format!("the counts of all {compared} buckets are those of what was sent"));
    println!("```text\n{row}```");
    let missed = row.missed();
    ensure!(missed.is_empty(), "missed: {}", missed.join("; "));
    Ok(())
}
