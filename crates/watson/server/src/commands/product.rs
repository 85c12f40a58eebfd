//! `watson product`.

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use watson_db::Dialect;

use super::client::{Client, Server};
use super::{moment, show};

/// What to do with products: whose reports are taken, and with which keys.
#[derive(Debug, Subcommand)]
pub enum Product {
    /// List products.
    List(Server),
    /// Make one.
    Add(Add),
    /// Change one; what is not given stays. Other processes on the same database follow within two seconds.
    Change(Change),
    /// Remove one with its keys; its reports stay.
    Remove(One),
    /// List one's keys, newest first.
    Keys(One),
    /// Make a key; it is told once.
    Key(Key),
    /// Revoke a key. Other processes on the same database follow within two seconds.
    RevokeKey(RevokeKey),
}

/// One product.
#[derive(Debug, Args)]
pub struct One {
    /// Its name, in any letter case, or its number.
    product: String,
    #[command(flatten)]
    server: Server,
}

/// `watson product add`.
#[derive(Debug, Args)]
pub struct Add {
    /// Its name, as its clients say it.
    name: String,
    /// How its reports may come; may be given again; in every way, where none is given.
    #[arg(long = "dialect", value_name = "NAME", value_parser = Dialect::ALL.map(Dialect::name))]
    dialects: Vec<String>,
    /// Take its reports also without a key.
    #[arg(long)]
    without_key: bool,
    /// Dumps that are taken in a minute, instead of what was learnt.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    per_minute: Option<i64>,
    /// Dumps that are taken in a day of UTC.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..))]
    per_day: Option<i64>,
    /// The tenant whose it is, by name or number, where it is not the token's own or the default one.
    #[arg(long, value_name = "TENANT")]
    tenant: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// `watson product change`.
#[derive(Debug, Args)]
pub struct Change {
    /// Its name, in any letter case, or its number.
    product: String,
    /// Another name.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How its reports may come; may be given again.
    #[arg(long = "dialect", value_name = "NAME", value_parser = Dialect::ALL.map(Dialect::name))]
    dialects: Vec<String>,
    /// Whether its reports need a key.
    #[arg(long, value_name = "BOOL")]
    key_required: Option<bool>,
    /// Dumps that are taken in a minute; 0 = what was learnt.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    per_minute: Option<i64>,
    /// Dumps that are taken in a day of UTC; 0 = any number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    per_day: Option<i64>,
    #[command(flatten)]
    server: Server,
}

/// `watson product key`.
#[derive(Debug, Args)]
pub struct Key {
    /// The product's name, in any letter case, or its number.
    product: String,
    /// The keys before it end after so many days (a rotation).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..=3_650),
        conflicts_with = "others_end")]
    others_end_in_days: Option<i64>,
    /// When the keys before it end, as RFC 3339 has it.
    #[arg(long, value_name = "TIME")]
    others_end: Option<String>,
    #[command(flatten)]
    server: Server,
}

/// `watson product revoke-key`.
#[derive(Debug, Args)]
pub struct RevokeKey {
    /// The key's number, as `keys` shows it.
    key: i64,
    #[command(flatten)]
    server: Server,
}

impl Product {
    pub(super) fn run(&self) -> Result<()> {
        match self {
            Self::List(server) => {
                let columns = [
                    ("ID", "id"),
                    ("NAME", "name"),
                    ("TENANT", "tenant"),
                    ("DIALECTS", "dialects"),
                    ("KEY REQUIRED", "key_required"),
                    ("PER MINUTE", "per_minute"),
                    ("PER DAY", "per_day"),
                ];
                show::list(server.json, server.client()?.list("/products", usize::MAX)?, &columns)
            }
            Self::Add(add) => add.run(),
            Self::Change(change) => change.run(),
            Self::Remove(One { product, server }) => {
                let client = server.client()?;
                let id = find(&client, product)?;
                client.delete(&format!("/products/{id}"))?;
                show::done(server.json, &json!({ "removed": id }), &format!("Product {id} is removed."))
            }
            Self::Keys(One { product, server }) => {
                let client = server.client()?;
                let path = format!("/products/{}/keys", find(&client, product)?);
                let columns = [
                    ("ID", "id"),
                    ("BEGINS", "begins"),
                    ("MADE", "made"),
                    ("ENDS", "ends"),
                    ("REVOKED", "revoked"),
                ];
                show::list(server.json, client.list(&path, usize::MAX)?, &columns)
            }
            Self::Key(key) => key.run(),
            Self::RevokeKey(RevokeKey { key, server }) => {
                let client = server.client()?;
                client.delete(&format!("/products/{}/keys/{key}", product_of(&client, *key)?))?;
                show::done(server.json, &json!({ "revoked": key }), &format!("Key {key} is revoked."))
            }
        }
    }
}

