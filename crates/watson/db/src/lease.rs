//! Places in a bucket's quota. A place is taken when a cab is asked for (a lease, `ask.rs`), or when a dump comes unasked;
//! it is given back when the lease expires or what came is useless. Taken places never exceed the quota: whoever takes one
//! holds the label's row.

use std::collections::HashSet;

use crate::DbError;
use crate::hit::{CabWish, Hit};
use crate::key::RowKey;
use crate::sql::{Arg, Tx, insert, sql};

/// A place to be taken.
pub(crate) struct Place<'a> {
    pub(crate) hit: &'a Hit<'a>,
    pub(crate) label: i64,
    pub(crate) policy: i64,
    /// None for a dump that came unasked.
    pub(crate) wish: Option<CabWish>,
    pub(crate) state: PlaceState,
    pub(crate) made_ms: i64,
    pub(crate) expires_ms: i64,
}

/// How a place begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlaceState {
    /// Its cab is to come.
    Open,
    /// Its dump is here.
    Used,
}

/// A place that a crash had when it was told before.
#[derive(Debug)]
pub(crate) struct Lease {
    /// None for a dump that came unasked.
    pub(crate) wish: Option<CabWish>,
    pub(crate) state: String,
    pub(crate) expires_ms: i64,
}

impl Lease {
    /// What was asked for is here, or may still come.
    pub(crate) fn is_good(&self, now_ms: i64) -> bool {
        self.state == "used" || (self.state == "open" && self.expires_ms > now_ms)
    }
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
    let (made_ms, expires_ms) = (now_ms, now_ms);
    let place = Place { hit, label, policy: 0, wish: None, state: PlaceState::Used, made_ms, expires_ms };
    Ok(!take_places(tx, &[place]).await?.is_empty())
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
    lock_labels(tx, &[label]).await
}

/// Holds labels' rows, which are given in their order.
pub(crate) async fn lock_labels(tx: &mut Tx, labels: &[i64]) -> Result<(), DbError> {
    let lock = tx.lock_rows();
    if lock.is_empty() {
        return Ok(());
    }
    let among = tx.among_numbers(1);
    let lock = sql(format!("SELECT n FROM label WHERE n {among} ORDER BY n{lock}"));
    tx.rows::<(i64,)>(lock.bind(labels.to_vec())).await?;
    Ok(())
}

/// Takes places; says which crashes have theirs. A crash whose earlier lease has expired gets a new one in its place. No
/// crash may stand there twice.
pub(crate) async fn take_places(tx: &mut Tx, places: &[Place<'_>]) -> Result<HashSet<RowKey>, DbError> {
    const COLUMNS: usize = 20;
    let mut rows = Vec::with_capacity(places.len() * COLUMNS);
    for place in places {
        let (hit, crash, wish) = (place.hit, place.hit.crash, place.wish.as_ref());
        let wants = wish.map(|wish| serde_json::to_string(&wish.wants)).transpose();
        let wants = wants.map_err(|_| DbError::Row("list of wants"))?.unwrap_or_default();
        rows.extend([
            Arg::from(place.label),
            Arg::from(place.policy),
            Arg::from(hit.row.event_day),
            Arg::from(hit.row.key16.as_slice()),
            Arg::from(crash.key.kind.number()),
            Arg::from(hit.machine.as_slice()),
            Arg::from(wish.map(|wish| wish.token.as_str())),
            Arg::from(wish.is_some_and(|wish| wish.memory_dump)),
            Arg::from(wants),
            Arg::from(if place.state == PlaceState::Open { "open" } else { "used" }),
            Arg::from(place.expires_ms),
            Arg::from(hit.late),
            Arg::from(crash.tenant),
            Arg::from(&crash.machine),
            Arg::from(&crash.os),
            Arg::from(&crash.application_path),
            Arg::from(crash.event_ms),
            Arg::from(place.made_ms),
            Arg::from(crash.network.as_slice()),
            Arg::from(&crash.product),
        ]);
    }
    let before =
        "INSERT INTO lease (label, policy, event_day, key16, kind, machine, token, memory_dump, wants, state,
                      expires_ms, late, tenant, machine_name, os, application_path, event_ms, made_ms, network, product)";
    let after = "ON CONFLICT (event_day, key16) DO UPDATE SET policy = excluded.policy, token = excluded.token,
                     memory_dump = excluded.memory_dump, wants = excluded.wants, expires_ms = excluded.expires_ms,
                     made_ms = excluded.made_ms, network = excluded.network WHERE lease.state = 'open' RETURNING event_day, key16";
    let done: Vec<(i64, Vec<u8>)> = insert(tx, before, after, COLUMNS, rows).await?;
    done.into_iter().map(|(day, key)| RowKey::of_columns(day, key)).collect()
}

/// 128 bits from the system's generator, none of them fixed as a UUID's would be.
pub(crate) fn random_token() -> Result<String, DbError> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        DbError::io("cannot read random bytes from", "/dev/urandom")(std::io::Error::other(error.to_string()))
    })?;
    Ok(uuid::Uuid::from_bytes(bytes).simple().to_string())
}
