//! `watson` under load: level 1 reports and dumps with the bytes of real clients, over loopback, as many as it takes, and
//! how long each waits. Every count is compared with what was sent.

mod before;
mod cost;
mod drive;
mod http;
mod load;
mod mix;
mod postgres;
mod server;
mod spent;
mod uploads;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use watson_db::{BlobsAt, Places};

use crate::row::Row;
use crate::watson::drive::drive;
use crate::watson::load::{Load, Round, Style};
use crate::watson::mix::Mix;
use crate::watson::postgres::Cluster;
use crate::watson::server::Server;

/// Reports per second, each connection used for many.
const KEPT_GOAL: f64 = 5000.0;
/// Reports per second, a connection for each.
const CLOSED_GOAL: f64 = 3000.0;
const P99_GOAL_MS: f64 = 50.0;
/// Dumps per second.
const DUMPS_GOAL: f64 = 300.0;

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Level 1 reports, on SQLite.
    Sqlite,
    /// Level 1 reports, on PostgreSQL.
    Postgres,
    /// Two servers on one PostgreSQL, against one.
    Two,
    /// Dumps as Crashpad sends them, on SQLite.
    Uploads,
    /// What a hit costs as the store grows.
    Cost,
}

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to measure; everything unless told.
    #[arg(value_enum)]
    only: Vec<Part>,
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
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Dumps of each round.
    #[arg(long, default_value_t = 800)]
    dumps: usize,
    /// Reports to which the store grows for what a hit costs then.
    #[arg(long, default_value_t = 5_000_000)]
    grown: usize,
    /// Where the servers keep their data; folders there, deleted afterwards.
    #[arg(long, value_name = "DIR", default_value = "target")]
    below: PathBuf,
}

/// Measures.
///
/// # Errors
/// The server does not start, refuses a report, counts wrongly, or misses a goal.
pub(crate) fn run(options: &Options) -> Result<()> {
    use clap::ValueEnum;
    let only = if options.only.is_empty() { Part::value_variants() } else { &options.only };
    let mut missed = Vec::new();
    println!("```text");
    for part in only {
        let row = match part {
            Part::Sqlite => level1(options, None)?,
            Part::Postgres => level1(options, Some(&Cluster::start(&options.below)?))?,
            Part::Two => two(options)?,
            Part::Uploads => dumps(options)?,
            Part::Cost => cost::measure(&options.below, options.grown)?,
        };
        print!("{row}");
        missed.extend(row.missed());
    }
    println!("```");
    ensure!(missed.is_empty(), "missed: {}", missed.join("; "));
    Ok(())
}

/// Servers that share what they keep.
struct Site {
    folder: TempDir,
    places: Places,
}

impl Site {
    fn new(below: &Path, cluster: Option<&Cluster>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("watson-bench.").tempdir_in(below)?;
        let database = cluster.map(Cluster::url).transpose()?;
        let blobs = database.as_ref().map(|_| BlobsAt::Folder(folder.path().join("shared")));
        Ok(Self { places: Places { database, blobs }, folder })
    }

    fn data(&self, number: usize) -> PathBuf {
        self.folder.path().join(number.to_string())
    }

    fn start(&self, number: usize) -> Result<Server> {
        let mut arguments = Vec::new();
        if let (Some(database), Some(BlobsAt::Folder(blobs))) = (&self.places.database, &self.places.blobs) {
            arguments =
                vec!["--database".into(), database.into(), "--blobs".into(), blobs.as_os_str().to_owned()];
        }
        Server::start(&self.data(number), &arguments)
    }
}

fn level1(options: &Options, cluster: Option<&Cluster>) -> Result<Row> {
    let kind = if cluster.is_some() { "PostgreSQL" } else { "SQLite" };
    let site = Site::new(&options.below, cluster)?;
    let mut mix = Mix::new();
    eprintln!("wer-bench: {kind}: {} reports that are there before", options.before);
    let counts = before::fill(&site.data(0), &site.places, &mut mix, options.before)?;
    let server = site.start(0)?;
    let mut load = Load::new(vec![server.address()], options.clients, mix, counts);
    let mut row =
        Row::new(format!("level 1, {kind}, {} reports before, {} clients", options.before, options.clients));
    let mut rounds = [(Style::Kept, Vec::new()), (Style::Closed, Vec::new())];
    let cpu_before = server.cpu_seconds()?;
    for _ in 0..options.rounds {
        for (style, measured) in &mut rounds {
            measured.push(load.send(options.reports, *style)?);
        }
    }
    let cpu = (server.cpu_seconds()? - cpu_before) * 1e6 / (options.rounds * options.reports * 2) as f64;
    for (style, measured) in &rounds {
        let rate = figures(&mut row, &style.to_string(), measured);
        let goal = if *style == Style::Kept { KEPT_GOAL } else { CLOSED_GOAL };
        row.at_least(&format!("{style}"), goal, rate.0, " /s");
        row.at_most(&format!("{style}: 99 % wait"), P99_GOAL_MS, rate.1, " ms");
    }
    row.figure("processor time of the server, a report", "us", &[cpu]);
    row.figure("largest memory of the server", "MiB", &[server.peak_mib()?]);
    check(&mut row, &load, &[&server])?;
    Ok(row)
}

