//! `watson privacy`.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use super::client::{Client, Server, quoted};
use super::show;

/// What to do with rules of privacy: what becomes of names before they are stored, where the settings ([privacy]) do not
/// hold.
#[derive(Debug, Subcommand)]
pub enum Privacy {
    /// List rules.
    List(Server),
    /// Set the rules of a product, or of a tenant's other products; they take the settings' place as a whole, and hold for
    /// what comes from now on. What is not given is kept.
    #[command(
        after_help = "Example:\n  watson privacy set --product Game --user hash --machine hash --address drop \
                            --data /var/lib/watson"
    )]
    Set(Set),
    /// Remove the rules of a product, or of a tenant's other products.
    Remove(Remove),
}

/// `watson privacy set`.
#[derive(Debug, Args)]
pub struct Set {
    #[command(flatten)]
    whose: Whose,
    /// Names of users, also in paths and texts.
    #[arg(long, value_enum)]
    user: Option<Treatment>,
    /// Names and ids of machines.
    #[arg(long, value_enum)]
    machine: Option<Treatment>,
    /// Folders of paths.
    #[arg(long, value_enum)]
    paths: Option<Treatment>,
    /// Network addresses.
    #[arg(long, value_enum)]
    address: Option<Treatment>,
    /// The header `User-Agent`.
    #[arg(long, value_enum)]
    agent: Option<Treatment>,
    /// Keep no level 1 bodies.
    #[arg(long)]
    no_raw: bool,
    /// Keep no files beside a dump: they cannot be cleaned.
    #[arg(long)]
    no_attachments: bool,
    /// What is asked for and kept: cabs and dumps cannot be cleaned either.
    #[arg(long, value_enum)]
    collect: Option<Collect>,
    #[command(flatten)]
    server: Server,
}

/// `watson privacy remove`.
#[derive(Debug, Args)]
pub struct Remove {
    #[command(flatten)]
    whose: Whose,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
struct Whose {
    /// One product, as reports name it; the tenant's other products, where it is left out.
    #[arg(long, value_name = "NAME")]
    product: Option<String>,
    /// The tenant, by name or number, where it is not the token's own or the default one.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Treatment {
    /// As it came.
    Keep,
    /// A pseudonym in its place.
    Hash,
    /// Nothing in its place.
    Drop,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Collect {
    /// As the policies say.
    All,
    /// Cabs without process memory.
    NoMemory,
    /// Neither cabs nor dumps.
    Nothing,
}

impl Privacy {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(server) => {
                let columns = [
                    ("TENANT", "tenant"),
                    ("PRODUCT", "product"),
                    ("USER", "rules.user"),
                    ("MACHINE", "rules.machine"),
                    ("PATHS", "rules.paths"),
                    ("ADDRESS", "rules.address"),
                    ("AGENT", "rules.agent"),
                    ("RAW", "rules.raw"),
                    ("ATTACHMENTS", "rules.attachments"),
                    ("COLLECT", "rules.collect"),
                ];
                show::list(server.json, server.client()?.list("/privacy", usize::MAX)?, &columns)
            }
            Self::Set(set) => {
                let client = set.server.client()?;
                let rules = set.rules();
                client.post(&set.whose.path(&client)?, &rules)?;
                show::done(set.server.json, &rules, "The rules hold for what comes from now on.")
            }
            Self::Remove(Remove { whose, server }) => {
                let client = server.client()?;
                client.delete(&whose.path(&client)?)?;
                show::done(server.json, &json!({ "removed": whose.product }), "The rules are removed.")
            }
        }
    }
}

impl Set {
    fn rules(&self) -> Value {
        let mut rules = Map::new();
        let treated = [
            ("user", self.user),
            ("machine", self.machine),
            ("paths", self.paths),
            ("address", self.address),
            ("agent", self.agent),
        ];
        for (name, treatment) in treated {
            let word = match treatment {
                None => continue,
                Some(Treatment::Keep) => "keep",
                Some(Treatment::Hash) => "hash",
                Some(Treatment::Drop) => "drop",
            };
            rules.insert(name.to_owned(), word.into());
        }
        for (name, off) in [("raw", self.no_raw), ("attachments", self.no_attachments)] {
            if off {
                rules.insert(name.to_owned(), false.into());
            }
        }
        if let Some(collect) = self.collect {
            let word = match collect {
                Collect::All => "all",
                Collect::NoMemory => "no_memory",
                Collect::Nothing => "nothing",
            };
            rules.insert("collect".to_owned(), word.into());
        }
        Value::Object(rules)
    }
}

impl Whose {
    fn path(&self, client: &Client) -> Result<String> {
        let mut parts = Vec::new();
        if let Some(tenant) = &self.tenant {
            parts.push(format!("tenant={}", client.tenant(tenant)?));
        }
        parts.extend(self.product.as_ref().map(|product| format!("product={}", quoted(product))));
        Ok(if parts.is_empty() { "/privacy".to_owned() } else { format!("/privacy?{}", parts.join("&")) })
    }
}
