//! Who did what: a list that only grows. Each row's hash covers its own fields and the hash of the row before it, so that
//! a row that is changed, taken out or moved is found. The end of the chain stands in a row of its own, which whoever adds
//! one holds: any number of processes keep one chain. An end that was written down elsewhere finds also a list that was
//! made anew as a whole.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::blob::hex;
use crate::limits::{AUDIT_STEP_ROWS, MAX_AUDIT_DETAILS_BYTES, MAX_AUDIT_TEXT_CHARS, MAX_TRIES};
use crate::sql::{Tx, sql};
use crate::{DbError, Store};

/// One administrative act.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Act<'a> {
    /// Who: an account's or a token's name, "cli", or a task's name.
    pub actor: &'a str,
    /// What, as "object.verb": "policy.add", "machine.erase".
    pub act: &'static str,
    /// To what: a number or a name; never a machine's or a person's name in clear.
    pub object: String,
    /// More of it.
    pub details: serde_json::Value,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct AuditRow {
    /// From 1, without a gap.
    pub seq: i64,
    /// When.
    pub at_ms: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub act: String,
    /// To what.
    pub object: String,
    /// JSON.
    pub details: String,
    /// Of this row and all before it.
    #[serde(skip)]
    pub hash: Vec<u8>,
}

/// The end of the chain. Its text is `SEQ:HASH`.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct AuditHead {
    /// Number of the last row.
    pub seq: i64,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl AuditHead {
    /// For keeping elsewhere.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}:{}", self.seq, hex(&self.hash))
    }
}

/// What a look at the whole chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditVerdict {
    /// Rows that were looked at.
    pub rows: i64,
    /// The end, as [`AuditHead::text`].
    pub head: String,
    /// What is wrong, at the first row where something is; `None` = nothing is.
    pub broken: Option<AuditBreak>,
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditBreak {
    /// The row.
    pub seq: i64,
    /// A sentence.
    pub why: String,
}

impl AuditRow {
    /// The hash that the row must have behind `before`.
    fn due_hash(&self, before: &[u8]) -> Vec<u8> {
        let mut hash = Sha256::new();
        let parts: [&[u8]; 7] = [
            before,
            &self.seq.to_be_bytes(),
            &self.at_ms.to_be_bytes(),
            self.actor.as_bytes(),
            self.act.as_bytes(),
            self.object.as_bytes(),
            self.details.as_bytes(),
        ];
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().to_vec()
    }
}

/// Writes an act down, in the transaction of the act itself. Last of all: the chain's end is held until the commit.
pub(crate) async fn audit(tx: &mut Tx, act: &Act<'_>, now_ms: i64) -> Result<(), DbError> {
    let head = lock_head(tx).await?;
    let mut details = act.details.to_string();
    if details.len() > MAX_AUDIT_DETAILS_BYTES {
        details = serde_json::json!({ "left_out_bytes": details.len() }).to_string();
    }
    let mut row = AuditRow {
        seq: head.seq + 1,
        at_ms: now_ms,
        actor: kept(act.actor),
        act: kept(act.act),
        object: kept(&act.object),
        details: details.replace('\0', "\u{fffd}"),
        hash: Vec::new(),
    };
    row.hash = row.due_hash(&head.hash);
    tx.execute(
        sql("INSERT INTO audit (seq, at_ms, actor, act, object, details, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)")
            .bind(row.seq)
            .bind(row.at_ms)
            .bind(&row.actor)
            .bind(&row.act)
            .bind(&row.object)
            .bind(&row.details)
            .bind(row.hash.as_slice()),
    )
    .await?;
    tx.execute(
        sql("UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1").bind(row.seq).bind(row.hash.as_slice()),
    )
    .await?;
    Ok(())
}

/// What the hash covers must be what the database gives back: no zero bytes (`Arg`), no text without end.
fn kept(text: &str) -> String {
    text.chars().map(|c| if c == '\0' { '\u{fffd}' } else { c }).take(MAX_AUDIT_TEXT_CHARS).collect()
}

