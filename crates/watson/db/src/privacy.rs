//! What becomes of names before they are stored: rules by tenant and product, as they are in force. The intake applies
//! them (`watson_intake::privacy`); here they are kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{Act, audit};
use crate::hit::Collect;
use crate::limits::{MAX_ORDERS, ORDERS_GOOD_FOR_MS};
use crate::sql::{Database, sql};
use crate::time::is_fresh;
use crate::{DbError, Store};

/// What becomes of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Treatment {
    /// Kept as it came.
    #[default]
    Keep,
    /// A pseudonym stands in its place: the same for the same value, within a tenant.
    Hash,
    /// Nothing stands in its place, or a word that says what stood there.
    Drop,
}

/// What holds for a product of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivacyRules {
    /// Names of users, also in paths and texts.
    pub user: Treatment,
    /// Names and ids of machines.
    pub machine: Treatment,
    /// Folders of paths; the last part of a program's or module's path stays, which labels are made of.
    pub paths: Treatment,
    /// Network addresses.
    pub address: Treatment,
    /// The header `User-Agent`.
    pub agent: Treatment,
    /// Level 1 bodies are kept, rewritten by these rules.
    pub raw: bool,
    /// Files beside a dump are kept. They cannot be cleaned.
    pub attachments: bool,
    /// What is asked for and kept: cabs and dumps cannot be cleaned either.
    pub collect: Collect,
}

impl Default for PrivacyRules {
    fn default() -> Self {
        Self {
            user: Treatment::Keep,
            machine: Treatment::Keep,
            paths: Treatment::Keep,
            address: Treatment::Keep,
            agent: Treatment::Keep,
            raw: true,
            attachments: true,
            collect: Collect::All,
        }
    }
}

impl PrivacyRules {
    /// Every text stays as it came.
    #[must_use]
    pub fn keeps_all_text(&self) -> bool {
        [self.user, self.machine, self.paths, self.address, self.agent]
            .iter()
            .all(|one| *one == Treatment::Keep)
    }
}

type Rules = HashMap<(i64, String), PrivacyRules>;

/// The rules as they were a moment ago.
#[derive(Debug, Default)]
pub(crate) struct PrivacyBook(Mutex<Option<(i64, Arc<Rules>)>>);

impl PrivacyBook {
    async fn read(&self, database: &Database, now_ms: i64) -> Result<Arc<Rules>, DbError> {
        if let Some((since, rules)) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner)
            && is_fresh(*since, ORDERS_GOOD_FOR_MS, now_ms)
        {
            return Ok(Arc::clone(rules));
        }
        let rules =
            Arc::new(load(database).await?.into_iter().map(|(t, p, rules)| ((t, p), rules)).collect());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now_ms, Arc::clone(&rules)));
        Ok(rules)
    }

    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

async fn load(database: &Database) -> Result<Vec<(i64, String, PrivacyRules)>, DbError> {
    let rows = sql("SELECT tenant, product, rules FROM privacy_rule ORDER BY tenant, product LIMIT $1");
    let rows: Vec<(i64, String, String)> = database.rows(rows.bind(MAX_ORDERS)).await?;
    let rules = |(tenant, product, text): (i64, String, String)| {
        let rules = serde_json::from_str(&text).map_err(|_| DbError::Row("privacy rule"))?;
        Ok((tenant, product, rules))
    };
    rows.into_iter().map(rules).collect()
}

impl Store {
    /// The rules of a product, else of its tenant; `None` = neither has any, and the settings hold. Another process's
    /// change takes two seconds.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`: a rule that cannot be read is never taken for none.
    pub async fn privacy_of(
        &self,
        tenant: i64,
        product: &str,
        now_ms: i64,
    ) -> Result<Option<PrivacyRules>, DbError> {
        let rules = self.privacy.read(&self.database, now_ms).await?;
        if rules.is_empty() {
            return Ok(None);
        }
        let of = |product: String| rules.get(&(tenant, product)).copied();
        Ok(of(product.to_lowercase()).or_else(|| of(String::new())))
    }

    /// Tenant and product of a report: what it names, else the application. `None` = there is no such report.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn product_of(&self, report: &str) -> Result<Option<(i64, String)>, DbError> {
        self.database
            .row(
                sql("SELECT report.tenant, CASE WHEN product = '' THEN application ELSE product END
                     FROM report JOIN label ON label.n = report.label WHERE report.id = $1")
                .bind(report),
            )
            .await
    }

    /// All rules: tenant, product in small letters (empty = the tenant's other products), rules.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn privacy_rules(&self) -> Result<Vec<(i64, String, PrivacyRules)>, DbError> {
        load(&self.database).await
    }

    /// Sets the rules of a product, or, without a name, of a tenant. They hold for what comes from now on.
    ///
    /// # Errors
    /// [`DbError::Refused`] where there are too many; `Sql`.
    pub async fn set_privacy(
        &self,
        tenant: i64,
        product: &str,
        rules: &PrivacyRules,
        actor: &str,
        now_ms: i64,
    ) -> Result<(), DbError> {
        let product = product.to_lowercase();
        let text = serde_json::to_string(rules).map_err(|_| DbError::Row("privacy rule"))?;
        let mut tx = self.database.begin().await?;
        tx.execute(
            sql("INSERT INTO privacy_rule (tenant, product, rules, made_ms) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (tenant, product) DO UPDATE SET rules = excluded.rules, made_ms = excluded.made_ms")
            .bind(tenant)
            .bind(&product)
            .bind(text)
            .bind(now_ms),
        )
        .await?;
        let count: Option<(i64,)> = tx.row(sql("SELECT count(*) FROM privacy_rule")).await?;
        if count.is_none_or(|(count,)| count > MAX_ORDERS) {
            return Err(DbError::Refused("there are too many privacy rules"));
        }
        let details = json!({ "tenant": tenant, "rules": rules });
        audit(&mut tx, &Act { actor, act: "privacy.set", object: product, details }, now_ms).await?;
        tx.commit().await?;
        self.privacy.forget();
        Ok(())
    }

    /// Removes the rules of a product or tenant.
    ///
    /// # Errors
    /// [`DbError::Missing`], `Sql`.
    pub async fn remove_privacy(
        &self,
        tenant: i64,
        product: &str,
        actor: &str,
        now_ms: i64,
    ) -> Result<(), DbError> {
        let product = product.to_lowercase();
        let mut tx = self.database.begin().await?;
        let delete = sql("DELETE FROM privacy_rule WHERE tenant = $1 AND product = $2");
        if tx.execute(delete.bind(tenant).bind(&product)).await? == 0 {
            return Err(DbError::Missing("privacy rule"));
        }
        let act = Act { actor, act: "privacy.unset", object: product, details: json!({ "tenant": tenant }) };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await?;
        self.privacy.forget();
        Ok(())
    }
}
