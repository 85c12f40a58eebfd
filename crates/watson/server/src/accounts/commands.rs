//! `watson account`, `watson token`, `watson product`: who may look and who may send, while the server does not run or, with
//! PostgreSQL, beside it. Secrets are printed once, when they are made.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use watson_db::{Dialect, NewApiToken, NewProduct, Policy, Product, Role, Store, time};

use super::hash_password;
use crate::options::SettingsOptions;

/// People.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Make an account; the password is the first line of standard input.
    Add {
        /// Its name.
        name: String,
        /// What it may do.
        #[arg(long, value_enum, default_value = "admin")]
        role: RoleName,
        /// It sees this tenant's data only, and only by the API.
        #[arg(long)]
        tenant: Option<String>,
        /// Where accounts are kept.
        #[command(flatten)]
        common: Common,
    },
    /// Give an account another password (the first line of standard input) and end its sessions.
    Passwd {
        /// Its name.
        name: String,
        /// Where accounts are kept.
        #[command(flatten)]
        common: Common,
    },
    /// Remove an account.
    Remove {
        /// Its name.
        name: String,
        /// Where accounts are kept.
        #[command(flatten)]
        common: Common,
    },
    /// List accounts.
    List {
        /// Where accounts are kept.
        #[command(flatten)]
        common: Common,
    },
}

/// Programs.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token for the API; it is printed once.
    Make {
        /// Its name.
        name: String,
        /// What it may do: read, write, admin, erase; may be given again.
        #[arg(long = "scope", value_parser = ["read", "write", "admin", "erase"], default_value = "read")]
        scopes: Vec<String>,
        /// It sees this tenant's data only.
        #[arg(long)]
        tenant: Option<String>,
        /// Days after which it ends.
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..=36_500))]
        days: Option<i64>,
        /// Where tokens are kept.
        #[command(flatten)]
        common: Common,
    },
    /// List tokens.
    List {
        /// Where tokens are kept.
        #[command(flatten)]
        common: Common,
    },
    /// Revoke a token.
    Revoke {
        /// Its name.
        name: String,
        /// Where tokens are kept.
        #[command(flatten)]
        common: Common,
    },
}

/// What reports are of, and the keys that clients send.
#[derive(Debug, Subcommand)]
pub enum ProductCommand {
    /// Make a product.
    Add {
        /// Its name, as clients say it.
        name: String,
        /// Whose it is.
        #[arg(long, default_value = "default")]
        tenant: String,
        /// How its reports may come; all dialects where none is given.
        #[arg(long = "dialect", value_parser = Dialect::ALL.map(Dialect::name))]
        dialects: Vec<String>,
        /// Take its reports without a key too.
        #[arg(long)]
        without_key: bool,
        /// Dumps that are taken in a minute, instead of what was learnt.
        #[arg(long, value_parser = clap::value_parser!(i64).range(1..))]
        per_minute: Option<i64>,
        /// Where products are kept.
        #[command(flatten)]
        common: Common,
    },
    /// List products and their keys.
    List {
        /// Where products are kept.
        #[command(flatten)]
        common: Common,
    },
    /// Remove a product with its keys; its reports stay.
    Remove {
        /// Its name, or its number.
        product: String,
        /// Where products are kept.
        #[command(flatten)]
        common: Common,
    },
    /// Make a key; it is printed once.
    Key {
        /// The product's name, or its number.
        product: String,
        /// The keys before it end after so many days (a rotation).
        #[arg(long, value_parser = clap::value_parser!(i64).range(0..=3_650))]
        others_end_in_days: Option<i64>,
        /// Where products are kept.
        #[command(flatten)]
        common: Common,
    },
    /// Revoke a key by its number.
    RevokeKey {
        /// Its number, as `list` shows it.
        key: i64,
        /// Where products are kept.
        #[command(flatten)]
        common: Common,
    },
}

/// What all of them need.
#[derive(Debug, Args)]
pub struct Common {
    #[command(flatten)]
    settings: SettingsOptions,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// A role on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RoleName {
    /// Everything.
    Admin,
    /// See everything, change policies and solutions.
    Operator,
    /// See everything.
    Reader,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Admin => Self::Admin,
            RoleName::Operator => Self::Operator,
            RoleName::Reader => Self::Reader,
        }
    }
}

