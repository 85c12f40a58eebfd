//! What is wanted of which crashes, and what is told to which machines: data policies and solutions, as they are in force.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::DbError;
use crate::closed::Closed;
use crate::hit::{Crash, Solution};
use crate::limits::{MAX_ORDERS, ORDERS_GOOD_FOR_MS};
use crate::policy::{Policy, Quota, Wants};
use crate::rule::Rule;
use crate::solution_url::check_url;
use crate::sql::{Database, sql};
use crate::time::is_fresh;

/// What holds for one crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Row of the data policy; 0 = the settings'.
    pub(crate) policy: i64,
    pub(crate) quota: Quota,
    pub(crate) wants: Wants,
}

/// Whom a data policy or a solution is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One bucket.
    Label(i64),
    /// Every bucket that a rule holds for.
    Rule(Rule),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct PolicyOrder {
    id: i64,
    tenant: i64,
    scope: Scope,
    until_ms: Option<i64>,
    quota: Quota,
    wants: Wants,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct SolutionOrder {
    tenant: i64,
    scope: Scope,
    solution: Solution,
}

/// All that are in force.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Orders {
    policies: Vec<PolicyOrder>,
    solutions: Vec<SolutionOrder>,
}

impl Scope {
    fn holds(&self, label: i64, crash: &Crash) -> bool {
        match self {
            Self::Label(number) => *number == label,
            Self::Rule(rule) => rule.holds(&crash.signature),
        }
    }

    /// For the audit log.
    pub(crate) fn details(&self) -> serde_json::Value {
        match self {
            Self::Label(number) => serde_json::json!({ "bucket": number }),
            Self::Rule(rule) => serde_json::json!({ "rule": rule }),
        }
    }

    /// The columns `label` and `rule`.
    pub(crate) fn columns(&self) -> Result<(Option<i64>, Option<String>), DbError> {
        Ok(match self {
            Self::Label(number) => (Some(*number), None),
            Self::Rule(rule) => (None, Some(serde_json::to_string(rule).map_err(|_| DbError::Row("rule"))?)),
        })
    }

    pub(crate) fn of_columns(label: Option<i64>, rule: Option<&str>) -> Result<Self, DbError> {
        match (label, rule) {
            (Some(number), _) => Ok(Self::Label(number)),
            (None, Some(rule)) => {
                serde_json::from_str(rule).map(Self::Rule).map_err(|_| DbError::Row("rule"))
            }
            (None, None) => Err(DbError::Row("scope")),
        }
    }
}

impl Orders {
    /// What holds for a crash: the newest policy of its label, else the newest rule that fits, else the settings.
    pub(crate) fn plan(&self, label: i64, crash: &Crash, settings: &Policy, now_ms: i64) -> Plan {
        let fits = |order: &&PolicyOrder| {
            order.tenant == crash.tenant
                && order.until_ms.is_none_or(|until_ms| now_ms < until_ms)
                && order.scope.holds(label, crash)
        };
        let rank = |order: &&PolicyOrder| (matches!(order.scope, Scope::Label(_)), order.id);
        match self.policies.iter().filter(fits).max_by_key(rank) {
            Some(order) => Plan { policy: order.id, quota: order.quota, wants: order.wants.clone() },
            None => Plan { policy: 0, quota: settings.quota(), wants: Wants::default() },
        }
    }

    /// The quota of a data policy; `None` for the settings' own, and for one that is gone.
    pub(crate) fn quota(&self, policy: i64) -> Option<Quota> {
        self.policies.iter().find(|order| order.id == policy).map(|order| order.quota)
    }

    /// Takes away addresses that lead where none may: hosts may have been listed since, and whoever can write the
    /// database is not asked for the right to lead a fleet elsewhere. The solutions, and why.
    fn withhold_urls(&mut self, hosts: &[String]) -> Vec<(i64, DbError)> {
        let mut withheld = Vec::new();
        for Solution { id, url, .. } in self.solutions.iter_mut().map(|order| &mut order.solution) {
            if let Err(error) = check_url(url, hosts)
                && !url.is_empty()
            {
                withheld.push((*id, error));
                url.clear();
            }
        }
        withheld
    }

    /// What a machine is told: the newest solution of its label, else of a rule.
    pub(crate) fn solution(&self, label: i64, crash: &Crash) -> Option<&Solution> {
        let fits = |order: &&SolutionOrder| order.tenant == crash.tenant && order.scope.holds(label, crash);
        let rank = |order: &&SolutionOrder| (matches!(order.scope, Scope::Label(_)), order.solution.id);
        self.solutions.iter().filter(fits).max_by_key(rank).map(|order| &order.solution)
    }
}

