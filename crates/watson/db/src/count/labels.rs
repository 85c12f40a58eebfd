//! Labels: from what a crash was to its bucket's number. Numbers are remembered; those that are not known yet are looked
//! up, and made, in one statement each for a whole batch.

use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// Tenant and hash of a label's key.
pub(super) type LabelName = (i64, [u8; 32]);

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

    /// Whether one more machine of a bucket is counted.
    pub(super) fn allows_machine(&self, hit: &Hit<'_>, now_ms: i64) -> bool {
        self.flood.allows_machine(hit.crash, &hit.machine, &self.policy, now_ms)
    }
}

pub(super) fn name(hit: &Hit<'_>) -> LabelName {
    (hit.crash.tenant, label_hash(hit.crash))
}

/// The hash by which a tenant's labels are told apart.
pub(crate) fn label_hash(crash: &Crash) -> [u8; 32] {
    Sha256::digest(label(&crash.signature)).into()
}

pub(super) async fn label_numbers(
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
