//! `watson job`.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};

use super::client::Server;
use super::show;

/// What to see of jobs.
#[derive(Debug, Subcommand)]
pub enum Job {
    /// List jobs, newest first.
    List(List),
}

/// The state of a job.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    /// Waits or runs.
    Open,
    /// Done.
    Done,
    /// Failed for good.
    Poison,
}

/// `watson job list`.
#[derive(Debug, Args)]
pub struct List {
    /// Jobs in this state.
    #[arg(long, value_enum, default_value = "open")]
    state: State,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    server: Server,
}

impl Job {
    pub(super) fn run(&self) -> Result<()> {
        let Self::List(List { state, limit, server }) = self;
        let state = match state {
            State::Open => "open",
            State::Done => "done",
            State::Poison => "poison",
        };
        let items = server.client()?.list(&format!("/jobs?state={state}"), *limit)?;
        let columns = [
            ("ID", "id"),
            ("KIND", "kind"),
            ("REPORT", "report"),
            ("ATTEMPTS", "attempts"),
            ("DUE", "due"),
            ("ERROR", "error"),
        ];
        show::list(server.json, items, &columns)
    }
}
