//! Counting: labels, which crashes are new, exact counts per label and day, machines. One transaction for a whole batch.
//!
//! Everything that two processes may both write is written in sorted order, table after table in the order of this file
//! (then the places of `lease.rs`): they wait for each other at most once, and never in a circle.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use sha2::{Digest, Sha256};
use wer_model::{LABEL_VERSION, Signature, label};

use crate::DbError;
use crate::flood::{Flood, OVERFLOW_EVENT_TYPE};
use crate::hit::{Crash, Hit};
use crate::key::RowKey;
use crate::limits::MAX_LABELS_IN_MEMORY;
use crate::policy::Policy;
use crate::sql::{Arg, Tx, insert, sql};
use crate::time::day_of;

/// Tenant and hash of a label's key.
type LabelName = (i64, [u8; 32]);

/// Labels whose numbers are known. A number never changes, so that nothing here is ever wrong.
#[derive(Debug)]
pub(crate) struct LabelMap {
    numbers: Mutex<HashMap<LabelName, i64>>,
    flood: Flood,
    policy: Policy,
}

impl LabelMap {
    /// None known yet; new ones are made within the bounds of `policy`.
    pub(crate) fn new(policy: Policy) -> Self {
        Self { numbers: Mutex::default(), flood: Flood::default(), policy }
    }

