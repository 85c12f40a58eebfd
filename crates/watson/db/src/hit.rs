//! Level 1: one crash becomes a hit of its label, once, and perhaps the right to send a cab.

use sha2::{Digest, Sha256};
use sqlx::{Sqlite, Transaction};
use wer_model::{LABEL_VERSION, Parameter, Signature, label};

use crate::policy::{Taken, Wish};
use crate::time::{day_of, filetime_to_ms, hit_day};
use crate::{DbError, Store};

/// A crash as level 1 told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// What it is filed under.
    pub signature: Signature,
    /// Parameters beyond the signature; they tell crashes apart, not labels.
    pub secondary_parameters: Vec<Parameter>,
    /// The machine's name.
    pub machine: String,
    /// Its operating system, as it says.
    pub os: String,
    /// The application's name; empty = unknown.
    pub application: String,
    /// The application's path; empty = unknown.
    pub application_path: String,
    /// When it happened, by the machine's clock.
    pub event_time_filetime: u64,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HitAnswer {
    /// The bucket's number: positive, 31 bits, for ever.
    pub bucket: i64,
    /// False where this crash had been reported before.
    pub counted: bool,
    /// The cab that is wanted.
    pub wish: Option<CabWish>,
}

/// A cab is wanted.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CabWish {
    /// Unguessable: 32 hex digits.
    pub token: String,
    /// With process memory.
    pub memory_dump: bool,
}

impl Crash {
    /// Names this crash: its time and a hash of machine, event, parameters. The same report sent twice has the same
    /// key; keys of one day lie together.
    #[must_use]
    pub fn key16(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        add(&self.machine);
        add(&self.signature.event_type);
        for parameter in self.signature.parameters.iter().chain(&self.secondary_parameters) {
            add(&parameter.name);
            add(&parameter.value);
        }
        let mut key = [0_u8; 16];
        let (time, rest) = key.split_at_mut(8);
        time.copy_from_slice(&self.event_time_filetime.to_be_bytes());
        rest.iter_mut().zip(hash.finalize()).for_each(|(slot, byte)| *slot = byte);
        key
    }
}

impl Store {
    /// Counts the crash, if it is new, and decides whether its cab is wanted. The same crash told again gets the same
    /// answer with the same token, as long as that token is good. Committed on return.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn record_crash(&self, crash: &Crash, now_ms: i64) -> Result<HitAnswer, DbError> {
        let key = crash.key16();
        let mut tx = self.write().await?;
        let bucket = label_id(&mut tx, crash, now_ms).await?;
        let counted = count_once(&mut tx, crash, &key, bucket, now_ms).await?;
        let wish = match good_lease(&mut tx, &key, now_ms).await? {
            Some(wish) => Some(wish),
            None => self.lease(&mut tx, crash, &key, bucket, now_ms).await?,
        };
        tx.commit().await?;
        Ok(HitAnswer { bucket, counted, wish })
    }

    async fn lease(
        &self,
        tx: &mut Transaction<'static, Sqlite>,
        crash: &Crash,
        key: &[u8],
        bucket: i64,
        now_ms: i64,
    ) -> Result<Option<CabWish>, DbError> {
        let Some(Wish { memory_dump }) = self.policy.wish(taken(tx, bucket, now_ms).await?) else {
            return Ok(None);
        };
        let token = uuid::Uuid::from_bytes(random_token()?).simple().to_string();
        // A crash whose earlier lease has expired gets a new one in its place.
        sqlx::query(
            "INSERT INTO lease (key16, label, token, memory_dump, state, expires_ms, machine, os, application_path, event_ms)
             VALUES (?, ?, ?, ?, 'open', ?, ?, ?, ?, ?)
             ON CONFLICT (key16) DO UPDATE SET token = excluded.token, memory_dump = excluded.memory_dump,
                 expires_ms = excluded.expires_ms WHERE state = 'open'",
        )
        .bind(key)
        .bind(bucket)
        .bind(&token)
        .bind(memory_dump)
        .bind(now_ms.saturating_add(self.policy.lease_ms))
        .bind(&crash.machine)
        .bind(&crash.os)
        .bind(&crash.application_path)
        .bind(filetime_to_ms(crash.event_time_filetime))
        .execute(&mut **tx)
        .await
        .map(|done| (done.rows_affected() == 1).then_some(CabWish { token, memory_dump }))
        .map_err(DbError::from)
    }
}

