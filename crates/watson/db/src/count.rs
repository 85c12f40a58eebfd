//! Counting: labels, which crashes are new, exact counts per label and day, machines. One transaction for a whole batch.
//!
//! Everything that two processes may both write is written in sorted order, table after table in the order of this file
//! (then the places of `lease.rs`): they wait for each other at most once, and never in a circle.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use wer_model::{LABEL_VERSION, label};

use crate::DbError;
use crate::hit::{Crash, Hit};
use crate::key::RowKey;
use crate::limits::MAX_LABELS_IN_MEMORY;
use crate::sql::{Arg, Tx, insert, sql};
use crate::time::day_of;

/// Tenant and hash of a label's key.
type LabelName = (i64, [u8; 32]);

/// Labels whose numbers are known. A number never changes, so that nothing here is ever wrong.
#[derive(Debug, Default)]
pub(crate) struct LabelMap(Mutex<HashMap<LabelName, i64>>);

impl LabelMap {
    fn get(&self, name: &LabelName) -> Option<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    /// Only for labels that are committed.
    pub(crate) fn keep(&self, labels: Vec<(LabelName, i64)>) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() + labels.len() > MAX_LABELS_IN_MEMORY {
            map.clear();
        }
        map.extend(labels);
    }
}

/// What counting said of one crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) label: i64,
    /// It had not been reported before.
    pub(crate) new: bool,
    pub(crate) late: bool,
}

/// What counting said of a batch: an answer for each crash, and labels to keep once they are committed.
pub(crate) struct CountedBatch {
    pub(crate) each: Vec<Counted>,
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
    let mut fresh = insert_seen(tx, hits, &number).await?;
    let mut each = Vec::with_capacity(hits.len());
    let mut new_hits = Vec::new();
    for (index, hit) in hits.iter().enumerate() {
        // Removed, so that of two in one batch the first is new.
        if fresh.remove(&hit.row) {
            new_hits.push((number(index)?, hit));
            each.push(Counted { label: number(index)?, new: true, late: hit.late });
        } else {
            each.push(counted_before(tx, hit, number(index)?).await?);
        }
    }
    keep_raw(tx, &new_hits, now_ms).await?;
    add_hits(tx, &new_hits, shard, now_ms).await?;
    add_machines(tx, &new_hits).await?;
    Ok(CountedBatch { each, labels: made })
}

fn name(hit: &Hit<'_>) -> LabelName {
    (hit.crash.tenant, label_hash(hit.crash))
}

/// The hash by which a tenant's labels are told apart.
pub(crate) fn label_hash(crash: &Crash) -> [u8; 32] {
    Sha256::digest(label(&crash.signature)).into()
}