impl Add {
    fn run(&self) -> Result<()> {
        let client = self.server.client_for_new()?;
        let mut body =
            json!({ "name": self.name, "dialects": self.dialects, "key_required": !self.without_key });
        for (name, number) in [("per_minute", self.per_minute), ("per_day", self.per_day)] {
            if let Some(number) = number {
                body[name] = number.into();
            }
        }
        if let Some(tenant) = &self.tenant {
            body["tenant"] = client.tenant(tenant)?.into();
        }
        let made = client.post("/products", &body)?;
        let sentence =
            format!("Product {0} is added; `watson product key {0}` makes a key for it.", made["id"]);
        show::done(self.server.json, &made, &sentence)
    }
}

impl Change {
    fn run(&self) -> Result<()> {
        let mut body = Map::new();
        if let Some(name) = &self.name {
            body.insert("name".to_owned(), name.as_str().into());
        }
        if !self.dialects.is_empty() {
            body.insert("dialects".to_owned(), self.dialects.clone().into());
        }
        if let Some(required) = self.key_required {
            body.insert("key_required".to_owned(), required.into());
        }
        for (name, number) in [("per_minute", self.per_minute), ("per_day", self.per_day)] {
            if let Some(number) = number {
                let number = if number == 0 { Value::Null } else { number.into() };
                body.insert(name.to_owned(), number);
            }
        }
        ensure!(!body.is_empty(), "say what changes; see `watson product change --help`");
        let client = self.server.client()?;
        let path = format!("/products/{}", find(&client, &self.product)?);
        show::one(self.server.json, &client.patch(&path, &Value::Object(body))?)
    }
}

impl Key {
    fn run(&self) -> Result<()> {
        let mut body = json!({});
        if let Some(time) = &self.others_end {
            body["others_end"] = time.as_str().into();
        } else if let Some(days) = self.others_end_in_days {
            let time = moment::in_days(days).ok_or_else(|| anyhow!("{days} days are too many"))?;
            body["others_end"] = time.into();
        }
        let client = self.server.client()?;
        let path = format!("/products/{}/keys", find(&client, &self.product)?);
        show::secret(self.server.json, &client.post(&path, &body)?)
    }
}

/// The number of a product that a person named by its name or its number.
fn find(client: &Client, wanted: &str) -> Result<i64> {
    let products = client.list("/products", usize::MAX)?;
    let name = |product: &Value| product.get("name").and_then(Value::as_str).map(str::to_lowercase);
    let id = |product: &Value| product.get("id").and_then(Value::as_i64);
    let named: Vec<i64> = products
        .iter()
        .filter(|product| name(product).as_deref() == Some(wanted.to_lowercase().as_str()))
        .filter_map(id)
        .collect();
    match (named.as_slice(), wanted.parse::<i64>()) {
        ([one], _) => Ok(*one),
        ([], Ok(number)) if products.iter().any(|product| id(product) == Some(number)) => Ok(number),
        ([], _) => bail!("there is no product {wanted}; `watson product list` shows them"),
        _ => bail!(
            "several tenants have a product {wanted}; give its number, as `watson product list` shows it"
        ),
    }
}

/// The product that a key is of.
fn product_of(client: &Client, key: i64) -> Result<i64> {
    for product in client.list("/products", usize::MAX)? {
        let id = product.get("id").and_then(Value::as_i64).context("a product has no number")?;
        let keys = client.list(&format!("/products/{id}/keys"), usize::MAX)?;
        if keys.iter().any(|found| found.get("id").and_then(Value::as_i64) == Some(key)) {
            return Ok(id);
        }
    }
    bail!("there is no such key; `watson product keys PRODUCT` shows them")
}
