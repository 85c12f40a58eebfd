//! The rows of an export, a page at a time.

use serde_json::{Value, json};

use crate::blob::hex;
use crate::export::MachineExport;
use crate::export::tar::safe_name;
use crate::level1_body::body_numbers;
use crate::sql::sql;
use crate::{DbError, Level1Body};

/// Rows of a page.
const PAGE: i64 = 500;
/// Numbers of level 1 bodies that are looked through at once.
const SCAN_STEP: i64 = 20_000;

/// A report with all that is told of it.
pub(super) struct Report {
    pub(super) id: String,
    pub(super) row: Value,
    pub(super) reading: Option<String>,
    pub(super) files: Vec<ReportFile>,
}

/// A file of a report.
pub(super) struct ReportFile {
    pub(super) path: String,
    pub(super) blob: String,
    pub(super) size_bytes: u64,
}

#[derive(sqlx::FromRow)]
struct LeaseRow {
    id: i64,
    label: i64,
    state: String,
    made_ms: i64,
    expires_ms: i64,
    machine_name: String,
    os: String,
    application_path: String,
    event_ms: Option<i64>,
    wants: String,
}

#[derive(sqlx::FromRow)]
struct ReportRow {
    id: String,
    label: i64,
    event_type: String,
    application: String,
    parameters: String,
    product: String,
    version: String,
    blob: String,
    size_bytes: i64,
    machine_name: String,
    os: String,
    application_path: String,
    event_ms: Option<i64>,
    received_ms: i64,
    annotations: String,
    headers: String,
    reading: Option<String>,
}

/// JSON of a column.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// A level 1 body: number, time, crash, packing, bytes.
type RawRow = (i64, i64, Vec<u8>, i64, Vec<u8>);

