//! `cargo xtask`: what people and CI do with this repository, one file per task. No part of the product.

#![forbid(unsafe_code)]

mod bench;
mod command;
mod demo;
mod museum;
mod setup;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Crash real programs, watch their reports arrive, and look at them in a browser.
    Demo(demo::Options),
    /// Build, check and test everything.
    Test,
    /// Check the rules of this repository that no compiler knows.
    Tidy,
    /// Show what broke other services, and the guards and tests that stand against it here.
    Museum(museum::Options),
    /// Measure, against the peer where there is one.
    Bench(bench::Options),
    /// Install what tests and demo need (Debian and Ubuntu).
    Setup,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::Test => test::run(),
        Task::Tidy => tidy::run(),
        Task::Museum(options) => museum::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Setup => setup::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
