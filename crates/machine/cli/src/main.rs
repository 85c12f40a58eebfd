//! `wer`: the command line for people. It joins stages for one question or one action at a time and decides nothing that
//! a stage decides. Commands and their JSON forms: `docs/cli.md`.
//!
//! Exit codes: 0 done; 1 it could not be done, with a line on standard error that says what happened, to which file or
//! process, and what to do; 2 the command line is wrong. `wer run` ends as the program that it ran has ended.

#![forbid(unsafe_code)]

mod commands;
mod output;
mod place;
mod stored;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

use crate::commands::{
    config, convert, debug, dump, enroll, events, hang, inspect, module_check, registrations, report_show,
    reports, run, submit,
};
use crate::place::PlaceArguments;

/// Look at crash reports, make dumps, and send what waits.
#[derive(Debug, Parser)]
#[command(name = "wer", version, arg_required_else_help = true)]
struct Arguments {
    #[command(flatten)]
    place: PlaceArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the reports in the store.
    Reports(reports::Arguments),
    /// Look at one report.
    #[command(subcommand)]
    Report(Report),
    /// Open gdb or lldb on the dump of a report.
    Debug(debug::Arguments),
    /// Print the event log.
    Events(events::Arguments),
    /// Send what waits, or say why it waits.
    Submit(submit::Arguments),
    /// Name the server that reports go to, after asking it.
    Enroll(enroll::Arguments),
    /// Run a program so that a crash of it is reported.
    Run(run::Arguments),
    /// Write a dump of a living process.
    Dump(dump::Arguments),
    /// Say what a living process waits for, and report that it hangs.
    Hang(hang::Arguments),
    /// Make a minidump of a core file, or a core file of a minidump.
    Convert(convert::Arguments),
    /// Show what a minidump holds, or check its form.
    Inspect(inspect::Arguments),
    /// Show what a process has registered, or had when it left a core file.
    Registrations(registrations::Arguments),
    /// Read, set and explain settings.
    #[command(subcommand)]
    Config(config::Command),
    /// Look at a runtime exception module.
    #[command(subcommand)]
    Module(Module),
}

#[derive(Debug, Subcommand)]
enum Report {
    /// Print a report and the stack of its crashed thread.
    Show(report_show::Arguments),
}

#[derive(Debug, Subcommand)]
enum Module {
    /// Say whether a file would do as a runtime exception module, without loading it.
    Check(module_check::Arguments),
}

fn main() -> ExitCode {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
    let wants_no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && !wants_no_color)
        .with_env_filter(filter)
        .with_target(false)
        .without_time()
        .init();
    let arguments = Arguments::parse();
    let place = &arguments.place;
    let outcome = match arguments.command {
        Command::Reports(arguments) => reports::run(place, &arguments),
        Command::Report(Report::Show(arguments)) => report_show::run(place, &arguments),
        Command::Debug(arguments) => debug::run(place, &arguments),
        Command::Events(arguments) => events::run(place, &arguments),
        Command::Submit(arguments) => submit::run(place, &arguments),
        Command::Enroll(arguments) => enroll::run(place, &arguments),
        Command::Run(arguments) => run::run(place, arguments),
        Command::Dump(arguments) => dump::run(&arguments),
        Command::Hang(arguments) => hang::run(place, &arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Registrations(arguments) => registrations::run(&arguments),
        Command::Config(command) => config::run(place, &command),
        Command::Module(Module::Check(arguments)) => module_check::run(place, &arguments),
    };
    outcome.unwrap_or_else(|error| {
        if output::is_closed_pipe(&error) {
            return ExitCode::SUCCESS;
        }
        eprintln!("wer: {}", output::clean(&format!("{error:#}")));
        ExitCode::FAILURE
    })
}
