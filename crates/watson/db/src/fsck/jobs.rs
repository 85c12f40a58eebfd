//! Leases and jobs against reports.

use crate::fsck::{Flaw, FsckOptions, FsckReport};
use crate::job::{ANALYSIS, ANALYSIS_OF_DUMPS, insert_job};
use crate::sql::sql;
use crate::{DbError, Store};

impl Store {
    pub(super) async fn check_jobs(
        &self,
        options: &FsckOptions,
        now_ms: i64,
        report: &mut FsckReport,
    ) -> Result<(), DbError> {
        for (flaw, text, detail) in [
            (
                Flaw::ReportWithoutLease,
                "SELECT report.id FROM report LEFT JOIN lease ON lease.event_day = report.event_day
                     AND lease.key16 = report.key16 WHERE coalesce(lease.state, 'open') = 'open' ORDER BY report.id",
                "it is here, and its place counts as free",
            ),
            (
                Flaw::LeaseWithoutReport,
                "SELECT CAST(lease.id AS TEXT) FROM lease LEFT JOIN report ON report.event_day = lease.event_day
                     AND report.key16 = lease.key16 WHERE lease.state = 'used' AND report.id IS NULL ORDER BY lease.id",
                "its place is used and its report is gone; retention and erasure leave that behind",
            ),
            (
                Flaw::JobWithoutAnalysis,
                "SELECT job.report FROM job LEFT JOIN analysis ON analysis.report = job.report
                     WHERE job.state = 'done' AND analysis.report IS NULL ORDER BY job.report",
                "its job is done and what was found is gone",
            ),
        ] {
            let rows: Vec<(String,)> = self.database.rows(sql(text)).await?;
            for (of,) in rows {
                report.add(flaw, of, detail.to_owned(), false);
            }
        }
        // A dump that came unasked has a lease without a token.
        let idle: Vec<(String, i64)> = self
            .database
            .rows(sql(
                "SELECT report.id, CASE WHEN lease.token IS NULL THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END
                 FROM report LEFT JOIN lease ON lease.event_day = report.event_day AND lease.key16 = report.key16
                 WHERE NOT EXISTS (SELECT 1 FROM job WHERE job.report = report.id)
                     AND NOT EXISTS (SELECT 1 FROM analysis WHERE analysis.report = report.id) ORDER BY report.id",
            ))
            .await?;
        for (id, is_dump) in idle {
            if options.repair {
                let mut tx = self.database.begin().await?;
                let kind = if is_dump == 1 { ANALYSIS_OF_DUMPS } else { ANALYSIS };
                insert_job(&mut tx, kind, &id, now_ms).await?;
                tx.commit().await?;
            }
            let detail = "it was never analysed, and no job is open".to_owned();
            report.add(Flaw::ReportWithoutJob, id, detail, options.repair);
        }
        Ok(())
    }
}
