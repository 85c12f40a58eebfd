//! `watson`: reads its arguments, and either serves or, as its own child, analyses one cab.

#![forbid(unsafe_code)]

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use watson_server::backup::{Backup, Restore};
use watson_server::commands::Administer;
use watson_server::config::Config;
use watson_server::doctor::Doctor;
use watson_server::fleet::Fleet;
use watson_server::fsck::Fsck;
use watson_server::record::{RecordOptions, record};
use watson_server::{ServeOptions, analyzer, reload, serve};

/// Bodies of a few KiB come and go between what is kept for long: it keeps about two thirds of the memory that the system's
/// allocator keeps then, in a tenth less of processor time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Error reporting server: takes crash reports, groups them into buckets, analyses dumps, shows stacks.
#[derive(Debug, Parser)]
#[command(name = "watson", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve reports and pages.
    Serve(ServeOptions),
    /// What machines must be told to report to this server.
    #[command(subcommand)]
    Fleet(Fleet),
    /// Compare rows and blobs, counters, leases and jobs.
    Fsck(Fsck),
    /// Show or check settings.
    #[command(subcommand)]
    Config(Config),
    /// Record what an unknown client sends, without what it says: for adding its dialect.
    Record(RecordOptions),
    /// Look at everything that a server needs, and say what to do.
    Doctor(Doctor),
    /// Copy rows, blobs and symbols to a folder of backups, while servers run.
    Backup(Backup),
    /// Bring a backup back into an empty place.
    Restore(Restore),
    #[command(flatten)]
    Administer(Administer),
    /// Analyse one cab; what the server starts for each.
    #[command(hide = true)]
    Analyze {
        /// Read the job on standard input and answer on standard output, confined.
        #[arg(long, required = true)]
        child: bool,
    },
    /// Unpack one file of a cab; what the server starts for each download.
    #[command(hide = true)]
    Member {
        /// Read the request on standard input and write the file to standard output, confined.
        #[arg(long, required = true)]
        child: bool,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Analyze { .. } => watson_analysis::child_main(),
        Command::Member { .. } => watson_server::member::member_child(),
        Command::Serve(options) => code(run(options)),
        Command::Fleet(fleet) => code(fleet.run()),
        Command::Record(options) => code(recorded(options)),
        Command::Fsck(fsck) => fsck.run().unwrap_or_else(|error| code(Err(error))),
        Command::Config(config) => code(config.run()),
        Command::Doctor(doctor) => match doctor.run() {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => code(Err(error)),
        },
        Command::Backup(backup) => code(backup.run()),
        Command::Restore(restore) => code(restore.run()),
        Command::Administer(command) => code(command.run()),
    }
}

fn code(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("watson: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn recorded(options: RecordOptions) -> anyhow::Result<()> {
    tokio::runtime::Runtime::new()?.block_on(record(options))
}

fn run(options: ServeOptions) -> anyhow::Result<()> {
    let loaded = options.load()?;
    let filter =
        EnvFilter::try_from_default_env().or_else(|_| EnvFilter::try_new(&loaded.settings.log.level))?;
    let colours = std::io::stderr().is_terminal();
    let (filter, level) = tracing_subscriber::reload::Layer::new(filter);
    let lines = tracing_subscriber::fmt::layer().with_ansi(colours).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(filter).with(lines).init();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.spawn(reload::run(options.clone(), loaded.clone(), level));
    let analyzer = analyzer::child_analyzer(&loaded.settings.storage.symbol_roots);
    runtime.block_on(serve::serve(loaded.settings, options.port_file.as_deref(), analyzer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_has_a_name_of_its_own() {
        Arguments::command().debug_assert();
    }
}
