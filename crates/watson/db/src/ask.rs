//! Which machines of a batch are asked for a cab. A few statements for all of them, whatever their number.

use std::collections::{BTreeMap, HashMap};

use crate::DbError;
use crate::closed::{Closed, QuotaKey};
use crate::count::Counted;
use crate::hit::{CabWish, Collect, Hit};
use crate::key::RowKey;
use crate::lease::{Lease, Place, PlaceState, lock_labels, random_token, take_places};
use crate::orders::Plan;
use crate::policy::{Policy, Taken};
use crate::sql::Tx;
use crate::taken::{TakenPlaces, taken_places};

/// A hit that was counted, and what holds for it.
pub(crate) struct Asked<'a> {
    pub(crate) hit: &'a Hit<'a>,
    pub(crate) counted: Counted,
    pub(crate) plan: Plan,
}

/// What was decided.
pub(crate) struct Wishes {
    /// Of each that was asked about, in their order.
    pub(crate) each: Vec<Option<CabWish>>,
    /// Buckets without a free place, and until when at least: for [`Closed`], once it is committed.
    pub(crate) full: Vec<(QuotaKey, i64)>,
}

/// One that gets a place where there is room.
struct Candidate<'a> {
    asked: &'a Asked<'a>,
    /// It had a place that has expired, and is not new to its bucket.
    renewed: bool,
}

/// The cabs that are wanted. A crash that has a good lease keeps it; one that is new, or whose lease has expired, gets
/// one where there is room.
pub(crate) async fn ask(
    tx: &mut Tx,
    asked: &[Asked<'_>],
    leases: &HashMap<RowKey, Lease>,
    policy: &Policy,
    closed: &Closed,
    now_ms: i64,
) -> Result<Wishes, DbError> {
    let mut each = vec![None; asked.len()];
    // By label and crash: whoever locks labels does it in their order. A crash that stands in the batch twice is one.
    let mut candidates: BTreeMap<(i64, RowKey), Candidate<'_>> = BTreeMap::new();
    for (one, wish) in asked.iter().zip(&mut each) {
        let mut renewed = false;
        if let Some(lease) = leases.get(&one.hit.row) {
            let good = lease.is_good(now_ms);
            if good {
                wish.clone_from(&lease.wish);
            }
            renewed = !good && lease.wish.is_some() && lease.state == "open";
            if !renewed {
                continue;
            }
        }
        if !one.hit.late
            && one.hit.crash.collect != Collect::Nothing
            && !closed.holds(one.quota_key(), now_ms)
        {
            candidates.entry((one.counted.label, one.hit.row)).or_insert(Candidate { asked: one, renewed });
        }
    }
    if candidates.is_empty() {
        return Ok(Wishes { each, full: Vec::new() });
    }
    let (given, full) = give(tx, &candidates, policy, now_ms).await?;
    for (one, wish) in asked.iter().zip(&mut each) {
        if wish.is_none() && candidates.contains_key(&(one.counted.label, one.hit.row)) {
            *wish = given.get(&one.hit.row).cloned();
        }
    }
    Ok(Wishes { each, full })
}

impl Asked<'_> {
    fn quota_key(&self) -> QuotaKey {
        (self.counted.label, self.plan.policy)
    }
}

/// Takes places as far as there are any.
async fn give(
    tx: &mut Tx,
    candidates: &BTreeMap<(i64, RowKey), Candidate<'_>>,
    policy: &Policy,
    now_ms: i64,
) -> Result<(HashMap<RowKey, CabWish>, Vec<(QuotaKey, i64)>), DbError> {
    let mut labels: Vec<i64> = candidates.keys().map(|(label, _)| *label).collect();
    labels.dedup();
    lock_labels(tx, &labels).await?;
    let senders = candidates.values().map(|candidate| candidate.asked.hit);
    let TakenPlaces { mut counts, of_machines: mut had, of_networks: mut lent } =
        taken_places(tx, labels, senders, now_ms).await?;
    let mut full = HashMap::new();
    let mut places = Vec::new();
    for Candidate { asked, renewed } in candidates.values() {
        let quota_key = asked.quota_key();
        let (taken, until_ms) = counts.entry(quota_key).or_insert((Taken::default(), i64::MAX));
        let Some(wish) = asked.plan.quota.wish(*taken) else {
            full.insert(quota_key, *until_ms);
            continue;
        };
        let hit = asked.hit;
        let had = had.entry((quota_key, hit.machine.clone())).or_insert(0);
        let known = !hit.machine.is_empty();
        if !renewed && known && *had >= i64::from(asked.plan.quota.per_machine) {
            continue;
        }
        let lent = lent.entry((quota_key, hit.crash.network.clone())).or_insert(0);
        if !hit.crash.network.is_empty() && *lent >= network_share(asked.plan.quota.wanted) {
            continue;
        }
        *lent += 1;
        let expires_ms = now_ms.saturating_add(policy.lease_ms_for(hit.crash.event_ms, now_ms));
        *had += 1;
        *until_ms = (*until_ms).min(expires_ms);
        let memory_dump = wish.memory_dump && hit.crash.collect == Collect::All;
        taken.cabs += 1;
        taken.memory_dumps += u32::from(memory_dump);
        let wish = CabWish { token: random_token()?, memory_dump, wants: asked.plan.wants.clone() };
        places.push(Place {
            hit,
            label: asked.counted.label,
            policy: asked.plan.policy,
            wish: Some(wish),
            state: PlaceState::Open,
            made_ms: now_ms,
            expires_ms,
        });
    }
    let done = take_places(tx, &places).await?;
    let given = places.into_iter().filter(|place| done.contains(&place.hit.row));
    let given = given.filter_map(|place| place.wish.map(|wish| (place.hit.row, wish))).collect();
    Ok((given, full.into_iter().collect()))
}

/// Places without a cab that one network may hold at once: half of what is wanted, so that one sender with many names does
/// not keep a bucket from everybody else.
fn network_share(wanted: u32) -> i64 {
    i64::from(wanted.div_ceil(2).max(1))
}
