//! Rows against bytes and bytes against rows, 1/256 of the names at a time.

use std::collections::BTreeMap;

use crate::blob::Listed;
use crate::fsck::{Flaw, FsckOptions, FsckReport};
use crate::sql::sql;
use crate::{DbError, Store, time};

/// A blob's row.
struct Row {
    sha256: String,
    size_bytes: i64,
    missing_ms: Option<i64>,
}

impl Store {
    pub(super) async fn check_blobs(
        &self,
        options: &FsckOptions,
        report: &mut FsckReport,
    ) -> Result<(), DbError> {
        for first in 0..=u8::MAX {
            let first = format!("{first:02x}");
            // Rows first: bytes that come meanwhile are young, and rows that come meanwhile are not looked at.
            let rows = self.blob_rows(&first).await?;
            let listed = self.blobs().list(&first).await?;
            let mut bytes: BTreeMap<String, Listed> =
                listed.into_iter().map(|blob| (blob.sha256.clone(), blob)).collect();
            for (sha256, size_bytes, missing_ms) in rows {
                report.blobs += 1;
                let there = bytes.remove(&sha256);
                self.check_row(options, &Row { sha256, size_bytes, missing_ms }, there, report).await?;
            }
            for orphan in bytes.into_values() {
                self.check_orphan(options, &orphan, report).await?;
            }
        }
        for name in self.unnamed_rows(options.grace_ms).await? {
            let repaired = options.repair && self.release_blob(&name).await?;
            report.add(Flaw::BlobUnnamed, name, "nothing names this row".to_owned(), repaired);
        }
        Ok(())
    }

    async fn check_row(
        &self,
        options: &FsckOptions,
        row: &Row,
        there: Option<Listed>,
        report: &mut FsckReport,
    ) -> Result<(), DbError> {
        let Some(there) = there else {
            // It may have been removed since its row was read.
            if self.is_blob_named(&row.sha256).await? && self.blobs().file(&row.sha256).await.is_err() {
                if options.repair && row.missing_ms.is_none() {
                    self.mark_missing(&row.sha256, Some(time::now_ms())).await?;
                }
                let detail = self.cost_of(&row.sha256).await?;
                report.add(Flaw::BlobMissing, &row.sha256, detail, false);
            }
            return Ok(());
        };
        if options.repair && row.missing_ms.is_some() {
            self.mark_missing(&row.sha256, None).await?;
        }
        if u64::try_from(row.size_bytes) != Ok(there.size_bytes) {
            let detail = format!("{} bytes are there, the row says {}", there.size_bytes, row.size_bytes);
            report.add(Flaw::BlobSize, &row.sha256, detail, false);
        } else if options.hash {
            match self.blobs().check(&row.sha256).await {
                Ok(size_bytes) => report.hashed_bytes += size_bytes,
                Err(DbError::Damaged(_)) => {
                    let detail = self.cost_of(&row.sha256).await?;
                    report.add(Flaw::BlobDamaged, &row.sha256, detail, false);
                }
                // Removed meanwhile.
                Err(DbError::NoBlob(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn check_orphan(
        &self,
        options: &FsckOptions,
        orphan: &Listed,
        report: &mut FsckReport,
    ) -> Result<(), DbError> {
        let age_ms = time::now_ms().saturating_sub(orphan.stored_ms);
        if age_ms < options.grace_ms || self.is_blob_named(&orphan.sha256).await? {
            return Ok(());
        }
        let repaired = options.repair && self.release_blob(&orphan.sha256).await?;
        let detail =
            format!("{} bytes that no row names, {} hours old", orphan.size_bytes, age_ms / 3_600_000);
        report.add(Flaw::BlobOrphan, &orphan.sha256, detail, repaired);
        Ok(())
    }

    async fn is_blob_named(&self, sha256: &str) -> Result<bool, DbError> {
        let row: Option<(String,)> =
            self.database.row(sql("SELECT sha256 FROM blob WHERE sha256 = $1").bind(sha256)).await?;
        Ok(row.is_some())
    }

    async fn cost_of(&self, sha256: &str) -> Result<String, DbError> {
        let reports: Vec<(String,)> = self
            .database
            .rows(
                sql("SELECT id FROM report WHERE blob = $1 UNION SELECT report FROM report_file WHERE blob = $1
                     ORDER BY 1 LIMIT 3")
                .bind(sha256),
            )
            .await?;
        let names: Vec<_> = reports.iter().map(|(id,)| id.as_str()).collect();
        Ok(if names.is_empty() {
            "no report names it".to_owned()
        } else {
            format!("reports that name it, among others: {}", names.join(", "))
        })
    }

    async fn mark_missing(&self, sha256: &str, at_ms: Option<i64>) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        tx.execute(sql("UPDATE blob SET missing_ms = $1 WHERE sha256 = $2").bind(at_ms).bind(sha256)).await?;
        tx.commit().await
    }
}
