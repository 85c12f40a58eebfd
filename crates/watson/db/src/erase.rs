//! Forgetting a machine: everything that the rows tell of it, with its files. What stays is in `docs/watson/keeping.md`:
//! numbers without a machine, and the keyed hashes by which a crash that is told again is known.
//!
//! 1. The erasure is written down: in the data folder, then in the rows. From here on it is done, if need be at the next
//!    start, and again after an older backup was brought back.
//! 2. Leases, reports, bodies and the days of the machine are removed, a batch at a time.
//! 3. The blobs that nothing else names are released.

mod log;

use serde::Serialize;
use serde_json::json;

pub use log::Tombstone;
pub(crate) use log::bring as bring_erasures;

use crate::audit::{Act, audit};
use crate::lease::lock_label;
use crate::level1_body::body_numbers;
use crate::pseudonym::{MACHINE_BYTES, machine_of_text, machine_text};
use crate::remove::{PlacesOf, REMOVE_STEP, remove_reports};
use crate::sql::sql;
use crate::time::day_of;
use crate::{DbError, Store};

/// Tables with rows of machines, each with a column `machine`. A test compares them with the schema.
pub const TABLES_OF_MACHINES: [&str; 7] =
    ["label_machine_day", "lease", "machine", "machine_application", "raw", "report", "tombstone"];
/// Numbers of level 1 bodies that are looked through at once.
const SCAN_STEP: i64 = 20_000;
/// Rows of one transaction.
const STEP: i64 = 500;

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Erased {
    /// The machine, as its pseudonym.
    pub machine: String,
    /// Reports.
    pub reports: u64,
    /// Level 1 bodies.
    pub raw: u64,
    /// Leases.
    pub leases: u64,
    /// Labels and days on which it was counted as one machine.
    pub days: u64,
    /// Blobs that nothing else named.
    pub blobs: u64,
}

impl Store {
    /// The hash of a machine as a person names it: by the name or id that it told, in any letters, or by the pseudonym
    /// that stands where names are not kept (`m-` and 16 digits).
    #[must_use]
    pub fn machine_named(&self, tenant: i64, who: &str) -> [u8; MACHINE_BYTES] {
        machine_of_text(who.trim()).unwrap_or_else(|| self.names().machine(tenant, who))
    }

    /// Forgets a machine. Done on return; after a stop in between, the next start goes on. What it reports later is new.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Io`.
    pub async fn erase_machine(
        &self,
        tenant: i64,
        who: &str,
        actor: &str,
        now_ms: i64,
    ) -> Result<Erased, DbError> {
        let stone = Tombstone { tenant, machine: self.machine_named(tenant, who), at_ms: now_ms };
        log::append(self.dir(), stone)?;
        self.erase(stone, actor, now_ms).await
    }

    /// Does what was written down and is not done: erasures that a stop has cut, and those of `erasures.log` that these
    /// rows, of a backup, do not know. Every start does it. The number of machines.
    ///
    /// # Errors
    /// [`DbError::Sql`], `Io`.
    pub async fn replay_tombstones(&self, now_ms: i64) -> Result<u64, DbError> {
        let mut due = Vec::new();
        for stone in log::read(self.dir())? {
            let known: Option<(i64, Option<i64>)> = self
                .database
                .row(
                    sql("SELECT at_ms, done_ms FROM tombstone WHERE tenant = $1 AND machine = $2")
                        .bind(stone.tenant)
                        .bind(stone.machine.as_slice()),
                )
                .await?;
            if known.is_none_or(|(at_ms, done)| done.is_none() || at_ms < stone.at_ms) {
                due.push(stone);
            }
        }
        let cut: Vec<(i64, Vec<u8>, i64)> = self
            .database
            .rows(sql("SELECT tenant, machine, at_ms FROM tombstone WHERE done_ms IS NULL LIMIT 10000"))
            .await?;
        for (tenant, machine, at_ms) in cut {
            let machine = machine.try_into().map_err(|_| DbError::Row("tombstone"))?;
            if !due.iter().any(|stone| (stone.tenant, stone.machine) == (tenant, machine)) {
                due.push(Tombstone { tenant, machine, at_ms });
            }
        }
        for stone in &due {
            self.erase(*stone, "replay", now_ms).await?;
        }
        Ok(due.len() as u64)
    }

    async fn erase(&self, stone: Tombstone, actor: &str, now_ms: i64) -> Result<Erased, DbError> {
        let mut done = Erased { machine: machine_text(&stone.machine), ..Erased::default() };
        self.begin_erasure(stone, actor, &done.machine, now_ms).await?;
        done.leases = self.erase_leases(stone).await?;
        let mut blobs = Vec::new();
        done.reports = self.erase_reports(stone, &mut blobs).await?;
        done.raw = self.erase_raw(stone).await?;
        done.days = self.erase_days(stone).await?;
        done.blobs = self.release(&blobs).await?;
        self.hits.closed.forget();
        self.erase_machine_row(stone).await?;
        let mut tx = self.database.begin().await?;
        tx.execute(
            sql("UPDATE tombstone SET done_ms = $1 WHERE tenant = $2 AND machine = $3 AND at_ms = $4")
                .bind(now_ms)
                .bind(stone.tenant)
                .bind(stone.machine.as_slice())
                .bind(stone.at_ms),
        )
        .await?;
        let details = serde_json::to_value(&done).unwrap_or_default();
        let act = Act { actor, act: "machine.erased", object: done.machine.clone(), details };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await?;
        self.database.scrub().await?;
        Ok(done)
    }