/// Rate, and the wait that 99 of 100 do not exceed, in ms.
fn figures(row: &mut Row, what: &str, measured: &[Round]) -> (f64, f64) {
    let of = |pick: fn(&Round) -> f64| measured.iter().map(pick).collect::<Vec<_>>();
    let rate = row.figure(&format!("{what}: reports"), "/s", &of(Round::rate));
    row.figure(&format!("{what}: half wait up to"), "ms", &of(|round| round.wait_ms(0.5)));
    let p99 = row.figure(&format!("{what}: 99 % wait up to"), "ms", &of(|round| round.wait_ms(0.99)));
    (rate, p99)
}

fn check(row: &mut Row, load: &Load, servers: &[&Server]) -> Result<()> {
    let told = load.read_back(servers)?;
    row.note(format!("{told} accepted reports were told again: each is known, under its bucket"));
    let compared = load.compare_counts()?;
    row.note(format!("the counts of all {compared} buckets are those of what was sent"));
    Ok(())
}

/// Dumps, each kept: blob, report and job.
fn dumps(options: &Options) -> Result<Row> {
    let site = Site::new(&options.below, None)?;
    let server = site.start(0)?;
    let address = server.address();
    let mut row = Row::new(format!(
        "dumps of {} KiB, packed, SQLite, {} clients",
        uploads::DUMP_BYTES / 1024,
        options.clients
    ));
    let mut rounds = Vec::new();
    let mut packed = Vec::new();
    for round in 0..options.rounds {
        let requests = uploads::requests(address, options.dumps, round)?;
        packed.push(requests.iter().map(Vec::len).sum::<usize>() as f64 / 1024.0 / requests.len() as f64);
        let mut reports = HashSet::new();
        let start = Instant::now();
        let waits = drive(&[address], options.clients, Style::Kept, &requests, |_, body| {
            reports.insert(body.to_vec());
            Ok(())
        })?;
        rounds.push(Round::new(start.elapsed().as_secs_f64(), waits));
        ensure!(reports.len() == requests.len(), "{} dumps have {} ids", requests.len(), reports.len());
    }
    row.figure("bytes on the wire, a dump", "KiB", &packed);
    let (rate, _) = figures(&mut row, "dumps", &rounds);
    row.at_least("dumps", DUMPS_GOAL, rate, " /s");
    row.figure("largest memory of the server", "MiB", &[server.peak_mib()?]);
    let sent = options.dumps * options.rounds;
    let kept = server.gauge("watson_reports")?;
    ensure!(kept == sent as u64, "{sent} dumps were accepted, {kept} reports are kept");
    row.note(format!("{kept} reports are kept, one for each dump"));
    Ok(row)
}

/// Processor time of the servers, and of the database.
fn spent(servers: &[Server], cluster: &Cluster) -> Result<[f64; 2]> {
    let servers = servers.iter().map(Server::cpu_seconds).sum::<Result<f64>>()?;
    Ok([servers, cluster.cpu_seconds()?])
}

/// One server and two, in turns, on one database.
fn two(options: &Options) -> Result<Row> {
    let cluster = Cluster::start(&options.below)?;
    let site = Site::new(&options.below, Some(&cluster))?;
    let mut mix = Mix::new();
    let before = options.before.min(100_000);
    let counts = before::fill(&site.data(0), &site.places, &mut mix, before)?;
    let servers = [site.start(0)?, site.start(1)?];
    let addresses: Vec<_> = servers.iter().map(Server::address).collect();
    let mut load = Load::new(addresses.clone(), options.clients, mix, counts);
    let mut row = Row::new(format!("level 1, two servers on one PostgreSQL, {before} reports before"));
    // Each knows the usual labels then, as one does that has run for a while.
    for address in &addresses {
        load.address(&[*address]);
        load.send(options.reports * 2, Style::Kept)?;
    }
    let mut rounds = [(1, Vec::new(), [0.0; 2]), (2, Vec::new(), [0.0; 2])];
    for round in 0..options.rounds {
        for (count, measured, cpu) in &mut rounds {
            let first = if *count == 1 { round % addresses.len() } else { 0 };
            load.address(&addresses[first..first + *count]);
            let before = spent(&servers, &cluster)?;
            measured.push(load.send(options.reports, Style::Kept)?);
            let after = spent(&servers, &cluster)?;
            cpu.iter_mut()
                .zip(after.iter().zip(before))
                .for_each(|(sum, (after, before))| *sum += after - before);
        }
    }
    let reports = (options.rounds * options.reports) as f64;
    for server in &servers {
        let commits = server.gauge("watson_commit_hits_count")?.max(1);
        row.figure(
            "reports of a commit",
            "",
            &[server.gauge("watson_commit_hits_sum")? as f64 / commits as f64],
        );
    }
    let mut rates = Vec::new();
    for ((_, measured, cpu), name) in rounds.iter().zip(["one", "two"]) {
        rates.push(figures(&mut row, name, measured).0);
        row.figure(&format!("{name}: processor time of servers, a report"), "us", &[cpu[0] * 1e6 / reports]);
        row.figure(&format!("{name}: of the database, a report"), "us", &[cpu[1] * 1e6 / reports]);
    }
    let (alone, together) = (rates[0], rates[1]);
    row.at_least("two, of one's rate", 1.0, together / alone, "");
    for server in &servers {
        row.figure("largest memory of a server", "MiB", &[server.peak_mib()?]);
    }
    check(&mut row, &load, &servers.each_ref())?;
    Ok(row)
}