    fn get(&self, name: &LabelName) -> Option<i64> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    /// Only for labels that are committed.
    pub(crate) fn keep(&self, labels: Vec<(LabelName, i64)>) {
        let mut map = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
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
    let mut fresh = insert_seen(tx, hits, &number, now_ms).await?;
    let repeats: Vec<RowKey> = hits.iter().map(|hit| hit.row).filter(|row| !fresh.contains(row)).collect();
    let before = counted_before(tx, &repeats).await?;
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
    keep_raw(tx, &new_hits, now_ms).await?;
    add_hits(tx, &new_hits, shard, now_ms).await?;
    add_machines(tx, &new_hits, known, now_ms).await?;
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
    if unknown.is_empty() {
        return Ok((numbers, Vec::new()));
    }
    let Labels { made, overflowed } = find_or_make(tx, unknown, known, now_ms).await?;
    numbers.extend(made.iter().copied());
    numbers.extend(overflowed);
    Ok((numbers, made))
}

/// Labels that were not in memory.
struct Labels {
    made: Vec<(LabelName, i64)>,
    /// Too many new ones came: for now these have the number of the label for all that overflows.
    overflowed: Vec<(LabelName, i64)>,
}

async fn find_or_make(
    tx: &mut Tx,
    mut unknown: BTreeMap<LabelName, &Hit<'_>>,
    known: &LabelMap,
    now_ms: i64,
) -> Result<Labels, DbError> {
    let mut found = find_labels(tx, &unknown).await?;
    found.iter().for_each(|(name, _)| _ = unknown.remove(name));
    let mut beyond = Vec::new();
    unknown.retain(|name, hit| {
        let allowed = known.flood.allows_label(hit.crash, &known.policy, now_ms);
        if !allowed {
            beyond.push(*name);
        }
        allowed
    });
    let mut overflowed = Vec::with_capacity(beyond.len());
    let mut of_tenants = BTreeMap::new();
    for name in beyond {
        let (overflow, number) = match of_tenants.get(&name.0) {
            Some(label) => *label,
            None => overflow_label(tx, name.0, known, now_ms).await?,
        };
        of_tenants.insert(name.0, (overflow, number));
        overflowed.push((name, number));
    }
    found.extend(of_tenants.into_values());
    if unknown.is_empty() {
        return Ok(Labels { made: found, overflowed });
    }
    let made = make_labels(tx, &unknown, now_ms).await?;
    made.iter().for_each(|(name, _)| _ = unknown.remove(name));
    found.extend(made);
    if !unknown.is_empty() {
        // Another process made them meanwhile, and has committed: the insert waited for that.
        found.extend(find_labels(tx, &unknown).await?);
    }
    Ok(Labels { made: found, overflowed })
}

/// The tenant's label for all that overflows.
async fn overflow_label(
    tx: &mut Tx,
    tenant: i64,
    known: &LabelMap,
    now_ms: i64,
) -> Result<(LabelName, i64), DbError> {
    let signature = Signature { event_type: OVERFLOW_EVENT_TYPE.to_owned(), parameters: Vec::new() };
    let crash = Crash { tenant, signature, ..Crash::default() };
    let name = (tenant, label_hash(&crash));
    if let Some(number) = known.get(&name) {
        return Ok((name, number));
    }
    let row = RowKey { event_day: 0, key16: [0; 16] };
    let hit = Hit { crash: &crash, row, machine: Vec::new(), late: false, day: 0 };
    let names = BTreeMap::from([(name, &hit)]);
    let mut rows = make_labels(tx, &names, now_ms).await?;
    if rows.is_empty() {
        rows = find_labels(tx, &names).await?;
    }
    rows.first().copied().ok_or(DbError::Row("label"))
}

async fn find_labels(
    tx: &mut Tx,
    names: &BTreeMap<LabelName, &Hit<'_>>,
) -> Result<Vec<(LabelName, i64)>, DbError> {
    let tenants: BTreeSet<i64> = names.keys().map(|(tenant, _)| *tenant).collect();
    let (among_tenants, among_hashes) = (tx.among_numbers(1), tx.among_keys(2));
    let find = sql(format!(
        "SELECT tenant, key_hash, n FROM label WHERE tenant {among_tenants} AND key_hash {among_hashes}"
    ));
    let find = find
        .bind(tenants.into_iter().collect::<Vec<_>>())
        .bind(names.keys().map(|(_, hash)| hash.to_vec()).collect::<Vec<_>>());
    let rows = named(tx.rows(find).await?)?;
    Ok(rows.into_iter().filter(|(name, _)| names.contains_key(name)).collect())
}

async fn make_labels(
    tx: &mut Tx,
    names: &BTreeMap<LabelName, &Hit<'_>>,
    now_ms: i64,
) -> Result<Vec<(LabelName, i64)>, DbError> {
    let mut rows = Vec::with_capacity(names.len() * 7);
    for ((tenant, hash), hit) in names {
        let signature = &hit.crash.signature;
        let parameters =
            serde_json::to_string(&signature.parameters).map_err(|_| DbError::Row("parameter list"))?;
        rows.extend([
            Arg::from(*tenant),
            Arg::from(hash.as_slice()),
            Arg::from(i64::from(LABEL_VERSION)),
            Arg::from(&signature.event_type),
            Arg::from(&hit.crash.application),
            Arg::from(parameters),
            Arg::from(now_ms),
        ]);
    }
    let before =
        "INSERT INTO label (tenant, key_hash, version, event_type, application, parameters, first_seen_ms)";
    let after = "ON CONFLICT (tenant, key_hash) DO NOTHING RETURNING tenant, key_hash, n";
    named(insert(tx, before, after, 7, rows).await?)
}

fn named(rows: Vec<(i64, Vec<u8>, i64)>) -> Result<Vec<(LabelName, i64)>, DbError> {
    rows.into_iter()
        .map(|(tenant, hash, number)| {
            let hash = hash.try_into().map_err(|_| DbError::Row("label"))?;
            Ok(((tenant, hash), number))
        })
        .collect()
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

/// Repeats have the label that they were counted under.
async fn counted_before(tx: &mut Tx, repeats: &[RowKey]) -> Result<HashMap<RowKey, (i64, bool)>, DbError> {
    if repeats.is_empty() {
        return Ok(HashMap::new());
    }
    let (days, keys) = RowKey::lists(repeats);
    let (among_days, among_keys) = (tx.among_numbers(1), tx.among_keys(2));
    let find = sql(format!(
        "SELECT event_day, key16, label, late FROM seen WHERE event_day {among_days} AND key16 {among_keys}"
    ));
    let rows: Vec<(i64, Vec<u8>, i64, i64)> = tx.rows(find.bind(days).bind(keys)).await?;
    rows.into_iter()
        .map(|(day, key, label, late)| Ok((RowKey::of_columns(day, key)?, (label, late != 0))))
        .collect()
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

async fn add_machines(
    tx: &mut Tx,
    new: &[(i64, &Hit<'_>)],
    known: &LabelMap,
    now_ms: i64,
) -> Result<(), DbError> {
    let counted = new.iter().filter(|(_, hit)| {
        !hit.late
            && !hit.machine.is_empty()
            && known.flood.allows_machine(hit.crash, &hit.machine, &known.policy, now_ms)
    });
    let machines: BTreeSet<_> =
        counted.map(|(label, hit)| (*label, hit.day, hit.machine.as_slice())).collect();
    let args = machines
        .into_iter()
        .flat_map(|(label, day, machine)| [Arg::from(label), Arg::from(day), Arg::from(machine)]);
    let before = "INSERT INTO label_machine_day (label, day, machine)";
    insert::<(i64,)>(tx, before, "ON CONFLICT DO NOTHING", 3, args.collect()).await?;
    Ok(())
}
