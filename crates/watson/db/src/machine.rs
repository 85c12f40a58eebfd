//! Machines: when each was last heard of, with which system and which applications. No part of counting: hits leave a note
//! in memory, and a task writes notes down a few at a time. What is written is good for an hour, so that a machine that
//! crashes all day costs a row's change an hour; a process that is killed loses the notes of the last seconds, which the
//! machine's next report brings again.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use crate::hit::Hit;
use crate::limits::{
    MACHINE_NOTE_GOOD_FOR_MS, MACHINE_NOTES_AT_ONCE, MAX_APPLICATIONS_OF_MACHINE, MAX_MACHINE_NOTES,
    MAX_MACHINES_IN_MEMORY, MAX_TRIES,
};
use crate::pseudonym::{MACHINE_BYTES, machine_of_text, machine_text};
use crate::sql::{Arg, insert, sql};
use crate::time::is_fresh;
use crate::{DbError, Store};

/// Tenant and hash.
type MachineKey = (i64, [u8; MACHINE_BYTES]);

/// A machine that has reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineRow {
    /// Its pseudonym, by which it is asked for.
    pub id: String,
    /// Whose it is.
    pub tenant: i64,
    /// Its name as it was kept: perhaps the pseudonym.
    pub name: String,
    /// Its operating system, as it said last.
    pub os: String,
    /// First report.
    pub first_ms: i64,
    /// Last report, to the hour.
    pub last_ms: i64,
}

/// An application of a machine.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct MachineApplication {
    /// Its name.
    pub application: String,
    /// The version that it reported last.
    pub version: String,
    /// When, to the hour.
    pub last_ms: i64,
}

/// Which machines are wanted.
#[derive(Clone, Debug, Default)]
pub struct MachineFilter {
    /// Of one tenant.
    pub tenant: Option<i64>,
    /// That have not reported since.
    pub silent_since_ms: Option<i64>,
    /// Behind this one: its last report and id.
    pub after: Option<(i64, String)>,
}

/// What waits to be written, and what need not be written again.
#[derive(Debug, Default)]
pub(crate) struct MachineNotes(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    waiting: BTreeMap<MachineKey, Note>,
    /// What was written of a machine, as hashes, and when.
    written: HashMap<MachineKey, Vec<(u64, i64)>>,
}

#[derive(Clone, Debug)]
struct Note {
    name: String,
    os: String,
    first_ms: i64,
    last_ms: i64,
    /// Few, mostly one.
    applications: Vec<MachineApplication>,
}

impl MachineNotes {
    /// Notes that a machine has reported.
    pub(crate) fn note(&self, hit: &Hit<'_>, now_ms: i64) {
        let Ok(hash) = <[u8; MACHINE_BYTES]>::try_from(hit.machine.as_slice()) else { return };
        let crash = hit.crash;
        let key = (crash.tenant, hash);
        let print = fingerprint(&[&crash.os, &crash.application, &crash.application_version]);
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.written.len() >= MAX_MACHINES_IN_MEMORY {
            notes.written.clear();
        }
        let written = notes.written.entry(key).or_default();
        written.retain(|(_, since)| is_fresh(*since, MACHINE_NOTE_GOOD_FOR_MS, now_ms));
        // A machine that names ever new applications is noted, and they are not.
        if written.len() >= MAX_APPLICATIONS_OF_MACHINE || written.iter().any(|(known, _)| *known == print) {
            return;
        }
        written.push((print, now_ms));
        if notes.waiting.len() >= MAX_MACHINE_NOTES && !notes.waiting.contains_key(&key) {
            return;
        }
        let note = notes.waiting.entry(key).or_insert_with(|| Note {
            name: String::new(),
            os: String::new(),
            first_ms: now_ms,
            last_ms: now_ms,
            applications: Vec::new(),
        });
        note.name.clone_from(&crash.machine);
        note.os.clone_from(&crash.os);
        note.last_ms = note.last_ms.max(now_ms);
        if !crash.application.is_empty() {
            note.applications.retain(|one| one.application != crash.application);
            note.applications.push(MachineApplication {
                application: crash.application.clone(),
                version: crash.application_version.clone(),
                last_ms: now_ms,
            });
        }
    }

    /// Some of what waits, in the order of its keys.
    fn take(&self) -> Vec<(MachineKey, Note)> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::new();
        while taken.len() < MACHINE_NOTES_AT_ONCE {
            let Some(entry) = notes.waiting.pop_first() else { break };
            taken.push(entry);
        }
        taken
    }

    fn forget(&self, tenant: i64, machine: [u8; MACHINE_BYTES]) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.waiting.remove(&(tenant, machine));
        notes.written.remove(&(tenant, machine));
    }
}

fn fingerprint(texts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish()
}

#[derive(sqlx::FromRow)]
struct Row {
    tenant: i64,
    machine: Vec<u8>,
    name: String,
    os: String,
    first_ms: i64,
    last_ms: i64,
}

impl Store {
    /// Writes down some of the machines that have reported; false where none is left.
    ///
    /// # Errors
    /// [`DbError::Sql`]; the notes are lost then.
    pub async fn write_machines(&self) -> Result<bool, DbError> {
        let notes = self.hits.machines.take();
        if notes.is_empty() {
            return Ok(false);
        }
        let mut tries = 1;
        loop {
            match self.write_notes(&notes).await {
                Err(error) if error.is_conflict() && tries < MAX_TRIES => tries += 1,
                Err(error) => return Err(error),
                Ok(()) => return Ok(notes.len() == MACHINE_NOTES_AT_ONCE),
            }
        }
    }

