//! What an administrator says to a running server: commands that speak to its API, one file per resource.

use anyhow::Result;
use clap::Subcommand;

mod acts;
mod bucket;
mod client;
mod job;
mod machine;
mod policy;
mod product;
mod scope;
mod show;
mod solution;
mod token;

pub use client::Server;

/// Commands that speak to a server.
#[derive(Debug, Subcommand)]
pub enum Remote {
    /// Which crashes collect how many cabs, and what these hold.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// What machines are told that report a crash.
    #[command(subcommand)]
    Solution(solution::Solution),
    /// What crashes, and how often.
    #[command(subcommand)]
    Bucket(bucket::Bucket),
    /// Who reports, and who has fallen silent.
    #[command(subcommand)]
    Machine(machine::Machine),
    /// Analyses that wait, are done, or failed for good.
    #[command(subcommand)]
    Job(job::Job),
    /// As `product`, through a running server: also from elsewhere, and beside one with SQLite.
    #[command(subcommand, name = "remote-product")]
    Product(product::Product),
    /// As `token`, through a running server.
    #[command(subcommand, name = "remote-token")]
    Token(token::Token),
    /// Who did what, as a running server tells it; `watson audit` reads a store that no server has open.
    #[command(subcommand)]
    Acts(acts::Acts),
}

impl Remote {
    /// Does it.
    ///
    /// # Errors
    /// The server is not reached, or refuses: the sentence that it gave.
    pub fn run(&self) -> Result<()> {
        match self {
            Self::Policy(command) => command.run(),
            Self::Solution(command) => command.run(),
            Self::Bucket(command) => command.run(),
            Self::Machine(command) => command.run(),
            Self::Job(command) => command.run(),
            Self::Product(command) => command.run(),
            Self::Token(command) => command.run(),
            Self::Acts(command) => command.run(),
        }
    }
}
