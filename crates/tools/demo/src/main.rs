//! `wer-demo`: the main job on real input. Starts a server on loopback, crashes real programs, each in the way that suits
//! it, waits until every report is analysed, prints what arrived, and keeps the pages open. Started by `cargo xtask
//! demo`.
//!
//! Nothing of the machine is changed but `core_pattern`, for one program, when root; it is restored at once. Settings,
//! store and the server's data are in temporary folders.

#![forbid(unsafe_code)]

mod arrivals;
mod programs;
mod table;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use wer_testkit::{Built, Sandbox, SandboxOptions, Watson};

use crate::arrivals::Arrival;
use crate::programs::{Crash, Program};

/// Crash real programs, watch their reports arrive, and look at them in a browser.
#[derive(Debug, Parser)]
#[command(name = "wer-demo")]
struct Arguments {
    /// End after printing instead of serving the pages until Ctrl-C.
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything arrived as expected.
fn run(arguments: &Arguments) -> Result<bool> {
    let built = step("compiling the programs that will crash", Built::once)?;
    let data = tempfile::Builder::new().prefix("wer-demo-").tempdir().context("no temporary folder")?;
    // The sample crashes in C and in Rust, in one bucket: this machine may send a cab of each.
    let two_cabs = ["--cabs-per-machine", "2"];
    let watson = step("starting the server", || Watson::start_with(built, data.path(), &two_cabs))?;
    let sandbox = Sandbox::new(&SandboxOptions {
        server_port: Some(watson.port),
        system_modules: built.samples().iter().map(|sample| sample.module.clone()).collect(),
        ..SandboxOptions::default()
    })?;
    println!(
        "Everything that leaves a machine needs consent. This demo allows it in settings of its own \
         (DefaultConsent = 4 in {}); yours are not touched.\n",
        sandbox.path("etc/wer/wer.toml").display()
    );

    let programs = programs::all(built)?;
    let bar = progress(programs.len());
    let mut crashes = Vec::new();
    for program in &programs {
        bar.set_message(program.title.clone());
        crashes.push((program, program.crash(&sandbox)));
        bar.inc(1);
    }
    bar.finish_and_clear();
    let arrivals = step("waiting until every report is analysed", || wait_for_all(&watson, &crashes))?;
    print!("{}", table::render(&arrivals));

    let wrong = arrivals.iter().filter(|arrival| !arrival.problems.is_empty()).count();
    println!("\n{} of {} programs arrived as expected.", arrivals.len() - wrong, arrivals.len());
    if !arguments.once {
        println!("\nLook at them: {}\n\nCtrl-C ends the server.", watson.link);
        wait_for_ctrl_c()?;
    } else {
        println!("The pages were at {} (leave out --once to look at them).", watson.origin);
    }
    Ok(wrong == 0)
}

fn wait_for_all<'p>(watson: &Watson, crashes: &[(&'p Program, Result<Crash>)]) -> Result<Vec<Arrival<'p>>> {
    crashes.iter().map(|(program, crash)| Arrival::wait(watson, program, crash)).collect()
}

/// Does something that takes a while, and says what.
fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let bar = ProgressBar::new_spinner().with_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    let outcome = work();
    bar.finish_and_clear();
    eprintln!("demo: {what}: {}", if outcome.is_ok() { "done" } else { "failed" });
    outcome
}

fn progress(length: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("crashing {pos}/{len}: {wide_msg}");
    let bar = ProgressBar::new(length as u64);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn wait_for_ctrl_c() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(tokio::signal::ctrl_c()).context("Ctrl-C cannot be waited for")
}
