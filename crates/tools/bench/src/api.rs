//! `wer-bench api`: what the functions of `libwer.so` cost their callers, and that a reader beside them sees whole entries
//! only. The calls go through the C library, strings in UTF-16 included.
//!
//! Another function gets a row by one line in [`ROWS`].

mod calls;
mod library;
mod reports;
mod threads;
mod watched;

use anyhow::{Result, bail};
use clap::Args;

use crate::row::Row;
use library::Library;

/// What is measured.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Options {
    /// Samples of each call.
    #[arg(long, default_value_t = 4001)]
    samples: usize,
    /// Seconds for which a reader watches.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// One JSON array instead of text.
    #[arg(long)]
    json: bool,
}

pub(crate) use watched::write_until_told as writers;

/// The rows, in their order.
const ROWS: [fn(&Library, &Options) -> Result<Row>; 5] =
    [calls::measure, threads::measure, watched::measure, reports::measure, modules];

/// Goal of a module's round trip.
const MODULE_LIMIT_MS: f64 = 30.0;
const MODULE_ROUNDS: usize = 51;

/// Measures, prints, and fails when a goal is missed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let library = Library::open()?;
    let mut rows = Vec::new();
    for measure in ROWS {
        let row = measure(&library, options)?;
        if !options.json {
            println!("{row}");
        }
        rows.push(row);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    }
    let missed: Vec<String> = rows.iter().flat_map(Row::missed).collect();
    if missed.is_empty() { Ok(()) } else { bail!("goals that are missed:\n{}", missed.join("\n")) }
}

fn modules(_: &Library, _: &Options) -> Result<Row> {
    let mut row = Row::new("a runtime exception module: host start, load, claim, two pairs".into());
    let trips = crate::module::measure(MODULE_ROUNDS)?;
    let median = row.figure("round trip", "ms", &[trips.median_ms]);
    row.at_most("round trip", MODULE_LIMIT_MS, median, " ms");
    row.note(format!("the longest of {} took {:.2} ms", trips.rounds, trips.longest_ms));
    Ok(row)
}
