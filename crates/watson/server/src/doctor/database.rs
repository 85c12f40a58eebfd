//! The database: there, new enough, up to date, and one that keeps what it commits.

use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;
use watson_db::operations::{DatabaseFacts, inspect};
use watson_db::time;

use super::{Findings, Level};
use crate::limits::{DOCTOR_STUCK_JOB_MS, DOCTOR_WAIT_MS};
use crate::settings::Settings;

/// The oldest major version of PostgreSQL that is tried.
const OLDEST_POSTGRES: u32 = 13;

/// What the database says, where it answers.
pub(super) async fn look(data: &Path, settings: &Settings, findings: &mut Findings) -> Option<DatabaseFacts> {
    const CHECK: &str = "database";
    let places = settings.storage.places();
    let asking = inspect(data, &places, time::now_ms());
    let facts = match timeout(Duration::from_millis(DOCTOR_WAIT_MS), asking).await {
        Ok(Ok(Some(facts))) => facts,
        Ok(Ok(None)) => {
            findings.add(CHECK, Level::Note, "not there", "the first start makes it");
            return None;
        }
        Ok(Err(error)) => {
            let advice = match &settings.storage.database {
                Some(url) => {
                    format!("look at {}: is the server there, and are name and password right?", url.shown())
                }
                None => "look at the file's owner and disk; `watson restore` brings a backup back".to_owned(),
            };
            findings.add(CHECK, Level::Error, error.to_string(), advice);
            return None;
        }
        Err(_) => {
            let what = format!("it did not answer within {} s", DOCTOR_WAIT_MS / 1000);
            findings.add(CHECK, Level::Error, what, "look at the machine that has it, and at the network");
            return None;
        }
    };
    findings.good(CHECK, format!("{} {}", facts.kind, facts.version));
    judge(&facts, findings);
    Some(facts)
}

fn judge(facts: &DatabaseFacts, findings: &mut Findings) {
    let major = facts.version.split(['.', ' ']).next().and_then(|major| major.parse::<u32>().ok());
    if facts.kind == "PostgreSQL" && major.is_some_and(|major| major < OLDEST_POSTGRES) {
        let what = format!("PostgreSQL {} is older than what is tried ({OLDEST_POSTGRES})", facts.version);
        findings.add("database", Level::Warning, what, "upgrade it");
    }
    let forgetful = facts.forgetful();
    if forgetful.is_empty() {
        findings.good("durability", "commits are synced");
    } else {
        let what = format!("the database forgets commits at a loss of power: {}", forgetful.join(", "));
        let advice =
            "turn these on, in postgresql.conf and for the role and database (ALTER ROLE/DATABASE ... RESET)";
        findings.add("durability", Level::Error, what, advice);
    }
    match (facts.migration, facts.missing_migrations.as_slice()) {
        (0, _) => findings.add(
            "migrations",
            Level::Note,
            "the database is empty",
            "the first start makes its tables",
        ),
        (at, []) => findings.good("migrations", format!("up to date ({at})")),
        (at, missing) => {
            let what = format!("the database is at {at}, and {} are missing", missing.len());
            findings.add("migrations", Level::Warning, what, "start this version's server: it brings them");
        }
    }
    if facts.oldest_due_ms > DOCTOR_STUCK_JOB_MS {
        let what = format!("one has been due for {} minutes", facts.oldest_due_ms / 60_000);
        let advice =
            "does a server run? Its log says why analyses fail; more processes on one PostgreSQL take more";
        findings.add("analyses", Level::Warning, what, advice);
    } else {
        findings.good("analyses", "none waits for long");
    }
    if facts.jobs_poison > 0 {
        let what = format!("{} failed for good", facts.jobs_poison);
        findings.add("failed analyses", Level::Note, what, "their reports' pages say why");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> DatabaseFacts {
        DatabaseFacts {
            kind: "PostgreSQL",
            version: "17.2 (Debian 17.2-1)".into(),
            clock_ms: 0,
            durability: vec![("fsync", "on".into()), ("synchronous_commit", "on".into())],
            migration: 9,
            missing_migrations: vec![],
            jobs_poison: 0,
            oldest_due_ms: 0,
            administrators: None,
        }
    }

    fn worst(facts: &DatabaseFacts) -> (Level, String) {
        let mut findings = Findings::default();
        judge(facts, &mut findings);
        let worst = findings.0.into_iter().max_by_key(|finding| finding.level).unwrap();
        (worst.level, worst.what)
    }

    #[test]
    fn a_database_that_forgets_is_an_error_and_an_old_one_a_warning() {
        assert_eq!(worst(&facts()).0, Level::Good);
        for (name, value) in [("fsync", "off"), ("synchronous_commit", "off"), ("full_page_writes", "off")] {
            let (level, what) = worst(&DatabaseFacts { durability: vec![(name, value.into())], ..facts() });
            assert!(level == Level::Error && what.contains(name), "{what}");
        }
        let old = DatabaseFacts { version: "9.6.1".into(), ..facts() };
        assert_eq!(worst(&old).0, Level::Warning);
        let behind = DatabaseFacts { missing_migrations: vec![10], ..facts() };
        assert_eq!(worst(&behind).0, Level::Warning);
        let stuck = DatabaseFacts { oldest_due_ms: DOCTOR_STUCK_JOB_MS + 1, ..facts() };
        assert_eq!(worst(&stuck).0, Level::Warning);
    }
}
