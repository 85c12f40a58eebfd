//! Counting: labels, which crashes are new, exact counts per label and day, machines. One transaction for a whole batch.
//!
//! Everything that two processes may both write is written in sorted order, table after table in an order that is always
//! the same (then the places of `lease.rs`): they wait for each other at most once, and never in a circle.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

mod labels;

pub(crate) use labels::{LabelMap, label_hash};
use labels::{LabelName, label_numbers, name};

use crate::DbError;
use crate::hit::{CabWish, Hit};
use crate::key::RowKey;
use crate::lease::Lease;
use crate::sql::{Arg, Insert, Tx, insert, insert_into_each, sql};
use crate::time::day_of;

/// What counting said of one crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) label: i64,
    /// It had not been reported before.
    pub(crate) new: bool,
    pub(crate) late: bool,
}

/// What counting said of a batch: an answer for each crash, places that those had which were told before, and labels to keep
/// once they are committed.
pub(crate) struct CountedBatch {
    pub(crate) each: Vec<Counted>,
    pub(crate) leases: HashMap<RowKey, Lease>,
    pub(crate) labels: Vec<(LabelName, i64)>,
}

/// Counts a batch of hits.
pub(crate) async fn count(
    tx: &mut Tx,
    hits: &[Hit<'_>],
    known: &LabelMap,
    shard: i64,
    now_ms: i64,
) -> Result<CountedBatch, DbError> {
    let names: Vec<LabelName> = hits.iter().map(name).collect();
    let (labels, made) = label_numbers(tx, hits, &names, known, now_ms).await?;
    let number = |index: usize| {
        names.get(index).and_then(|name| labels.get(name)).copied().ok_or(DbError::Row("label"))
    };
    let mut fresh = insert_seen(tx, hits, &number, now_ms).await?;
    let repeats: Vec<RowKey> = hits.iter().map(|hit| hit.row).filter(|row| !fresh.contains(row)).collect();
    let Before { counted: before, leases } = counted_before(tx, &repeats).await?;
    let mut each = Vec::with_capacity(hits.len());
    let mut new_hits = Vec::new();
    let mut first_of: HashMap<RowKey, Counted> = HashMap::new();
    for (index, hit) in hits.iter().enumerate() {
        let label = number(index)?;
        // Removed, so that of two in one batch the first is new.
        let counted = if fresh.remove(&hit.row) {
            let counted = Counted { label, new: true, late: hit.late };
            new_hits.push((label, hit));
            first_of.insert(hit.row, counted);
            counted
        } else if let Some((label, late)) = before.get(&hit.row) {
            Counted { label: *label, new: false, late: *late }
        } else {
            let first = first_of.get(&hit.row).copied().ok_or(DbError::Row("crash"))?;
            Counted { new: false, ..first }
        };
        each.push(counted);
    }
    let [hits, late_hits] = additions(&new_hits, shard, now_ms);
    let inserts = [bodies(&new_hits, now_ms), hits, late_hits, machines(&new_hits, known, now_ms)];
    insert_into_each(tx, inserts).await?;
    Ok(CountedBatch { each, leases, labels: made })
}

/// Writes down which crashes have been reported; those that had not been are returned.
async fn insert_seen(
    tx: &mut Tx,
    hits: &[Hit<'_>],
    number: &(dyn Fn(usize) -> Result<i64, DbError> + Sync),
    now_ms: i64,
) -> Result<HashSet<RowKey>, DbError> {
    let mut rows: BTreeMap<RowKey, usize> = BTreeMap::new();
    for (index, hit) in hits.iter().enumerate() {
        rows.entry(hit.row).or_insert(index);
    }
    let mut args = Vec::with_capacity(rows.len() * 6);
    for (row, index) in rows {
        let Some(hit) = hits.get(index) else { continue };
        args.extend([
            Arg::from(row.event_day),
            Arg::from(row.key16.as_slice()),
            Arg::from(number(index)?),
            Arg::from(hit.crash.key.kind.number()),
            Arg::from(hit.late),
            Arg::from(day_of(now_ms)),
        ]);
    }
    let before = "INSERT INTO seen (event_day, key16, label, kind, late, received_day)";
    let after = "ON CONFLICT DO NOTHING RETURNING event_day, key16";
    let inserted: Vec<(i64, Vec<u8>)> = insert(tx, before, after, 6, args).await?;
    inserted.into_iter().map(|(event_day, key16)| RowKey::of_columns(event_day, key16)).collect()
}

/// What was said of crashes that were told before.
#[derive(Default)]
struct Before {
    /// The label that each was counted under, and whether it was late.
    counted: HashMap<RowKey, (i64, bool)>,
    leases: HashMap<RowKey, Lease>,
}

#[derive(sqlx::FromRow)]
struct BeforeRow {
    event_day: i64,
    key16: Vec<u8>,
    label: i64,
    late: i64,
    state: Option<String>,
    token: Option<String>,
    memory_dump: Option<i64>,
    wants: Option<String>,
    expires_ms: Option<i64>,
}

async fn counted_before(tx: &mut Tx, repeats: &[RowKey]) -> Result<Before, DbError> {
    let mut before = Before::default();
    if repeats.is_empty() {
        return Ok(before);
    }
    let (days, keys) = RowKey::lists(repeats);
    let (among_days, among_keys) = (tx.among_numbers(1), tx.among_keys(2));
    let find = sql(format!(
        "SELECT seen.event_day, seen.key16, seen.label, seen.late, state, token, memory_dump, wants, expires_ms
         FROM seen LEFT JOIN lease ON lease.event_day = seen.event_day AND lease.key16 = seen.key16
         WHERE seen.event_day {among_days} AND seen.key16 {among_keys}"
    ));
    for row in tx.rows::<BeforeRow>(find.bind(days).bind(keys)).await? {
        let key = RowKey::of_columns(row.event_day, row.key16)?;
        before.counted.insert(key, (row.label, row.late != 0));
        let Some(state) = row.state else { continue };
        let wish = row.token.map(|token| CabWish {
            token,
            memory_dump: row.memory_dump.is_some_and(|flag| flag != 0),
            wants: row.wants.and_then(|wants| serde_json::from_str(&wants).ok()).unwrap_or_default(),
        });
        let expires_ms = row.expires_ms.unwrap_or_default();
        before.leases.insert(key, Lease { wish, state, expires_ms });
    }
    Ok(before)
}

fn bodies(new: &[(i64, &Hit<'_>)], now_ms: i64) -> Insert {
    let with_body = new.iter().filter(|(_, hit)| !hit.crash.body.is_empty());
    let rows = with_body.flat_map(|(_, hit)| {
        let (packing, body) = hit.crash.body.columns();
        [
            Arg::from(hit.row.event_day),
            Arg::from(hit.row.key16.as_slice()),
            Arg::from(now_ms),
            Arg::from(hit.machine.as_slice()),
            Arg::from(packing),
            Arg::from(body),
        ]
    });
    let before = "INSERT INTO raw (event_day, key16, received_ms, machine, packing, body)";
    Insert { before, after: "", columns: 6, rows: rows.collect() }
}

/// One addition per label and day, whatever the number of hits: those in time, and those that are late.
fn additions(new: &[(i64, &Hit<'_>)], shard: i64, now_ms: i64) -> [Insert; 2] {
    let mut counts: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    let mut late_counts: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for (label, hit) in new {
        let counts = if hit.late { &mut late_counts } else { &mut counts };
        *counts.entry((*label, hit.day)).or_default() += 1;
    }
    debug_assert!(late_counts.keys().all(|(_, day)| *day == day_of(now_ms)));
    let rows = counts
        .into_iter()
        .flat_map(|((label, day), count)| [label, day, shard, count, now_ms].map(Arg::from));
    let late_rows =
        late_counts.into_iter().flat_map(|((label, day), count)| [label, day, shard, count].map(Arg::from));
    [
        Insert {
            before: "INSERT INTO hits (label, day, shard, count, last_ms)",
            after: "ON CONFLICT (label, day, shard) DO UPDATE SET count = hits.count + excluded.count,
                last_ms = CASE WHEN hits.last_ms < excluded.last_ms THEN excluded.last_ms ELSE hits.last_ms END",
            columns: 5,
            rows: rows.collect(),
        },
        Insert {
            before: "INSERT INTO late_hits (label, day, shard, count)",
            after: "ON CONFLICT (label, day, shard) DO UPDATE SET count = late_hits.count + excluded.count",
            columns: 4,
            rows: late_rows.collect(),
        },
    ]
}

fn machines(new: &[(i64, &Hit<'_>)], known: &LabelMap, now_ms: i64) -> Insert {
    let counted = new
        .iter()
        .filter(|(_, hit)| !hit.late && !hit.machine.is_empty() && known.allows_machine(hit, now_ms));
    let machines: BTreeSet<_> =
        counted.map(|(label, hit)| (*label, hit.day, hit.machine.as_slice())).collect();
    let rows = machines
        .into_iter()
        .flat_map(|(label, day, machine)| [Arg::from(label), Arg::from(day), Arg::from(machine)]);
    let before = "INSERT INTO label_machine_day (label, day, machine)";
    Insert { before, after: "ON CONFLICT DO NOTHING", columns: 3, rows: rows.collect() }
}
