//! Places in a bucket's quota. A place is taken when a cab is asked for (a lease), or when a dump comes unasked; it is
//! given back when the lease expires or what came is useless. Taken places never exceed the quota: whoever takes one
//! holds the label's row.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::DbError;
use crate::hit::{CabWish, Collect, Hit};
use crate::limits::{ASK_AGAIN_MS, CLOSED_FOR_MS, MAX_CLOSED_IN_MEMORY};
use crate::orders::Plan;
use crate::policy::{Policy, Taken};
use crate::sql::{Sql, Tx, sql};
use crate::time::is_fresh;

/// Buckets that had no free place a moment ago. Only a saving: what it says may be old by [`CLOSED_FOR_MS`].
#[derive(Debug, Default)]
pub(crate) struct Closed(Mutex<HashMap<(i64, i64), i64>>);

impl Closed {
    fn holds(&self, label: i64, policy: i64, now_ms: i64) -> bool {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(&(label, policy)).is_some_and(|since| is_fresh(*since, CLOSED_FOR_MS, now_ms))
    }

    fn add(&self, label: i64, policy: i64, now_ms: i64) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() >= MAX_CLOSED_IN_MEMORY {
            map.clear();
        }
        map.insert((label, policy), now_ms);
    }

    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[derive(sqlx::FromRow)]
struct LeaseRow {
    token: Option<String>,
    memory_dump: i64,
    wants: String,
    state: String,
    expires_ms: i64,
}

/// What decides about a place.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) policy: &'a Policy,
    pub(crate) closed: &'a Closed,
    pub(crate) now_ms: i64,
}

/// The cab that is wanted of a machine, if one is. A crash that has a good lease keeps it; one that is new, or whose
/// lease has expired, gets one where there is room.
pub(crate) async fn ask(
    tx: &mut Tx,
    hit: &Hit<'_>,
    label: i64,
    new: bool,
    asking: &Asking<'_>,
) -> Result<Option<CabWish>, DbError> {
    let Asking { plan, policy, closed, now_ms } = *asking;
    let mut renewed = false;
    if !new && let Some(lease) = lease_of(tx, hit).await? {
        let good = lease.state == "used" || (lease.state == "open" && lease.expires_ms > now_ms);
        match lease.token {
            Some(token) if good => {
                let wants = serde_json::from_str(&lease.wants).unwrap_or_default();
                return Ok(Some(CabWish { token, memory_dump: lease.memory_dump != 0, wants }));
            }
            Some(_) if lease.state == "open" => renewed = true,
            _ => return Ok(None),
        }
    }
    if hit.late || hit.crash.collect == Collect::Nothing || closed.holds(label, plan.policy, now_ms) {
        return Ok(None);
    }
    lock_label(tx, label).await?;
    let taken = taken(tx, label, plan.policy, now_ms).await?;
    let Some(wish) = plan.quota.wish(taken) else {
        closed.add(label, plan.policy, now_ms);
        return Ok(None);
    };
    if !renewed && of_machine(tx, hit, label, plan.policy, now_ms).await? >= i64::from(plan.quota.per_machine)
    {
        return Ok(None);
    }
    let token = random_token()?;
    let memory_dump = wish.memory_dump && hit.crash.collect == Collect::All;
    let wish = CabWish { token, memory_dump, wants: plan.wants.clone() };
    let expires_ms = now_ms.saturating_add(policy.lease_ms_for(hit.crash.event_ms, now_ms));
    let done = tx.execute(place(hit, label, plan.policy, Some(&wish), "open", [now_ms, expires_ms])?).await?;
    Ok((done == 1).then_some(wish))
}

/// Takes a place for a dump that came unasked, if `room` is left. The label's row must be held.
pub(crate) async fn take_place(
    tx: &mut Tx,
    hit: &Hit<'_>,
    label: i64,
    room: u32,
    now_ms: i64,
) -> Result<bool, DbError> {
    lock_label(tx, label).await?;
    if unasked(tx, label).await? >= i64::from(room) {
        return Ok(false);
    }
    Ok(tx.execute(place(hit, label, 0, None, "used", [now_ms; 2])?).await? == 1)
}

/// Dumps of a label that came unasked and are of use.
async fn unasked(tx: &mut Tx, label: i64) -> Result<i64, DbError> {
    let count = sql(
        "SELECT count(*) FROM lease WHERE label = $1 AND policy = 0 AND state = 'used' AND token IS NULL",
    );
    Ok(tx.row::<(i64,)>(count.bind(label)).await?.map_or(0, |(count,)| count))
}

