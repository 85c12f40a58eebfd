//! A dump that a client of another dialect sends, unasked and at once with what it is about: hit, place, blobs, report and
//! job in one commit, blobs on disk before it.

use crate::blob::{BlobRef, BlobWriter};
use crate::count::{count, label_hash};
use crate::hit::{Collect, Crash};
use crate::job::{ANALYSIS_OF_DUMPS, insert_job};
use crate::lease::take_place;
use crate::limits::MAX_TRIES;
use crate::record::solve;
use crate::report::{NewReport, insert_report};
use crate::sql::sql;
use crate::{DbError, Store};

/// A dump with all that came with it.
#[derive(Debug)]
pub struct DumpUpload {
    /// What it is about: tenant, idempotency key, event time, label, machine.
    pub crash: Crash,
    /// The product's name, as the client says.
    pub product: String,
    /// Its version.
    pub version: String,
    /// Names and values that the client sent beside the dump.
    pub annotations: Vec<(String, String)>,
    /// The request's headers as they came.
    pub headers: Vec<(String, String)>,
    /// The dump and its attachments.
    pub files: Vec<UploadedFile>,
}

/// One file of an upload.
#[derive(Debug)]
pub struct UploadedFile {
    /// Its name, as the client says: never a path of ours.
    pub name: String,
    /// It is the dump. The first such file counts.
    pub main: bool,
    /// Its bytes, not finished: what is not kept leaves nothing behind.
    pub blob: BlobWriter,
}

/// What became of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpAnswer {
    /// It had been sent before; nothing was counted or kept this time.
    pub repeat: bool,
    /// The report's id: the same for every repeat, also where the data was not kept.
    pub report: String,
    /// The bucket's number.
    pub bucket: i64,
    /// Its event time lies outside the window.
    pub late: bool,
    /// Whether the data was kept.
    pub quota: QuotaOutcome,
}

/// What the quota said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaOutcome {
    /// The dump is kept, and waits for analysis.
    Kept,
    /// The bucket has enough; the crash was counted and its data was not kept.
    Full,
}

impl Store {
    /// Takes a dump. Committed on return, blobs on disk.
    ///
    /// # Errors
    /// [`DbError::NoDump`] without a main file; [`DbError::Io`], `Sql`.
    pub async fn take_dump(&self, upload: DumpUpload, now_ms: i64) -> Result<DumpAnswer, DbError> {
        if !upload.files.iter().any(|file| file.main) {
            return Err(DbError::NoDump);
        }
        if let Some(answer) = self.dump_before(&upload.crash, now_ms).await? {
            return Ok(answer);
        }
        let mut files = Vec::with_capacity(upload.files.len());
        // Two uploads that see the last place at once leave a blob without a row; only one of them gets the place.
        if upload.crash.collect != Collect::Nothing && self.has_room_for_dump(&upload.crash).await? {
            let (mains, others): (Vec<_>, Vec<_>) = upload.files.into_iter().partition(|file| file.main);
            for file in mains.into_iter().chain(others) {
                files.push((file.name, file.blob.finish().await?));
            }
        }
        let about = About {
            product: upload.product,
            version: upload.version,
            annotations: json(&upload.annotations)?,
            headers: json(&upload.headers)?,
        };
        let mut tries = 1;
        loop {
            match self.commit_dump(&upload.crash, &about, &files, now_ms).await {
                Err(error) if error.is_conflict() && tries < MAX_TRIES => tries += 1,
                done => return done,
            }
        }
    }

    /// The answer that an upload of the same crash got.
    async fn dump_before(&self, crash: &Crash, now_ms: i64) -> Result<Option<DumpAnswer>, DbError> {
        let hit = self.hits.hit(crash, now_ms);
        let seen: Option<(i64, i64, Option<String>)> = self
            .database
            .row(
                sql("SELECT seen.label, seen.late, report.id FROM seen LEFT JOIN report
                     ON report.event_day = seen.event_day AND report.key16 = seen.key16
                     WHERE seen.event_day = $1 AND seen.key16 = $2")
                .bind(hit.row.event_day)
                .bind(hit.row.key16.as_slice()),
            )
            .await?;
        Ok(seen.map(|(bucket, late, report)| DumpAnswer {
            repeat: true,
            report: hit.row.report_id(),
            bucket,
            late: late != 0,
            quota: if report.is_some() { QuotaOutcome::Kept } else { QuotaOutcome::Full },
        }))
    }

    async fn has_room_for_dump(&self, crash: &Crash) -> Result<bool, DbError> {
        let full: Option<(i64,)> = self
            .database
            .row(
                sql("SELECT count(*) FROM lease JOIN label ON label.n = lease.label
                     WHERE label.tenant = $1 AND label.key_hash = $2 AND policy = 0 AND state = 'used' AND token IS NULL")
                .bind(crash.tenant)
                .bind(label_hash(crash).as_slice()),
            )
            .await?;
        Ok(full.is_none_or(|(count,)| count < i64::from(self.hits.policy.dumps_per_bucket)))
    }

    async fn commit_dump(
        &self,
        crash: &Crash,
        about: &About,
        files: &[(String, BlobRef)],
        now_ms: i64,
    ) -> Result<DumpAnswer, DbError> {
        let hit = self.hits.hit(crash, now_ms);
        let orders = self.hits.orders(now_ms).await?;
        let mut tx = self.database.begin().await?;
        let counted =
            count(&mut tx, std::slice::from_ref(&hit), &self.hits.labels, self.hits.shard, now_ms).await?;
        let Some(one) = counted.each.first().copied() else { return Err(DbError::Row("answer")) };
        if !one.new {
            drop(tx);
            // Another upload of the same crash was faster, and is committed: the insert waited for it.
            return self.dump_before(crash, now_ms).await?.ok_or(DbError::Busy);
        }
        let room = self.hits.policy.dumps_per_bucket;
        let kept = !files.is_empty() && take_place(&mut tx, &hit, one.label, room, now_ms).await?;
        if kept {
            let report = NewReport {
                tenant: crash.tenant,
                product: &about.product,
                version: &about.version,
                label: one.label,
                row: hit.row,
                late: one.late,
                machine: &hit.machine,
                machine_name: &crash.machine,
                os: &crash.os,
                application_path: &crash.application_path,
                event_ms: crash.event_ms,
                annotations: &about.annotations,
                headers: &about.headers,
                files: files.to_vec(),
            };
            let id = insert_report(&mut tx, &report, now_ms).await?;
            insert_job(&mut tx, ANALYSIS_OF_DUMPS, &id, now_ms).await?;
        }
        solve(&mut tx, &hit, &one, &orders, now_ms).await?;
        tx.commit().await?;
        self.hits.labels.keep(counted.labels);
        self.hits.machines.note(&hit, now_ms);
        Ok(DumpAnswer {
            repeat: false,
            report: hit.row.report_id(),
            bucket: one.label,
            late: one.late,
            quota: if kept { QuotaOutcome::Kept } else { QuotaOutcome::Full },
        })
    }
}

struct About {
    product: String,
    version: String,
    annotations: String,
    headers: String,
}

fn json(pairs: &[(String, String)]) -> Result<String, DbError> {
    serde_json::to_string(pairs).map_err(|_| DbError::Row("list of pairs"))
}