    async fn begin_erasure(
        &self,
        stone: Tombstone,
        actor: &str,
        machine: &str,
        now_ms: i64,
    ) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        tx.execute(
            sql("INSERT INTO tombstone (tenant, machine, at_ms, done_ms) VALUES ($1, $2, $3, NULL)
                 ON CONFLICT (tenant, machine) DO UPDATE SET done_ms = NULL,
                 at_ms = CASE WHEN tombstone.at_ms < excluded.at_ms THEN excluded.at_ms ELSE tombstone.at_ms END")
            .bind(stone.tenant)
            .bind(stone.machine.as_slice())
            .bind(stone.at_ms),
        )
        .await?;
        let details = json!({ "tenant": stone.tenant, "until_ms": stone.at_ms });
        let act = Act { actor, act: "machine.erase", object: machine.to_owned(), details };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await
    }

    /// Leases go first, under their labels' locks: an upload that is being committed has its report in the rows before,
    /// where it is found, or finds no lease.
    async fn erase_leases(&self, stone: Tombstone) -> Result<u64, DbError> {
        let mut tx = self.database.begin().await?;
        let of_machine = "tenant = $1 AND machine = $2 AND made_ms <= $3";
        let bind =
            |text: String| sql(text).bind(stone.tenant).bind(stone.machine.as_slice()).bind(stone.at_ms);
        let labels: Vec<(i64,)> = tx
            .rows(bind(format!("SELECT DISTINCT label FROM lease WHERE {of_machine} ORDER BY label")))
            .await?;
        for (label,) in labels {
            lock_label(&mut tx, label).await?;
        }
        let gone = tx.execute(bind(format!("DELETE FROM lease WHERE {of_machine}"))).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// A machine that has reported since the erasure was asked for is known from then on.
    async fn erase_machine_row(&self, stone: Tombstone) -> Result<(), DbError> {
        self.forget_machine_notes(stone.tenant, stone.machine);
        let mut tx = self.database.begin().await?;
        for table in ["machine_application", "machine"] {
            tx.execute(
                sql(format!("DELETE FROM {table} WHERE tenant = $1 AND machine = $2 AND last_ms <= $3"))
                    .bind(stone.tenant)
                    .bind(stone.machine.as_slice())
                    .bind(stone.at_ms),
            )
            .await?;
        }
        tx.execute(
            sql("UPDATE machine SET first_ms = $3 WHERE tenant = $1 AND machine = $2 AND first_ms <= $3")
                .bind(stone.tenant)
                .bind(stone.machine.as_slice())
                .bind(stone.at_ms),
        )
        .await?;
        tx.commit().await
    }

    async fn erase_reports(&self, stone: Tombstone, blobs: &mut Vec<String>) -> Result<u64, DbError> {
        let mut gone = 0;
        loop {
            let mut tx = self.database.begin().await?;
            let ids: Vec<(String,)> = tx
                .rows(
                    sql("SELECT id FROM report WHERE machine = $1 AND tenant = $2 AND received_ms <= $3
                         ORDER BY id LIMIT $4")
                    .bind(stone.machine.as_slice())
                    .bind(stone.tenant)
                    .bind(stone.at_ms)
                    .bind(i64::try_from(REMOVE_STEP).unwrap_or(STEP)),
                )
                .await?;
            if ids.is_empty() {
                return Ok(gone);
            }
            let ids: Vec<String> = ids.into_iter().map(|(id,)| id).collect();
            blobs.extend(remove_reports(&mut tx, &ids, PlacesOf::Removed).await?);
            tx.commit().await?;
            gone += ids.len() as u64;
        }
    }

    /// Bodies are looked through in steps: an index of machines would cost every hit.
    async fn erase_raw(&self, stone: Tombstone) -> Result<u64, DbError> {
        let Some((first, last)) = body_numbers(&self.database).await? else { return Ok(0) };
        let mut gone = 0;
        let mut from = first;
        while from <= last {
            let until = from.saturating_add(SCAN_STEP);
            let found: Vec<(i64,)> = self
                .database
                .rows(
                    sql("SELECT seq FROM raw WHERE seq >= $1 AND seq < $2 AND machine = $3 AND received_ms <= $4
                         ORDER BY seq")
                    .bind(from)
                    .bind(until)
                    .bind(stone.machine.as_slice())
                    .bind(stone.at_ms),
                )
                .await?;
            if !found.is_empty() {
                let mut tx = self.database.begin().await?;
                for (seq,) in found {
                    gone += tx.execute(sql("DELETE FROM raw WHERE seq = $1").bind(seq)).await?;
                }
                tx.commit().await?;
            }
            from = until;
        }
        Ok(gone)
    }

    async fn erase_days(&self, stone: Tombstone) -> Result<u64, DbError> {
        let mut gone = 0;
        loop {
            let found: Vec<(i64, i64)> = self
                .database
                .rows(
                    sql("SELECT label, day FROM label_machine_day WHERE machine = $1 AND day <= $2 LIMIT $3")
                        .bind(stone.machine.as_slice())
                        .bind(day_of(stone.at_ms))
                        .bind(STEP),
                )
                .await?;
            if found.is_empty() {
                return Ok(gone);
            }
            let mut tx = self.database.begin().await?;
            for (label, day) in found {
                let one = sql("DELETE FROM label_machine_day WHERE label = $1 AND day = $2 AND machine = $3");
                gone += tx.execute(one.bind(label).bind(day).bind(stone.machine.as_slice())).await?;
            }
            tx.commit().await?;
        }
    }
}
