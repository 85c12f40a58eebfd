//! How long what is kept: the settings' times, and rules of tenants, products and labels that go before them.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{Act, audit};
use crate::limits::MAX_ORDERS;
use crate::sql::sql;
use crate::{DbError, Store};

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// Reports with all their data.
    Reports,
    /// Level 1 bodies.
    Raw,
    /// Annotations and headers of reports, which themselves stay.
    Annotations,
}

impl Kept {
    /// As the rows have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::Raw => "raw",
            Self::Annotations => "annotations",
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        [Self::Reports, Self::Raw, Self::Annotations].into_iter().find(|kept| kept.name() == name)
    }
}

/// For how long, and how many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keep {
    /// Days since it came; `None` = for ever.
    pub days: Option<u32>,
    /// Newest of each label (reports), or of the store (raw bodies, in the settings only); `None` = all.
    pub count: Option<u32>,
}

impl Keep {
    /// For some days.
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self { days: Some(days), count: None }
    }
}

/// The settings: what holds where no rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Reports.
    pub reports: Keep,
    /// Level 1 bodies.
    pub raw: Keep,
    /// Annotations and headers.
    pub annotations: Keep,
    /// Days after the end of a lease that was never used for which its row stays; at least [`MIN_LEASE_DAYS`].
    pub lease_days: u32,
}

/// A machine is not asked again for a day after its lease; a late cab may still find its place free.
pub const MIN_LEASE_DAYS: u32 = 7;

impl Default for Retention {
    fn default() -> Self {
        Self { reports: Keep::days(180), raw: Keep::days(35), annotations: Keep::default(), lease_days: 35 }
    }
}

/// For whom a rule is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepScope {
    /// One label (bucket). Goes before all others.
    Label(i64),
    /// One product, as reports name it; the application's name for MS-CER2. Goes before `All`.
    Product(String),
    /// Everything of the tenant.
    All,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetentionRule {
    /// Its row; ignored where a rule is set.
    #[serde(default)]
    pub id: i64,
    /// Whose.
    pub tenant: i64,
    /// For what of it.
    pub scope: KeepScope,
    /// About what.
    pub what: Kept,
    /// How long.
    pub keep: Keep,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    tenant: i64,
    label: Option<i64>,
    product: Option<String>,
    what: String,
    days: Option<i64>,
    count: Option<i64>,
}

impl TryFrom<Row> for RetentionRule {
    type Error = DbError;

    fn try_from(row: Row) -> Result<Self, DbError> {
        let number = |value: Option<i64>| {
            value.map(u32::try_from).transpose().map_err(|_| DbError::Row("retention rule"))
        };
        Ok(Self {
            id: row.id,
            tenant: row.tenant,
            scope: match (row.label, row.product) {
                (Some(label), _) => KeepScope::Label(label),
                (None, Some(product)) => KeepScope::Product(product),
                (None, None) => KeepScope::All,
            },
            what: Kept::of_name(&row.what).ok_or(DbError::Row("retention rule"))?,
            keep: Keep { days: number(row.days)?, count: number(row.count)? },
        })
    }
}

impl Store {
    /// All rules.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Row`.
    pub async fn retention_rules(&self) -> Result<Vec<RetentionRule>, DbError> {
        let rows = sql("SELECT id, tenant, label, product, what, days, count FROM retention_rule
                        ORDER BY tenant, what, label, product, id LIMIT $1");
        let rows: Vec<Row> = self.database.rows(rows.bind(MAX_ORDERS)).await?;
        rows.into_iter().map(RetentionRule::try_from).collect()
    }

    /// Sets a rule, in the place of the one of the same tenant, scope and kind; its number.
    ///
    /// # Errors
    /// [`DbError::Refused`] for a count that is not of reports, or of no report at all; [`DbError::Sql`].
    pub async fn set_retention(
        &self,
        rule: &RetentionRule,
        actor: &str,
        now_ms: i64,
    ) -> Result<i64, DbError> {
        if rule.keep.count.is_some() && rule.what != Kept::Reports {
            return Err(DbError::Refused("only reports are kept by count, by a rule"));
        }
        let (label, product) = match &rule.scope {
            KeepScope::Label(label) => (Some(*label), None),
            KeepScope::Product(product) => (None, Some(product.as_str())),
            KeepScope::All => (None, None),
        };
        let mut tx = self.database.begin().await?;
        tx.execute(
            sql("DELETE FROM retention_rule WHERE tenant = $1 AND what = $2 AND coalesce(label, 0) = $3
                 AND coalesce(product, '') = $4 AND (product IS NULL) = ($5 = 1)")
            .bind(rule.tenant)
            .bind(rule.what.name())
            .bind(label.unwrap_or(0))
            .bind(product.unwrap_or(""))
            .bind(product.is_none()),
        )
        .await?;
        let made: Option<(i64,)> = tx
            .row(
                sql("INSERT INTO retention_rule (tenant, label, product, what, days, count, made_ms)
                     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id")
                .bind(rule.tenant)
                .bind(label)
                .bind(product)
                .bind(rule.what.name())
                .bind(rule.keep.days.map(i64::from))
                .bind(rule.keep.count.map(i64::from))
                .bind(now_ms),
            )
            .await?;
        let id = made.map(|(id,)| id).ok_or(DbError::Row("number"))?;
        let details =
            json!({ "tenant": rule.tenant, "scope": rule.scope, "what": rule.what, "keep": rule.keep });
        let act = Act { actor, act: "retention.set", object: id.to_string(), details };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Removes a rule.
    ///
    /// # Errors
    /// [`DbError::Missing`], `Sql`.
    pub async fn remove_retention(&self, id: i64, actor: &str, now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        let gone = tx.execute(sql("DELETE FROM retention_rule WHERE id = $1").bind(id)).await?;
        if gone == 0 {
            return Err(DbError::Missing("retention rule"));
        }
        let act = Act { actor, act: "retention.unset", object: id.to_string(), details: json!({}) };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await
    }
}
