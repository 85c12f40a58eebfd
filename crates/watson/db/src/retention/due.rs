//! Which rows are due: SQL, made of a source of rows and a scope.

use crate::retention::{KeepScope, Kept, RetentionRule};
use crate::sql::{Sql, sql};
use crate::time::DAY_MS;

/// The product of a report: what it says, else the application's name.
const PRODUCT_OF_REPORT: &str =
    "(CASE WHEN report.product = '' THEN label.application ELSE report.product END)";

/// Rows of one kind, and what tells their tenant, label and product.
pub(super) struct Source {
    what: Kept,
    /// The row's name.
    id: &'static str,
    from: &'static str,
    tenant: &'static str,
    label: &'static str,
    product: &'static str,
    /// Must hold beside; ends with nothing.
    only: &'static str,
}

pub(super) const REPORTS: Source = Source {
    what: Kept::Reports,
    id: "report.id",
    from: "report JOIN label ON label.n = report.label",
    tenant: "report.tenant",
    label: "report.label",
    product: PRODUCT_OF_REPORT,
    // $1 is the time.
    only: "NOT EXISTS (SELECT 1 FROM job WHERE job.report = report.id AND job.state = 'open'
           AND job.lease_until_ms > $1)",
};

pub(super) const ANNOTATIONS: Source = Source {
    what: Kept::Annotations,
    only: "(report.annotations <> '[]' OR report.headers <> '[]') AND $1 = $1",
    ..REPORTS
};

pub(super) const RAW: Source = Source {
    what: Kept::Raw,
    id: "raw.seq",
    from: "raw LEFT JOIN seen ON seen.event_day = raw.event_day AND seen.key16 = raw.key16
           LEFT JOIN label ON label.n = seen.label",
    tenant: "coalesce(label.tenant, 0)",
    label: "coalesce(label.n, 0)",
    product: "coalesce(label.application, '')",
    only: "$1 = $1",
};

impl Source {
    pub(super) fn what(&self) -> Kept {
        self.what
    }

    fn received(&self) -> &'static str {
        if self.what == Kept::Raw { "raw.received_ms" } else { "report.received_ms" }
    }

    /// Holds for rows that no rule before this scope's is for. Values begin with number 4.
    fn scope(&self, rule: Option<&RetentionRule>) -> String {
        let Self { what, tenant, label, product, .. } = self;
        let other = |which: &str| {
            format!(
                "NOT EXISTS (SELECT 1 FROM retention_rule AS r WHERE r.what = '{}' AND r.tenant = {tenant} AND ({which}))",
                what.name()
            )
        };
        let of_label = format!("r.label = {label}");
        let of_product = format!("r.product = {product}");
        match rule.map(|rule| &rule.scope) {
            None => other(&format!("{of_label} OR {of_product} OR (r.label IS NULL AND r.product IS NULL)")),
            Some(KeepScope::All) => {
                format!("{tenant} = $4 AND $5 = '' AND {}", other(&format!("{of_label} OR {of_product}")))
            }
            Some(KeepScope::Product(_)) => {
                format!("{tenant} = $4 AND {product} = $5 AND {}", other(&of_label))
            }
            Some(KeepScope::Label(number)) => format!("{label} = {number} AND {tenant} = $4 AND $5 = ''"),
        }
    }

    fn bind_scope(rule: Option<&RetentionRule>, statement: Sql) -> Sql {
        let Some(rule) = rule else { return statement };
        let product = match &rule.scope {
            KeepScope::Product(product) => product.as_str(),
            _ => "",
        };
        statement.bind(rule.tenant).bind(product)
    }

    /// Rows that came more than `days` ago, oldest first. `last_seq` bounds raw bodies.
    pub(super) fn older(
        &self,
        rule: Option<&RetentionRule>,
        days: u32,
        now_ms: i64,
        limit: i64,
        last_seq: Option<i64>,
    ) -> Sql {
        let received = self.received();
        let bound = last_seq.map(|seq| format!(" AND raw.seq <= {seq}")).unwrap_or_default();
        let text = format!(
            "SELECT {} FROM {} WHERE {received} < $2 AND {} AND {}{bound} ORDER BY {} LIMIT $3",
            self.id,
            self.from,
            self.only,
            self.scope(rule),
            if self.what == Kept::Raw { "raw.seq" } else { "report.received_ms, report.id" },
        );
        let before_ms = now_ms.saturating_sub(i64::from(days) * DAY_MS);
        Self::bind_scope(rule, sql(text).bind(now_ms).bind(before_ms).bind(limit))
    }

    /// Reports beyond the newest `count` of their label.
    pub(super) fn beyond(&self, rule: Option<&RetentionRule>, count: u32, now_ms: i64, limit: i64) -> Sql {
        // Labels that have more are found in an index; only theirs are numbered.
        let text = format!(
            "SELECT places.id FROM (SELECT report.id AS id, row_number() OVER (PARTITION BY report.label
                    ORDER BY report.received_ms DESC, report.id DESC) AS place FROM {}
                WHERE report.label IN (SELECT label FROM report GROUP BY label HAVING count(*) > $2) AND {}) AS places
             WHERE places.place > $2 AND EXISTS (SELECT 1 FROM report WHERE report.id = places.id AND {})
             ORDER BY places.place DESC LIMIT $3",
            self.from,
            self.scope(rule),
            self.only,
        );
        Self::bind_scope(rule, sql(text).bind(now_ms).bind(i64::from(count)).bind(limit))
    }
}