/// The orders as they were a moment ago, so that not every hit reads them.
#[derive(Debug, Default)]
pub(crate) struct OrderBook {
    read: Mutex<Option<(i64, Arc<Orders>)>>,
    /// The only hosts to which URLs of solutions may lead; none = any. Set once.
    pub(crate) hosts: OnceLock<Vec<String>>,
}

impl OrderBook {
    pub(crate) fn hosts(&self) -> &[String] {
        self.hosts.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// Where another process has changed them, `closed` is forgotten: there may be room now.
    pub(crate) async fn read(
        &self,
        database: &Database,
        closed: &Closed,
        now_ms: i64,
    ) -> Result<Arc<Orders>, DbError> {
        if let Some((since, orders)) = &*self.read.lock().unwrap_or_else(PoisonError::into_inner)
            && is_fresh(*since, ORDERS_GOOD_FOR_MS, now_ms)
        {
            return Ok(Arc::clone(orders));
        }
        let mut orders = load(database).await?;
        let withheld = orders.withhold_urls(self.hosts());
        let orders = Arc::new(orders);
        let before =
            self.read.lock().unwrap_or_else(PoisonError::into_inner).replace((now_ms, Arc::clone(&orders)));
        let is_new = before.as_ref().is_none_or(|(_, before)| *before != orders);
        if is_new && before.is_some() {
            closed.forget();
        }
        for (solution, error) in withheld.iter().filter(|_| is_new) {
            tracing::warn!(solution, error = %error, "machines are not told this solution's URL");
        }
        Ok(orders)
    }

    pub(crate) fn forget(&self) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[derive(sqlx::FromRow)]
struct PolicyRow {
    id: i64,
    tenant: i64,
    label: Option<i64>,
    rule: Option<String>,
    wanted: i64,
    memory_dumps: i64,
    per_machine: i64,
    max_spoiled: i64,
    until_ms: Option<i64>,
    wants: String,
}

#[derive(sqlx::FromRow)]
struct SolutionRow {
    id: i64,
    tenant: i64,
    label: Option<i64>,
    rule: Option<String>,
    url: String,
    text: String,
    fixed_in: Option<String>,
}

async fn load(database: &Database) -> Result<Orders, DbError> {
    let policies: Vec<PolicyRow> = database
        .rows(
            sql("SELECT id, tenant, label, rule, wanted, memory_dumps, per_machine, max_spoiled, until_ms, wants
                 FROM policy ORDER BY id DESC LIMIT $1")
            .bind(MAX_ORDERS),
        )
        .await?;
    let solutions: Vec<SolutionRow> = database
        .rows(
            sql(
                "SELECT id, tenant, label, rule, url, text, fixed_in FROM solution ORDER BY id DESC LIMIT $1",
            )
            .bind(MAX_ORDERS),
        )
        .await?;
    let policies = policies.into_iter().map(PolicyOrder::try_from).collect::<Result<_, _>>()?;
    let solutions = solutions.into_iter().map(SolutionOrder::try_from).collect::<Result<_, _>>()?;
    Ok(Orders { policies, solutions })
}

impl TryFrom<PolicyRow> for PolicyOrder {
    type Error = DbError;

    fn try_from(row: PolicyRow) -> Result<Self, DbError> {
        let count = |number: i64| u32::try_from(number).map_err(|_| DbError::Row("data policy"));
        Ok(Self {
            id: row.id,
            tenant: row.tenant,
            scope: Scope::of_columns(row.label, row.rule.as_deref())?,
            until_ms: row.until_ms,
            quota: Quota {
                wanted: count(row.wanted)?,
                memory_dumps: count(row.memory_dumps)?,
                max_spoiled: count(row.max_spoiled)?,
                per_machine: count(row.per_machine)?,
            },
            wants: serde_json::from_str(&row.wants).map_err(|_| DbError::Row("data policy"))?,
        })
    }
}

impl TryFrom<SolutionRow> for SolutionOrder {
    type Error = DbError;

    fn try_from(row: SolutionRow) -> Result<Self, DbError> {
        Ok(Self {
            tenant: row.tenant,
            scope: Scope::of_columns(row.label, row.rule.as_deref())?,
            solution: Solution { id: row.id, url: row.url, text: row.text, fixed_in: row.fixed_in },
        })
    }
}
