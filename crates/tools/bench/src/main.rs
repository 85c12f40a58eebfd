//! `wer-bench`: measures this system against its peers, in the same run on the same machine. No part of the product.
//!
//! Numbers are medians over alternating rounds; absolute times do not carry to another machine, ratios do.

#![forbid(unsafe_code)]

mod dump;
mod held;
mod stats;
mod target;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "wer-bench", about = "Measures this system against its peers")]
struct Arguments {
    #[command(subcommand)]
    benchmark: Option<Benchmark>,
}

#[derive(Debug, Subcommand)]
enum Benchmark {
    /// A mini dump of a living process, against minidump-writer: how long it is stopped, how long it takes, its size.
    Dump(dump::Options),
    /// The process that is dumped.
    #[command(hide = true)]
    Target(target::Options),
}

fn main() -> ExitCode {
    let benchmark = Arguments::parse().benchmark.unwrap_or_else(|| Benchmark::Dump(dump::Options::default()));
    let outcome = match benchmark {
        Benchmark::Dump(options) => dump::run(&options),
        Benchmark::Target(options) => target::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wer-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
