//! Reports with data: the row, its blobs, its files.

use crate::DbError;
use crate::blob::{BlobRef, name_blobs};
use crate::key::RowKey;
use crate::sql::{Tx, sql};

/// A report to be.
pub(crate) struct NewReport<'a> {
    pub(crate) tenant: i64,
    pub(crate) product: &'a str,
    pub(crate) version: &'a str,
    pub(crate) label: i64,
    pub(crate) row: RowKey,
    pub(crate) late: bool,
    pub(crate) machine: &'a [u8],
    pub(crate) machine_name: &'a str,
    pub(crate) os: &'a str,
    pub(crate) application_path: &'a str,
    pub(crate) event_ms: Option<i64>,
    /// JSON.
    pub(crate) annotations: &'a str,
    /// JSON.
    pub(crate) headers: &'a str,
    /// Names and blobs that are on disk, the dump or cab first.
    pub(crate) files: Vec<(String, BlobRef)>,
}

/// Writes the rows; the report's id.
pub(crate) async fn insert_report(
    tx: &mut Tx,
    report: &NewReport<'_>,
    now_ms: i64,
) -> Result<String, DbError> {
    let id = report.row.report_id();
    name_blobs(tx, report.files.iter().map(|(_, blob)| blob), now_ms).await?;
    let Some(((_, main), others)) = report.files.split_first() else { return Err(DbError::NoDump) };
    tx.execute(
        sql("INSERT INTO report (id, tenant, product, version, label, event_day, key16, late, blob, machine,
                 machine_name, os, application_path, event_ms, received_ms, annotations, headers)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)")
        .bind(&id)
        .bind(report.tenant)
        .bind(report.product)
        .bind(report.version)
        .bind(report.label)
        .bind(report.row.event_day)
        .bind(report.row.key16.as_slice())
        .bind(report.late)
        .bind(&main.sha256)
        .bind(report.machine)
        .bind(report.machine_name)
        .bind(report.os)
        .bind(report.application_path)
        .bind(report.event_ms)
        .bind(now_ms)
        .bind(report.annotations)
        .bind(report.headers),
    )
    .await?;
    for (number, (name, blob)) in (1_i64..).zip(others) {
        tx.execute(
            sql("INSERT INTO report_file (report, number, name, blob, size_bytes) VALUES ($1, $2, $3, $4, $5)")
                .bind(&id)
                .bind(number)
                .bind(name)
                .bind(&blob.sha256)
                .bind(blob.size()),
        )
        .await?;
    }
    Ok(id)
}
