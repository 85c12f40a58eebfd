//! `watson quota`.

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::client::Server;
use super::show;

/// What to see of quotas: what senders may send, and what they have used.
#[derive(Debug, Subcommand)]
pub enum Quota {
    /// Show what a running server has counted. Rates of one source are set by [quotas] of the settings, a product's by
    /// `watson product change --per-minute`.
    Show(Show),
}

/// `watson quota show`.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    server: Server,
}

impl Quota {
    pub(super) fn run(&self) -> Result<()> {
        let Self::Show(Show { server }) = self;
        let mut quotas = server.client()?.get("/quotas")?;
        if server.json {
            return show::one(true, &quotas);
        }
        let mut list = |name: &str| match quotas.get_mut(name).map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        };
        let (busiest, products) = (list("busiest"), list("products"));
        show::one(false, &quotas)?;
        let columns = [("SOURCE", "source"), ("OF", "of"), ("USED", "used"), ("ALLOWANCE", "allowance")];
        show::list(false, busiest, &columns)?;
        let columns = [
            ("PRODUCT", "product"),
            ("NAME", "name"),
            ("TENANT", "tenant"),
            ("THIS MINUTE", "this_minute"),
            ("USUAL", "usual_per_minute"),
            ("LEARNT LIMIT", "learnt_limit"),
        ];
        show::list(false, products, &columns)
    }
}
