//! `wer-bench`: measures this system against its peers, in the same run on the same machine. No part of the product.
//!
//! Numbers are medians over alternating rounds; absolute times do not carry to another machine, ratios do.

mod api;
mod dump;
mod held;
mod latency;
mod module;
mod row;
mod stats;
mod target;
mod target_process;
mod watson;

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
    /// Dumps of living processes, against minidump-writer, gcore, the kernel's core, and what the machine can do at all.
    Dump(dump::Options),
    /// From the fault to the stored report, for each way of capture and for small and large heaps.
    Latency(latency::Options),
    /// A runtime exception module, from its host's start to its last answer.
    Module(module::Options),
    /// The functions of libwer.so, and a reader beside them.
    Api(api::Options),
    /// A server that takes reports: as many as it can, and how long each waits.
    Watson(watson::Options),
    /// Threads that register without a pause.
    #[command(hide = true)]
    ApiWriters,
    /// The copy of memory alone.
    #[command(hide = true)]
    Copy(dump::engine::EngineOptions),
    /// The process that is dumped.
    #[command(hide = true)]
    Target(target::Options),
    /// The process that crashes.
    #[command(hide = true)]
    Victim(latency::VictimOptions),
}

fn main() -> ExitCode {
    let benchmark = Arguments::parse().benchmark.unwrap_or_else(|| Benchmark::Dump(dump::Options::default()));
    let outcome = match benchmark {
        Benchmark::Dump(options) => dump::run(&options),
        Benchmark::Latency(options) => latency::run(&options),
        Benchmark::Module(options) => module::run(&options),
        Benchmark::Api(options) => api::run(&options),
        Benchmark::Watson(options) => watson::run(&options),
        Benchmark::ApiWriters => api::writers(),
        Benchmark::Copy(options) => dump::engine::run(&options),
        Benchmark::Target(options) => target::run(&options),
        Benchmark::Victim(options) => latency::victim(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wer-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