    async fn write_notes(&self, notes: &[(MachineKey, Note)]) -> Result<(), DbError> {
        let mut machines = Vec::with_capacity(notes.len() * 6);
        let mut applications = Vec::new();
        for ((tenant, machine), note) in notes {
            let key = [Arg::from(*tenant), Arg::from(machine.as_slice())];
            machines.extend(key.clone());
            machines.extend([Arg::from(&note.name), Arg::from(&note.os)]);
            machines.extend([note.first_ms, note.last_ms].map(Arg::from));
            for MachineApplication { application, version, last_ms } in &note.applications {
                applications.extend(key.clone());
                applications.extend([Arg::from(application), Arg::from(version), Arg::from(*last_ms)]);
            }
        }
        let mut tx = self.database.begin().await?;
        let before = "INSERT INTO machine (tenant, machine, name, os, first_ms, last_ms)";
        let after = "ON CONFLICT (tenant, machine) DO UPDATE SET name = excluded.name, os = excluded.os,
            last_ms = CASE WHEN machine.last_ms < excluded.last_ms THEN excluded.last_ms ELSE machine.last_ms END";
        insert::<(i64,)>(&mut tx, before, after, 6, machines).await?;
        let before = "INSERT INTO machine_application (tenant, machine, application, version, last_ms)";
        let after = "ON CONFLICT (tenant, machine, application)
            DO UPDATE SET version = excluded.version, last_ms = excluded.last_ms";
        insert::<(i64,)>(&mut tx, before, after, 5, applications).await?;
        tx.commit().await
    }

    /// Machines, those that reported last first.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn machines(&self, filter: &MachineFilter, limit: i64) -> Result<Vec<MachineRow>, DbError> {
        self.write_waiting_machines().await?;
        let (last_ms, id) = filter.after.clone().unwrap_or((i64::MAX, String::new()));
        let hash = machine_of_text(&id).unwrap_or_default();
        let rows: Vec<Row> = self
            .database
            .rows(
                sql("SELECT tenant, machine, name, os, first_ms, last_ms FROM machine
                     WHERE (CAST($1 AS BIGINT) IS NULL OR tenant = $1) AND last_ms < $2
                         AND (last_ms < $3 OR (last_ms = $3 AND machine < $4))
                     ORDER BY last_ms DESC, machine DESC LIMIT $5")
                .bind(filter.tenant)
                .bind(filter.silent_since_ms.unwrap_or(i64::MAX))
                .bind(last_ms)
                .bind(hash.as_slice())
                .bind(limit),
            )
            .await?;
        Ok(rows.into_iter().map(MachineRow::from).collect())
    }

    /// One machine, by its pseudonym or its name in any letter case, with its applications.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn machine(
        &self,
        tenant: i64,
        name: &str,
    ) -> Result<Option<(MachineRow, Vec<MachineApplication>)>, DbError> {
        self.write_waiting_machines().await?;
        let hash = machine_of_text(name).unwrap_or_else(|| self.names().machine(tenant, name));
        let row: Option<Row> = self
            .database
            .row(
                sql("SELECT tenant, machine, name, os, first_ms, last_ms FROM machine
                     WHERE tenant = $1 AND machine = $2")
                .bind(tenant)
                .bind(hash.as_slice()),
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let limit = i64::try_from(MAX_APPLICATIONS_OF_MACHINE).unwrap_or(i64::MAX);
        let applications = self
            .database
            .rows(
                sql("SELECT application, version, last_ms FROM machine_application
                     WHERE tenant = $1 AND machine = $2 ORDER BY last_ms DESC, application LIMIT $3")
                .bind(tenant)
                .bind(hash.as_slice())
                .bind(limit),
            )
            .await?;
        Ok(Some((MachineRow::from(row), applications)))
    }

    /// Forgets what is in memory of a machine that is being erased.
    pub fn forget_machine_notes(&self, tenant: i64, machine: [u8; MACHINE_BYTES]) {
        self.hits.machines.forget(tenant, machine);
    }

    /// So that whoever looks sees what this process knows.
    async fn write_waiting_machines(&self) -> Result<(), DbError> {
        for _ in 0..MAX_TRIES {
            if !self.write_machines().await? {
                break;
            }
        }
        Ok(())
    }
}

impl From<Row> for MachineRow {
    fn from(row: Row) -> Self {
        Self {
            id: machine_text(&row.machine),
            tenant: row.tenant,
            name: row.name,
            os: row.os,
            first_ms: row.first_ms,
            last_ms: row.last_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Crash, Policy, Pseudonyms};

    fn crash(application: &str) -> Crash {
        Crash { machine: "pc".into(), application: application.into(), ..Crash::default() }
    }

    #[test]
    fn the_same_news_is_written_once_an_hour_and_a_flood_of_names_is_cut() {
        let names = Pseudonyms::new(&[7; 32]).unwrap();
        let notes = MachineNotes::default();
        let note = |crash: &Crash, now_ms| {
            notes.note(&Hit::new(crash, &Policy::default(), &names, now_ms), now_ms);
        };
        note(&crash("app"), 0);
        note(&crash("app"), 10);
        assert_eq!(notes.take().len(), 1);
        note(&crash("app"), 20);
        assert!(notes.take().is_empty(), "it is known");
        note(&crash("app"), MACHINE_NOTE_GOOD_FOR_MS);
        assert_eq!(notes.take().len(), 1);
        for number in 0..1_000 {
            note(&crash(&format!("app{number}")), MACHINE_NOTE_GOOD_FOR_MS + 1);
        }
        let taken = notes.take();
        assert!(taken[0].1.applications.len() <= MAX_APPLICATIONS_OF_MACHINE);
        note(&Crash { machine: String::new(), ..crash("app") }, 0);
        assert!(notes.take().is_empty(), "nobody");
    }
}