/// Holds a label's row until the transaction ends: nobody else takes a place of it meanwhile.
pub(crate) async fn lock_label(tx: &mut Tx, label: i64) -> Result<(), DbError> {
    let lock = tx.lock_rows();
    tx.row::<(i64,)>(sql(format!("SELECT n FROM label WHERE n = $1{lock}")).bind(label)).await?;
    Ok(())
}

async fn lease_of(tx: &mut Tx, hit: &Hit<'_>) -> Result<Option<LeaseRow>, DbError> {
    tx.row(
        sql("SELECT token, memory_dump, wants, state, expires_ms FROM lease WHERE event_day = $1 AND key16 = $2")
            .bind(hit.row.event_day)
            .bind(hit.row.key16.as_slice()),
    )
    .await
}

/// What a bucket has, or may still get.
pub(crate) async fn taken(tx: &mut Tx, label: i64, policy: i64, now_ms: i64) -> Result<Taken, DbError> {
    let row: Option<(i64, i64, i64)> = tx
        .row(
            sql("SELECT CAST(coalesce(sum(good), 0) AS BIGINT), CAST(coalesce(sum(good * memory_dump), 0) AS BIGINT),
                    CAST(coalesce(sum(spoiled), 0) AS BIGINT)
                 FROM (SELECT memory_dump, CASE WHEN state = 'spoiled' THEN 1 ELSE 0 END AS spoiled,
                              CASE WHEN state = 'used' OR (state = 'open' AND expires_ms > $3) THEN 1 ELSE 0 END AS good
                       FROM lease WHERE label = $1 AND policy = $2) AS places")
            .bind(label)
            .bind(policy)
            .bind(now_ms),
        )
        .await?;
    let (cabs, memory_dumps, spoiled) = row.unwrap_or_default();
    let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Taken { cabs: count(cabs), memory_dumps: count(memory_dumps), spoiled: count(spoiled) })
}

/// Places that a machine has had; one that let its lease expire is left alone for a while.
async fn of_machine(
    tx: &mut Tx,
    hit: &Hit<'_>,
    label: i64,
    policy: i64,
    now_ms: i64,
) -> Result<i64, DbError> {
    if hit.machine.is_empty() {
        return Ok(0);
    }
    let count = sql("SELECT count(*) FROM lease WHERE label = $1 AND policy = $2 AND machine = $3
                     AND (state <> 'open' OR expires_ms > $4)")
    .bind(label)
    .bind(policy)
    .bind(hit.machine.as_slice())
    .bind(now_ms.saturating_sub(ASK_AGAIN_MS));
    Ok(tx.row::<(i64,)>(count).await?.map_or(0, |(count,)| count))
}

fn place(
    hit: &Hit<'_>,
    label: i64,
    policy: i64,
    wish: Option<&CabWish>,
    state: &'static str,
    [made_ms, expires_ms]: [i64; 2],
) -> Result<Sql, DbError> {
    let wants = wish.map(|wish| serde_json::to_string(&wish.wants)).transpose();
    let wants = wants.map_err(|_| DbError::Row("list of wants"))?.unwrap_or_default();
    // A crash whose earlier lease has expired gets a new one in its place.
    let text = "INSERT INTO lease (label, policy, event_day, key16, kind, machine, token, memory_dump, wants, state,
                    expires_ms, late, tenant, machine_name, os, application_path, event_ms, made_ms)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
                ON CONFLICT (event_day, key16) DO UPDATE SET policy = excluded.policy, token = excluded.token,
                    memory_dump = excluded.memory_dump, wants = excluded.wants, expires_ms = excluded.expires_ms,
                    made_ms = excluded.made_ms
                    WHERE lease.state = 'open'";
    Ok(sql(text)
        .bind(label)
        .bind(policy)
        .bind(hit.row.event_day)
        .bind(hit.row.key16.as_slice())
        .bind(hit.crash.key.kind.number())
        .bind(hit.machine.as_slice())
        .bind(wish.map(|wish| wish.token.as_str()))
        .bind(wish.is_some_and(|wish| wish.memory_dump))
        .bind(wants)
        .bind(state)
        .bind(expires_ms)
        .bind(hit.late)
        .bind(hit.crash.tenant)
        .bind(&hit.crash.machine)
        .bind(&hit.crash.os)
        .bind(&hit.crash.application_path)
        .bind(hit.crash.event_ms)
        .bind(made_ms))
}

/// 128 bits from the system's generator, none of them fixed as a UUID's would be.
fn random_token() -> Result<String, DbError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        DbError::io("cannot read random bytes from", "/dev/urandom")(std::io::Error::other(error.to_string()))
    })?;
    Ok(uuid::Uuid::from_bytes(bytes).simple().to_string())
}
