//! `watson fsck`: do rows and bytes agree? It reads everything and changes nothing unless it is told to; what it changes
//! then is safe: bytes that nothing names go by the sweep's own way, rows whose bytes are gone are marked, a report that
//! lost its analysis job gets one.

mod blobs;
mod counts;
mod jobs;

use serde::Serialize;

use crate::limits::MAX_FINDINGS_LISTED;
use crate::{DbError, Store};

/// What to look at, and what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FsckOptions {
    /// Read all bytes and compare their hashes.
    pub hash: bool,
    /// Repair what can be repaired without loss.
    pub repair: bool,
    /// Bytes that nothing names are no finding until they are this old, in milliseconds: an upload may be under way.
    pub grace_ms: i64,
}

/// What may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// A row names bytes that are gone.
    BlobMissing,
    /// Bytes have another length than their row says.
    BlobSize,
    /// Bytes are not those that their name says.
    BlobDamaged,
    /// Bytes that no row names.
    BlobOrphan,
    /// A row of a blob that nothing names.
    BlobUnnamed,
    /// More crashes of a day are known than were counted.
    HitsTooFew,
    /// More crashes were counted than are known.
    HitsTooMany,
    /// A report has no place in its quota.
    ReportWithoutLease,
    /// A place is used, and there is no report.
    LeaseWithoutReport,
    /// A report was never analysed, and nothing will.
    ReportWithoutJob,
    /// A job is done, and nothing was found.
    JobWithoutAnalysis,
}

impl Flaw {
    /// Nothing is lost and nothing counted wrongly: retention and erasure leave it behind.
    #[must_use]
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::LeaseWithoutReport | Self::HitsTooMany)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub flaw: Flaw,
    /// About which blob, report or bucket.
    pub of: String,
    /// What was found and what was expected.
    pub detail: String,
    /// It was repaired.
    pub repaired: bool,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FsckReport {
    /// Rows of blobs that were compared.
    pub blobs: u64,
    /// Bytes that were read, with `hash`.
    pub hashed_bytes: u64,
    /// How many findings there are of each kind.
    pub found: std::collections::BTreeMap<Flaw, u64>,
    /// Those that are neither repaired nor harmless.
    pub wrong: u64,
    /// The first of them.
    pub findings: Vec<Finding>,
}

impl FsckReport {
    fn add(&mut self, flaw: Flaw, of: impl Into<String>, detail: String, repaired: bool) {
        *self.found.entry(flaw).or_default() += 1;
        self.wrong += u64::from(!repaired && !flaw.is_harmless());
        if self.findings.len() < MAX_FINDINGS_LISTED {
            self.findings.push(Finding { flaw, of: of.into(), detail, repaired });
        }
    }
}

impl Store {
    /// Compares rows and bytes both ways, counters with the crashes that are known, leases and jobs with reports.
    /// Beside a running server it sees no more than that server's latest commits; what has just come is no finding.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Io`, `Blobs`: it could not be found out.
    pub async fn fsck(&self, options: &FsckOptions, now_ms: i64) -> Result<FsckReport, DbError> {
        let mut report = FsckReport::default();
        self.check_blobs(options, &mut report).await?;
        self.check_counts(now_ms, &mut report).await?;
        self.check_jobs(options, now_ms, &mut report).await?;
        Ok(report)
    }
}