async fn lock_head(tx: &mut Tx) -> Result<AuditHead, DbError> {
    let lock = tx.lock_rows();
    let head = sql(format!("SELECT seq, hash FROM audit_head WHERE id = 1{lock}"));
    tx.row(head).await?.ok_or(DbError::Row("end of the audit log"))
}

impl Store {
    /// Writes down an act that has no transaction of the store (a login, a settings change). Acts of the store's own
    /// write themselves down. Committed on return.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn audit(&self, act: &Act<'_>, now_ms: i64) -> Result<(), DbError> {
        let mut tries = 1;
        loop {
            match self.audit_once(act, now_ms).await {
                Err(error) if error.is_conflict() && tries < MAX_TRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn audit_once(&self, act: &Act<'_>, now_ms: i64) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        audit(&mut tx, act, now_ms).await?;
        tx.commit().await
    }

    /// Rows after `seq`, oldest first, [`AUDIT_STEP_ROWS`] at most.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn audit_rows(&self, after_seq: i64) -> Result<Vec<AuditRow>, DbError> {
        let rows = sql("SELECT seq, at_ms, actor, act, object, details, hash FROM audit WHERE seq > $1
                        ORDER BY seq LIMIT $2");
        self.database.rows(rows.bind(after_seq).bind(AUDIT_STEP_ROWS)).await
    }

    /// The end of the chain, to be kept where whoever can write the database cannot.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn audit_head(&self) -> Result<AuditHead, DbError> {
        let head = self.database.row(sql("SELECT seq, hash FROM audit_head WHERE id = 1")).await?;
        head.ok_or(DbError::Row("end of the audit log"))
    }

    /// Looks at the whole chain. `known` is an end that was kept elsewhere ([`AuditHead::text`]): it must still be in it.
    ///
    /// # Errors
    /// [`DbError::Sql`]. What is wrong with the chain is no error but the answer.
    pub async fn verify_audit(&self, known: Option<&str>) -> Result<AuditVerdict, DbError> {
        // Read first: rows that are added meanwhile are not missed.
        let head = self.audit_head().await?;
        let mut walk = Walk { seq: 0, hash: Vec::new(), known, known_seen: false };
        let broken = loop {
            let mut rows = self.audit_rows(walk.seq).await?;
            rows.retain(|row| row.seq <= head.seq);
            if rows.is_empty() {
                break walk.end(&head);
            }
            if let Some(broken) = rows.iter().find_map(|row| walk.step(row)) {
                break Some(broken);
            }
        };
        Ok(AuditVerdict { rows: walk.seq, head: head.text(), broken })
    }
}

struct Walk<'a> {
    seq: i64,
    hash: Vec<u8>,
    known: Option<&'a str>,
    known_seen: bool,
}

impl Walk<'_> {
    fn step(&mut self, row: &AuditRow) -> Option<AuditBreak> {
        let broken = |why: &str| Some(AuditBreak { seq: row.seq, why: why.to_owned() });
        if row.seq != self.seq + 1 {
            return broken("the rows before this one are missing");
        }
        if row.hash != row.due_hash(&self.hash) {
            return broken("this row, or one before it, was changed or moved after it was written");
        }
        (self.seq, self.hash) = (row.seq, row.hash.clone());
        let here = AuditHead { seq: row.seq, hash: row.hash.clone() }.text();
        self.known_seen |= self.known.is_some_and(|known| known == here);
        None
    }

    fn end(&self, head: &AuditHead) -> Option<AuditBreak> {
        let broken = |why: &str| Some(AuditBreak { seq: self.seq, why: why.to_owned() });
        if (self.seq, &self.hash) != (head.seq, &head.hash) {
            return broken("rows behind this one are missing, or were added past the log");
        }
        if self.known.is_some_and(|known| !known.starts_with("0:")) && !self.known_seen {
            return broken("the end that was kept elsewhere is not in this log: it was made anew");
        }
        None
    }
}