impl MachineExport {
    /// The names under which it is known in the rows.
    pub(super) async fn names(&self) -> Result<Vec<String>, DbError> {
        let names: Vec<(String,)> = self
            .store
            .database
            .rows(
                sql("SELECT machine_name FROM report WHERE machine = $1 AND tenant = $2
                     UNION SELECT machine_name FROM lease WHERE machine = $1 AND tenant = $2 ORDER BY 1 LIMIT $3")
                .bind(self.machine.as_slice())
                .bind(self.tenant)
                .bind(PAGE),
            )
            .await?;
        Ok(names.into_iter().map(|(name,)| name).filter(|name| !name.is_empty()).collect())
    }

    /// When it was heard of, and with which applications.
    pub(super) async fn heard(&self) -> Result<Value, DbError> {
        let of_machine = |text: &'static str| sql(text).bind(self.tenant).bind(self.machine.as_slice());
        let machine: Option<(String, String, i64, i64)> = self
            .store
            .database
            .row(of_machine(
                "SELECT name, os, first_ms, last_ms FROM machine WHERE tenant = $1 AND machine = $2",
            ))
            .await?;
        let applications: Vec<(String, String, i64)> = self
            .store
            .database
            .rows(
                of_machine(
                    "SELECT application, version, last_ms FROM machine_application
                     WHERE tenant = $1 AND machine = $2 ORDER BY application LIMIT $3",
                )
                .bind(PAGE),
            )
            .await?;
        let applications = applications.into_iter().map(
            |(name, version, last_ms)| json!({ "application": name, "version": version, "last_ms": last_ms }),
        );
        let applications: Value = applications.collect();
        Ok(machine.map_or(Value::Null, |(name, os, first_ms, last_ms)| {
            json!({ "name": name, "os": os, "first_ms": first_ms, "last_ms": last_ms, "applications": applications })
        }))
    }

    pub(super) async fn days(&self, after: (i64, i64)) -> Result<Option<(Value, (i64, i64))>, DbError> {
        let rows: Vec<(i64, i64, String, String)> = self
            .store
            .database
            .rows(
                sql("SELECT d.label, d.day, label.event_type, label.parameters
                     FROM label_machine_day AS d JOIN label ON label.n = d.label
                     WHERE d.machine = $1 AND (d.label, d.day) > ($2, $3) ORDER BY d.label, d.day LIMIT $4")
                .bind(self.machine.as_slice())
                .bind(after.0)
                .bind(after.1)
                .bind(PAGE),
            )
            .await?;
        let Some((label, day, ..)) = rows.last() else { return Ok(None) };
        let last = (*label, *day);
        let rows = rows.into_iter().map(|(label, day, event_type, parameters)| {
            json!({ "bucket": label, "day": day, "event_type": event_type, "parameters": parsed(&parameters) })
        });
        Ok(Some((rows.collect(), last)))
    }

    pub(super) async fn leases(&self, after: i64) -> Result<Option<(Value, i64)>, DbError> {
        let rows: Vec<LeaseRow> = self
            .store
            .database
            .rows(
                sql("SELECT id, label, state, made_ms, expires_ms, machine_name, os, application_path, event_ms, wants
                     FROM lease WHERE machine = $1 AND tenant = $2 AND id > $3 ORDER BY id LIMIT $4")
                .bind(self.machine.as_slice())
                .bind(self.tenant)
                .bind(after)
                .bind(PAGE),
            )
            .await?;
        let Some(last) = rows.last().map(|row| row.id) else { return Ok(None) };
        let rows = rows.into_iter().map(|row| {
            json!({
                "bucket": row.label, "state": row.state, "made_ms": row.made_ms, "expires_ms": row.expires_ms,
                "machine": row.machine_name, "os": row.os, "application_path": row.application_path,
                "event_ms": row.event_ms, "wants": parsed(&row.wants),
            })
        });
        Ok(Some((rows.collect(), last)))
    }

    /// The next level 1 body.
    pub(super) async fn raw(&self, after: i64) -> Result<Option<(Value, Vec<u8>, i64)>, DbError> {
        let Some((first, last)) = body_numbers(&self.store.database).await? else { return Ok(None) };
        let mut from = first.max(after.saturating_add(1));
        while from <= last {
            let until = from.saturating_add(SCAN_STEP);
            let found: Option<RawRow> = self
                .store
                .database
                .row(
                    sql("SELECT seq, received_ms, key16, packing, body FROM raw
                         WHERE seq >= $1 AND seq < $2 AND machine = $3 ORDER BY seq LIMIT 1")
                    .bind(from)
                    .bind(until)
                    .bind(self.machine.as_slice()),
                )
                .await?;
            if let Some((seq, received_ms, key16, packing, body)) = found {
                let body = Level1Body::of_columns(packing, body).into_plain()?;
                return Ok(Some((json!({ "received_ms": received_ms, "crash": hex(&key16) }), body, seq)));
            }
            from = until;
        }
        Ok(None)
    }

    pub(super) async fn report(&self, after: &str) -> Result<Option<Report>, DbError> {
        let row: Option<ReportRow> = self
            .store
            .database
            .row(
                sql("SELECT report.id, report.label, event_type, application, parameters, product, report.version, blob,
                        blob.size_bytes, machine_name, os, application_path, event_ms, received_ms, annotations,
                        headers, analysis.reading
                     FROM report JOIN label ON label.n = report.label JOIN blob ON blob.sha256 = report.blob
                         LEFT JOIN analysis ON analysis.report = report.id
                     WHERE report.machine = $1 AND report.tenant = $2 AND report.id > $3 ORDER BY report.id LIMIT 1")
                .bind(self.machine.as_slice())
                .bind(self.tenant)
                .bind(after),
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let others: Vec<(i64, String, String, i64)> = self
            .store
            .database
            .rows(
                sql("SELECT number, name, blob, size_bytes FROM report_file WHERE report = $1 ORDER BY number")
                    .bind(&row.id),
            )
            .await?;
        let file = |number: i64, name: &str, blob: &str, size: i64| ReportFile {
            path: format!("reports/{}/files/{number}-{}", row.id, safe_name(name)),
            blob: blob.to_owned(),
            size_bytes: u64::try_from(size).unwrap_or(0),
        };
        let mut files = vec![file(0, "data", &row.blob, row.size_bytes)];
        files.extend(others.iter().map(|(number, name, blob, size)| file(*number, name, blob, *size)));
        let names: Vec<_> =
            others.iter().map(|(number, name, ..)| json!({ "number": number, "name": name })).collect();
        let json = json!({
            "id": row.id, "bucket": row.label, "event_type": row.event_type, "application": row.application,
            "parameters": parsed(&row.parameters), "product": row.product, "version": row.version,
            "machine": row.machine_name, "os": row.os, "application_path": row.application_path,
            "event_ms": row.event_ms, "received_ms": row.received_ms,
            "annotations": parsed(&row.annotations), "headers": parsed(&row.headers), "files": names,
        });
        Ok(Some(Report { id: row.id.clone(), row: json, reading: row.reading.clone(), files }))
    }
}