impl Common {
    async fn store(&self) -> Result<Store> {
        let settings = self.settings.load()?.settings;
        let data = settings.storage.data.as_deref().context(
            "nothing says where accounts are kept: give --data DIR, or set data in [storage] of the settings file",
        )?;
        Ok(Store::open_at(data, &settings.storage.places(), Policy::default()).await?)
    }

    /// `text` for a person, `value` for a program.
    fn say(&self, text: &str, value: &Value) {
        if self.json {
            println!("{value:#}");
        } else {
            println!("{text}");
        }
    }
}

async fn tenant(store: &Store, name: Option<&str>) -> Result<Option<i64>> {
    match name {
        Some(name) => Ok(Some(store.tenant(name, time::now_ms()).await?)),
        None => Ok(None),
    }
}

/// The first line of standard input.
fn password() -> Result<String> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("Password: ").context("cannot read the password");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

impl AccountCommand {
    /// Does it.
    ///
    /// # Errors
    /// A name that is there already or is not, a bad password, a store that cannot be opened.
    pub async fn run(self) -> Result<()> {
        match self {
            Self::Add { name, role, tenant: only, common } => {
                check_name(&name)?;
                let hash = hash_password(&password()?)?;
                let store = common.store().await?;
                let only = tenant(&store, only.as_deref()).await?;
                let id = store.add_account(&name, (role.into(), only), &hash, time::now_ms()).await?;
                common.say(&format!("{name} may sign in"), &json!({ "id": id, "name": name }));
                store.close().await;
            }
            Self::Passwd { name, common } => {
                let hash = hash_password(&password()?)?;
                let store = common.store().await?;
                store.set_password(&name, &hash).await?;
                common.say(&format!("{name} has a new password"), &json!({ "name": name }));
                store.close().await;
            }
            Self::Remove { name, common } => {
                let store = common.store().await?;
                store.remove_account(&name).await?;
                common.say(&format!("{name} is gone"), &json!({ "name": name }));
                store.close().await;
            }
            Self::List { common } => {
                let store = common.store().await?;
                let accounts = store.accounts().await?;
                let lines: Vec<_> =
                    accounts.iter().map(|a| format!("{}  {}", a.role.name(), a.name)).collect();
                let values: Vec<_> = accounts
                    .iter()
                    .map(|a| json!({ "id": a.id, "name": a.name, "role": a.role.name(), "tenant": a.tenant }))
                    .collect();
                common.say(&lines.join("\n"), &json!({ "accounts": values }));
                store.close().await;
            }
        }
        Ok(())
    }
}

/// Names stand in the audit log and on pages.
fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        bail!("a name has 1 to 100 characters, none of them a control character");
    }
    Ok(())
}

impl TokenCommand {
    /// Does it.
    ///
    /// # Errors
    /// A name that is there already or is not, a store that cannot be opened.
    pub async fn run(self) -> Result<()> {
        match self {
            Self::Make { name, scopes, tenant: only, days, common } => {
                check_name(&name)?;
                let store = common.store().await?;
                let now_ms = time::now_ms();
                let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
                let token = NewApiToken {
                    name: &name,
                    scopes: &scopes,
                    tenant: tenant(&store, only.as_deref()).await?,
                    made_by: "command line",
                    ends_ms: days.map(|days| now_ms.saturating_add(days.saturating_mul(time::DAY_MS))),
                };
                let made = store.make_api_token(&token, now_ms).await?;
                common.say(&made.secret, &json!({ "id": made.id, "name": name, "token": made.secret }));
                store.close().await;
            }
            Self::List { common } => {
                let store = common.store().await?;
                let tokens = store.api_tokens().await?;
                let state = |revoked: bool| if revoked { "revoked" } else { "good" };
                let lines: Vec<_> = tokens
                    .iter()
                    .map(|t| format!("{}  {}  {}", state(t.revoked_ms.is_some()), t.name, t.scopes.join(",")))
                    .collect();
                let values: Vec<_> = tokens
                    .iter()
                    .map(|t| {
                        json!({ "id": t.id, "name": t.name, "scopes": t.scopes, "tenant": t.tenant,
                            "made_ms": t.made_ms, "made_by": t.made_by, "ends_ms": t.ends_ms, "revoked_ms": t.revoked_ms })
                    })
                    .collect();
                common.say(&lines.join("\n"), &json!({ "tokens": values }));
                store.close().await;
            }
            Self::Revoke { name, common } => {
                let store = common.store().await?;
                store.revoke_api_token(&name, time::now_ms()).await?;
                common.say(&format!("{name} is revoked"), &json!({ "name": name }));
                store.close().await;
            }
        }
        Ok(())
    }
}

