//! `[quotas]`: how much one source may send.

use serde::{Deserialize, Serialize};

use watson_db::Policy;

use crate::settings::{BadValue, Section};

/// Larger rates are no limit.
const MAX_PER_MINUTE: u32 = 10_000_000;

/// How much one address (IPv4) or /64 network (IPv6) may send; 0 requests a minute = as many as it can. This machine itself
/// has no limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QuotasSettings {
    /// Level 1 reports and questions in a minute; five times that at once.
    pub reports_per_minute: u32,
    /// Dumps, cabs and symbol files in a minute; five times that at once.
    pub uploads_per_minute: u32,
    /// New labels that one source may bring in an hour; beyond them its hits are counted under one label for all.
    pub new_labels_per_source: u32,
    /// The same for all sources of a tenant.
    pub new_labels_per_tenant: u32,
    /// Machines of one source that are counted in an hour.
    pub machines_per_source: u32,
}

impl Default for QuotasSettings {
    fn default() -> Self {
        let rates = watson_intake::quota::Rates::default();
        let policy = Policy::default();
        Self {
            reports_per_minute: rates.small_per_minute,
            uploads_per_minute: rates.uploads_per_minute,
            new_labels_per_source: policy.new_labels_per_source,
            new_labels_per_tenant: policy.new_labels_per_tenant,
            machines_per_source: policy.machines_per_source,
        }
    }
}

impl QuotasSettings {
    /// For the intake.
    #[must_use]
    pub fn rates(&self) -> watson_intake::quota::Rates {
        watson_intake::quota::Rates {
            small_per_minute: self.reports_per_minute,
            uploads_per_minute: self.uploads_per_minute,
        }
    }

    /// A policy with these bounds against floods of names.
    #[must_use]
    pub fn bound(&self, policy: Policy) -> Policy {
        Policy {
            new_labels_per_source: self.new_labels_per_source,
            new_labels_per_tenant: self.new_labels_per_tenant,
            machines_per_source: self.machines_per_source,
            ..policy
        }
    }
}

impl Section for QuotasSettings {
    fn check(&self) -> Result<(), BadValue> {
        let values = [
            ("reports_per_minute", self.reports_per_minute),
            ("uploads_per_minute", self.uploads_per_minute),
            ("new_labels_per_source", self.new_labels_per_source),
            ("new_labels_per_tenant", self.new_labels_per_tenant),
            ("machines_per_source", self.machines_per_source),
        ];
        match values.into_iter().find(|(_, value)| *value > MAX_PER_MINUTE) {
            Some((key, value)) => {
                Err(BadValue::new(key, format!("must be 0 to {MAX_PER_MINUTE}, and is {value}")))
            }
            None => Ok(()),
        }
    }
}