/// 128 bits from the system's generator, none of them fixed as a UUID's would be.
fn random_token() -> Result<[u8; 16], DbError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        DbError::io("cannot read random bytes from", "/dev/urandom")(std::io::Error::other(error.to_string()))
    })?;
    Ok(bytes)
}

async fn label_id(tx: &mut Transaction<'static, Sqlite>, crash: &Crash, now_ms: i64) -> Result<i64, DbError> {
    let key = label(&crash.signature);
    let known: Option<i64> = sqlx::query_scalar("SELECT id FROM label WHERE label_key = ?")
        .bind(&key)
        .fetch_optional(&mut **tx)
        .await?;
    if let Some(id) = known {
        return Ok(id);
    }
    let parameters =
        serde_json::to_string(&crash.signature.parameters).map_err(|_| DbError::Row("parameter list"))?;
    let id = sqlx::query_scalar(
        "INSERT INTO label (label_key, label_version, event_type, application, parameters, first_seen_ms, last_seen_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
    )
    .bind(&key)
    .bind(LABEL_VERSION)
    .bind(&crash.signature.event_type)
    .bind(&crash.application)
    .bind(parameters)
    .bind(now_ms)
    .bind(now_ms)
    .fetch_one(&mut **tx)
    .await?;
    Ok(id)
}

async fn count_once(
    tx: &mut Transaction<'static, Sqlite>,
    crash: &Crash,
    key: &[u8],
    bucket: i64,
    now_ms: i64,
) -> Result<bool, DbError> {
    let event_ms = filetime_to_ms(crash.event_time_filetime);
    let seen =
        sqlx::query("INSERT INTO seen (event_day, key16, label) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(day_of(event_ms))
            .bind(key)
            .bind(bucket)
            .execute(&mut **tx)
            .await?;
    if seen.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("INSERT INTO raw (event_day, key16, received_ms, body) VALUES (?, ?, ?, ?)")
        .bind(day_of(event_ms))
        .bind(key)
        .bind(now_ms)
        .bind(&crash.body)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "INSERT INTO hits (label, day, count) VALUES (?, ?, 1)
         ON CONFLICT (label, day) DO UPDATE SET count = count + 1",
    )
    .bind(bucket)
    .bind(hit_day(event_ms, now_ms))
    .execute(&mut **tx)
    .await?;
    sqlx::query("UPDATE label SET last_seen_ms = max(last_seen_ms, ?) WHERE id = ?")
        .bind(now_ms)
        .bind(bucket)
        .execute(&mut **tx)
        .await?;
    Ok(true)
}

/// The lease that this crash has: still open, or used, so that a repeated upload finds its place.
async fn good_lease(
    tx: &mut Transaction<'static, Sqlite>,
    key: &[u8],
    now_ms: i64,
) -> Result<Option<CabWish>, DbError> {
    Ok(sqlx::query_as(
        "SELECT token, memory_dump FROM lease
         WHERE key16 = ? AND (state = 'used' OR (state = 'open' AND expires_ms > ?))",
    )
    .bind(key)
    .bind(now_ms)
    .fetch_optional(&mut **tx)
    .await?)
}

/// What the bucket has or may still get.
pub(crate) async fn taken(
    tx: &mut Transaction<'static, Sqlite>,
    bucket: i64,
    now_ms: i64,
) -> Result<Taken, DbError> {
    let (cabs, memory_dumps, spoiled): (i64, i64, i64) = sqlx::query_as(
        "SELECT coalesce(sum(good), 0), coalesce(sum(good AND memory_dump), 0), coalesce(sum(state = 'spoiled'), 0)
         FROM (SELECT memory_dump, state, state = 'used' OR (state = 'open' AND expires_ms > ?2) AS good
               FROM lease WHERE label = ?1)",
    )
    .bind(bucket)
    .bind(now_ms)
    .fetch_one(&mut **tx)
    .await?;
    let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Taken { cabs: count(cabs), memory_dumps: count(memory_dumps), spoiled: count(spoiled) })
}