impl ProductCommand {
    /// Does it.
    ///
    /// # Errors
    /// A product or key that is there already or is not, a store that cannot be opened.
    pub async fn run(self) -> Result<()> {
        match self {
            Self::Add { name, tenant, dialects, without_key, per_minute, common } => {
                check_name(&name)?;
                let store = common.store().await?;
                let now_ms = time::now_ms();
                let mut dialects: Vec<_> =
                    dialects.iter().filter_map(|name| Dialect::of_name(name)).collect();
                if dialects.is_empty() {
                    dialects = Dialect::ALL.to_vec();
                }
                let tenant = store.tenant(&tenant, now_ms).await?;
                let product = NewProduct {
                    tenant,
                    name: name.clone(),
                    dialects,
                    key_required: !without_key,
                    per_minute,
                };
                let id = store.add_product(&product, now_ms).await?;
                common.say(&format!("{name} is product {id}"), &json!({ "id": id, "name": name }));
                store.close().await;
            }
            Self::List { common } => {
                let store = common.store().await?;
                let (text, value) = listed(&store).await?;
                common.say(text.trim_end(), &value);
                store.close().await;
            }
            Self::Remove { product, common } => {
                let store = common.store().await?;
                let product = find(&store, &product).await?;
                store.remove_product(product.id).await?;
                common.say(&format!("{} is gone", product.name), &json!({ "id": product.id }));
                store.close().await;
            }
            Self::Key { product, others_end_in_days, common } => {
                let store = common.store().await?;
                let now_ms = time::now_ms();
                let product = find(&store, &product).await?;
                let end_ms =
                    others_end_in_days.map(|days| now_ms.saturating_add(days.saturating_mul(time::DAY_MS)));
                let made = store.make_key(product.id, end_ms, now_ms).await?;
                let value = json!({ "id": made.id, "product": product.id, "key": made.secret });
                common.say(&made.secret, &value);
                store.close().await;
            }
            Self::RevokeKey { key, common } => {
                let store = common.store().await?;
                store.revoke_key(key, time::now_ms()).await?;
                common.say(&format!("key {key} is revoked"), &json!({ "id": key }));
                store.close().await;
            }
        }
        Ok(())
    }
}

async fn find(store: &Store, wanted: &str) -> Result<Product> {
    let products = store.products().await?;
    let by_name: Vec<_> = products.iter().filter(|p| p.name.eq_ignore_ascii_case(wanted)).collect();
    match (by_name.as_slice(), wanted.parse::<i64>()) {
        ([one], _) => Ok((*one).clone()),
        ([], Ok(id)) => products.iter().find(|p| p.id == id).cloned().context("there is no such product"),
        ([], Err(_)) => bail!("there is no product {wanted}"),
        _ => bail!(
            "several tenants have a product {wanted}; give its number, as `watson product list` shows it"
        ),
    }
}

async fn listed(store: &Store) -> Result<(String, Value)> {
    let (mut text, mut values) = (String::new(), Vec::new());
    let now_ms = time::now_ms();
    for product in store.products().await? {
        let Product { id, tenant, name, dialects, key_required, per_minute, made_ms } = product;
        let dialects: Vec<_> = dialects.into_iter().map(Dialect::name).collect();
        let keys = if key_required { "key required" } else { "key not required" };
        text.push_str(&format!("{id}  {name}  tenant {tenant}, {keys}, {}\n", dialects.join(",")));
        let mut of_product = Vec::new();
        for key in store.product_keys(id).await? {
            let state = match (key.revoked_ms, key.ends_ms) {
                (Some(_), _) => "revoked",
                (None, Some(ends_ms)) if ends_ms <= now_ms => "ended",
                (None, Some(_)) => "good, ends",
                (None, None) => "good",
            };
            text.push_str(&format!("    key {}  {}...  {state}\n", key.id, key.shown));
            of_product
                .push(json!({ "id": key.id, "shown": key.shown, "state": state, "made_ms": key.made_ms,
                "ends_ms": key.ends_ms, "revoked_ms": key.revoked_ms }));
        }
        values.push(json!({ "id": id, "tenant": tenant, "name": name, "dialects": dialects,
            "key_required": key_required, "per_minute": per_minute, "made_ms": made_ms, "keys": of_product }));
    }
    Ok((text, json!({ "products": values })))
}