async fn label_numbers(
    tx: &mut Tx,
    hits: &[Hit<'_>],
    names: &[LabelName],
    known: &LabelMap,
    now_ms: i64,
) -> Result<(HashMap<LabelName, i64>, Vec<(LabelName, i64)>), DbError> {
    let mut numbers = HashMap::with_capacity(names.len());
    let mut unknown: BTreeMap<LabelName, &Hit<'_>> = BTreeMap::new();
    for (name, hit) in names.iter().zip(hits) {
        match known.get(name) {
            Some(number) => _ = numbers.insert(*name, number),
            None => _ = unknown.entry(*name).or_insert(hit),
        }
    }
    let mut made = Vec::with_capacity(unknown.len());
    for (name, hit) in unknown {
        let number = label_number(tx, &name, hit, now_ms).await?;
        numbers.insert(name, number);
        made.push((name, number));
    }
    Ok((numbers, made))
}

async fn label_number(tx: &mut Tx, name: &LabelName, hit: &Hit<'_>, now_ms: i64) -> Result<i64, DbError> {
    if let Some(number) = find_label(tx, name).await? {
        return Ok(number);
    }
    let signature = &hit.crash.signature;
    let parameters =
        serde_json::to_string(&signature.parameters).map_err(|_| DbError::Row("parameter list"))?;
    let made: Option<(i64,)> = tx
        .row(
            sql("INSERT INTO label (tenant, key_hash, version, event_type, application, parameters, first_seen_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, key_hash) DO NOTHING RETURNING n")
            .bind(name.0)
            .bind(name.1.as_slice())
            .bind(i64::from(LABEL_VERSION))
            .bind(&signature.event_type)
            .bind(&hit.crash.application)
            .bind(parameters)
            .bind(now_ms),
        )
        .await?;
    match made {
        Some((number,)) => Ok(number),
        // Another process made it meanwhile, and has committed it: the insert waited for that.
        None => find_label(tx, name).await?.ok_or(DbError::Row("label")),
    }
}

async fn find_label(tx: &mut Tx, name: &LabelName) -> Result<Option<i64>, DbError> {
    let found =
        sql("SELECT n FROM label WHERE tenant = $1 AND key_hash = $2").bind(name.0).bind(name.1.as_slice());
    Ok(tx.row::<(i64,)>(found).await?.map(|(number,)| number))
}

/// Writes down which crashes have been reported; those that had not been are returned.
async fn insert_seen(
    tx: &mut Tx,
    hits: &[Hit<'_>],
    number: &(dyn Fn(usize) -> Result<i64, DbError> + Sync),
) -> Result<HashSet<RowKey>, DbError> {
    let mut rows: BTreeMap<RowKey, usize> = BTreeMap::new();
    for (index, hit) in hits.iter().enumerate() {
        rows.entry(hit.row).or_insert(index);
    }
    let mut args = Vec::with_capacity(rows.len() * 5);
    for (row, index) in rows {
        let Some(hit) = hits.get(index) else { continue };
        args.extend([
            Arg::from(row.event_day),
            Arg::from(row.key16.as_slice()),
            Arg::from(number(index)?),
            Arg::from(hit.crash.key.kind.number()),
            Arg::from(hit.late),
        ]);
    }
    let before = "INSERT INTO seen (event_day, key16, label, kind, late)";
    let after = "ON CONFLICT DO NOTHING RETURNING event_day, key16";
    let inserted: Vec<(i64, Vec<u8>)> = insert(tx, before, after, 5, args).await?;
    inserted
        .into_iter()
        .map(|(event_day, key16)| {
            let key16 = key16.try_into().map_err(|_| DbError::Row("key"))?;
            Ok(RowKey { event_day, key16 })
        })
        .collect()
}

/// A repeat has the label that it was counted under.
async fn counted_before(tx: &mut Tx, hit: &Hit<'_>, label: i64) -> Result<Counted, DbError> {
    let before: Option<(i64, i64)> = tx
        .row(
            sql("SELECT label, late FROM seen WHERE event_day = $1 AND key16 = $2")
                .bind(hit.row.event_day)
                .bind(hit.row.key16.as_slice()),
        )
        .await?;
    let (label, late) = before.unwrap_or((label, i64::from(hit.late)));
    Ok(Counted { label, new: false, late: late != 0 })
}

async fn keep_raw(tx: &mut Tx, new: &[(i64, &Hit<'_>)], now_ms: i64) -> Result<(), DbError> {
    let with_body = new.iter().filter(|(_, hit)| !hit.crash.body.is_empty());
    let args = with_body.flat_map(|(_, hit)| {
        [
            Arg::from(hit.row.event_day),
            Arg::from(hit.row.key16.as_slice()),
            Arg::from(now_ms),
            Arg::from(hit.machine.as_slice()),
            Arg::from(hit.crash.body.as_slice()),
        ]
    });
    let before = "INSERT INTO raw (event_day, key16, received_ms, machine, body)";
    insert::<(i64,)>(tx, before, "", 5, args.collect()).await?;
    Ok(())
}

/// One addition per label and day, whatever the number of hits.
async fn add_hits(tx: &mut Tx, new: &[(i64, &Hit<'_>)], shard: i64, now_ms: i64) -> Result<(), DbError> {
    let mut counts: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    let mut late_counts: BTreeMap<(i64, i64), i64> = BTreeMap::new();
    for (label, hit) in new {
        let counts = if hit.late { &mut late_counts } else { &mut counts };
        *counts.entry((*label, hit.day)).or_default() += 1;
    }
    let args = counts
        .into_iter()
        .flat_map(|((label, day), count)| [label, day, shard, count, now_ms].map(Arg::from));
    let before = "INSERT INTO hits (label, day, shard, count, last_ms)";
    let after = "ON CONFLICT (label, day, shard) DO UPDATE SET count = hits.count + excluded.count,
        last_ms = CASE WHEN hits.last_ms < excluded.last_ms THEN excluded.last_ms ELSE hits.last_ms END";
    insert::<(i64,)>(tx, before, after, 5, args.collect()).await?;
    debug_assert!(late_counts.keys().all(|(_, day)| *day == day_of(now_ms)));
    let args =
        late_counts.into_iter().flat_map(|((label, day), count)| [label, day, shard, count].map(Arg::from));
    let before = "INSERT INTO late_hits (label, day, shard, count)";
    let after = "ON CONFLICT (label, day, shard) DO UPDATE SET count = late_hits.count + excluded.count";
    insert::<(i64,)>(tx, before, after, 4, args.collect()).await?;
    Ok(())
}

async fn add_machines(tx: &mut Tx, new: &[(i64, &Hit<'_>)]) -> Result<(), DbError> {
    let counted = new.iter().filter(|(_, hit)| !hit.late && !hit.machine.is_empty());
    let machines: BTreeSet<_> =
        counted.map(|(label, hit)| (*label, hit.day, hit.machine.as_slice())).collect();
    let args = machines
        .into_iter()
        .flat_map(|(label, day, machine)| [Arg::from(label), Arg::from(day), Arg::from(machine)]);
    let before = "INSERT INTO label_machine_day (label, day, machine)";
    insert::<(i64,)>(tx, before, "ON CONFLICT DO NOTHING", 3, args.collect()).await?;
    Ok(())
}
