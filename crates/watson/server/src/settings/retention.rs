//! `[retention]`: how long what is kept, where no rule of the store says so for a label, product or tenant. 0 = for ever.

use serde::{Deserialize, Serialize};
use watson_db::retention::MIN_LEASE_DAYS;
use watson_db::{Keep, Retention};

use crate::settings::{BadValue, Section};

/// How long what is kept; 0 = for ever, or all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionSettings {
    /// Days for reports with their data.
    pub report_days: u32,
    /// Newest reports of each bucket.
    pub reports_per_bucket: u32,
    /// Days for level 1 bodies.
    pub raw_days: u32,
    /// Newest level 1 bodies, of all.
    pub raw_count: u32,
    /// Days for annotations and headers of reports that stay.
    pub annotation_days: u32,
    /// Days for leases that were never used.
    pub lease_days: u32,
    /// Seconds between two runs.
    pub every_seconds: u64,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        let Retention { reports, raw, annotations, lease_days } = Retention::default();
        let number = |value: Option<u32>| value.unwrap_or(0);
        Self {
            report_days: number(reports.days),
            reports_per_bucket: number(reports.count),
            raw_days: number(raw.days),
            raw_count: number(raw.count),
            annotation_days: number(annotations.days),
            lease_days,
            every_seconds: 600,
        }
    }
}

impl RetentionSettings {
    /// For the store.
    #[must_use]
    pub fn retention(&self) -> Retention {
        let some = |value: u32| (value > 0).then_some(value);
        Retention {
            reports: Keep { days: some(self.report_days), count: some(self.reports_per_bucket) },
            raw: Keep { days: some(self.raw_days), count: some(self.raw_count) },
            annotations: Keep { days: some(self.annotation_days), count: None },
            lease_days: self.lease_days,
        }
    }
}

impl Section for RetentionSettings {
    fn check(&self) -> Result<(), BadValue> {
        if self.lease_days < MIN_LEASE_DAYS {
            return Err(BadValue::new("lease_days", format!("must be {MIN_LEASE_DAYS} at least")));
        }
        if !(1..=86_400).contains(&self.every_seconds) {
            return Err(BadValue::new("every_seconds", "must be 1 to 86400"));
        }
        Ok(())
    }
}
