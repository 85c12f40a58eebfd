//! What an administrator says to a server: commands that speak to its API, one file per resource. Where no server has the
//! data folder, the same API answers in the command's own process.

use anyhow::Result;
use clap::Subcommand;

mod account;
mod audit;
mod bucket;
mod client;
mod debug_file;
mod job;
mod machine;
mod moment;
mod orders;
mod policy;
mod privacy;
mod product;
mod quota;
mod retention;
mod scope;
mod show;
mod solution;
mod storage;
mod tenant;
mod token;

pub use client::Server;

/// Commands that speak to a server, or to its store.
#[derive(Debug, Subcommand)]
pub enum Administer {
    /// People: who may sign in.
    #[command(subcommand)]
    Account(account::Account),
    /// Programs: tokens for the API.
    #[command(subcommand)]
    Token(token::Token),
    /// What reports are of, and the keys that clients send.
    #[command(subcommand)]
    Product(product::Product),
    /// Whose reports are kept apart.
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// Which crashes collect how many cabs, and what these hold.
    #[command(subcommand)]
    Policy(policy::Policy),
    /// What machines are told that report a crash.
    #[command(subcommand)]
    Solution(solution::Solution),
    /// How long what is kept.
    #[command(subcommand)]
    Retention(retention::Retention),
    /// What becomes of names before they are stored.
    #[command(subcommand)]
    Privacy(privacy::Privacy),
    /// What crashes, and how often.
    #[command(subcommand)]
    Bucket(bucket::Bucket),
    /// Who reports, and who has fallen silent.
    #[command(subcommand)]
    Machine(machine::Machine),
    /// Analyses that wait, are done, or failed for good.
    #[command(subcommand)]
    Job(job::Job),
    /// Symbols and programs that were uploaded.
    #[command(subcommand, name = "debug-file")]
    DebugFile(debug_file::DebugFile),
    /// What senders may send, and what they have used.
    #[command(subcommand)]
    Quota(quota::Quota),
    /// How much is kept, and whether it is whole.
    #[command(subcommand)]
    Storage(storage::Storage),
    /// Who did what: a log that tells when it was touched.
    #[command(subcommand)]
    Audit(audit::Audit),
}

impl Administer {
    /// Does it.
    ///
    /// # Errors
    /// The server is not reached, the store cannot be opened, or either refuses: the sentence that it gave.
    pub fn run(&self) -> Result<()> {
        match self {
            Self::Account(command) => command.run(),
            Self::Token(command) => command.run(),
            Self::Product(command) => command.run(),
            Self::Tenant(command) => command.run(),
            Self::Policy(command) => command.run(),
            Self::Solution(command) => command.run(),
            Self::Retention(command) => command.run(),
            Self::Privacy(command) => command.run(),
            Self::Bucket(command) => command.run(),
            Self::Machine(command) => command.run(),
            Self::Job(command) => command.run(),
            Self::DebugFile(command) => command.run(),
            Self::Quota(command) => command.run(),
            Self::Storage(command) => command.run(),
            Self::Audit(command) => command.run(),
        }
    }
}
