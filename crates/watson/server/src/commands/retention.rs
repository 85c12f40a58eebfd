//! `watson retention`.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::client::Server;
use super::show;

/// What to do with rules of retention: how long what is kept, where the settings ([retention]) do not hold.
#[derive(Debug, Subcommand)]
pub enum Retention {
    /// List rules.
    List(Server),
    /// Set a rule, in the place of the one of the same tenant, scope and kind.
    #[command(
        after_help = "Example:\n  watson retention set reports --product Game --days 30 --data /var/lib/watson"
    )]
    Set(Set),
    /// Remove a rule; the next one that fits holds then, else the settings.
    Remove(Remove),
}

/// `watson retention set`.
#[derive(Debug, Args)]
pub struct Set {
    /// What it is about.
    #[arg(value_enum)]
    what: What,
    /// For one bucket, before all other rules.
    #[arg(long, value_name = "N", conflicts_with = "product")]
    bucket: Option<i64>,
    /// For one product, as reports name it; without it and without --bucket, for all of the tenant.
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
    /// Days since it came; for ever, where it is left out.
    #[arg(long, value_name = "N")]
    days: Option<u32>,
    /// The newest of each bucket; all, where it is left out. For reports only.
    #[arg(long, value_name = "N")]
    count: Option<u32>,
    /// The tenant, by name or number, where it is not the token's own or the default one.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// `watson retention remove`.
#[derive(Debug, Args)]
pub struct Remove {
    /// Its number.
    id: i64,
    #[command(flatten)]
    server: Server,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Reports with all their data.
    Reports,
    /// Level 1 bodies.
    Raw,
    /// Annotations and headers of reports, which themselves stay.
    Annotations,
}

impl Retention {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(server) => {
                let columns = [
                    ("ID", "id"),
                    ("WHAT", "what"),
                    ("TENANT", "tenant"),
                    ("PRODUCT", "product"),
                    ("BUCKET", "bucket"),
                    ("DAYS", "days"),
                    ("COUNT", "count"),
                ];
                show::list(server.json, server.client()?.list("/retention", usize::MAX)?, &columns)
            }
            Self::Set(set) => set.run(),
            Self::Remove(Remove { id, server }) => {
                server.client()?.delete(&format!("/retention/{id}"))?;
                show::done(server.json, &json!({ "removed": id }), &format!("Rule {id} is removed."))
            }
        }
    }
}

impl Set {
    fn run(&self) -> Result<()> {
        let client = self.server.client()?;
        let what = match self.what {
            What::Reports => "reports",
            What::Raw => "raw",
            What::Annotations => "annotations",
        };
        let mut body = json!({ "what": what });
        let numbers = [("days", self.days), ("count", self.count)];
        for (name, number) in numbers {
            if let Some(number) = number {
                body[name] = number.into();
            }
        }
        if let Some(bucket) = self.bucket {
            body["bucket"] = bucket.into();
        }
        if let Some(product) = &self.product {
            body["product"] = Value::from(product.as_str());
        }
        if let Some(tenant) = &self.tenant {
            body["tenant"] = client.tenant(tenant)?.into();
        }
        let made = client.post("/retention", &body)?;
        show::done(self.server.json, &made, &format!("Rule {} is in force.", made["id"]))
    }
}
