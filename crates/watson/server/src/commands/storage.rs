//! `watson storage`.

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use serde_json::json;

use super::client::Server;
use super::show;

/// What to see of what is kept.
#[derive(Debug, Subcommand)]
pub enum Storage {
    /// Show counts, bytes, and how the last sweep and the last check went.
    Show(Which),
    /// Have a running server compare rows and blobs, counters, leases and jobs; it changes nothing. `show` tells how it
    /// went. `watson fsck` does more, on a store that no server has open.
    Check(Which),
}

/// Which server.
#[derive(Debug, Args)]
pub struct Which {
    #[command(flatten)]
    server: Server,
}

impl Storage {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::Show(Which { server }) => show::one(server.json, &server.client()?.get("/storage")?),
            Self::Check(Which { server }) => {
                let client = server.client()?;
                ensure!(client.is_running(), "no server has this store open; `watson fsck` checks it");
                let answer = client.post("/storage/fsck", &json!(null))?;
                let sentence = match answer.get("begun").and_then(serde_json::Value::as_bool) {
                    Some(true) => "The check has begun; `watson storage show` tells how it went.",
                    _ => "A check runs already.",
                };
                show::done(server.json, &answer, sentence)
            }
        }
    }
}
