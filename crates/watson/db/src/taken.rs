//! Which places are taken: of a bucket, by a machine, by a network. One statement for all of a commit.

use std::collections::HashMap;

use crate::DbError;
use crate::closed::QuotaKey;
use crate::hit::Hit;
use crate::limits::{ASK_AGAIN_MS, NETWORK_REST_MS};
use crate::policy::Taken;
use crate::sql::{Tx, sql};

/// Bucket, data policy, and a machine or a network.
type SenderKey = (QuotaKey, Vec<u8>);

/// What is taken. What is not named has nothing.
#[derive(Debug, Default)]
pub(crate) struct TakenPlaces {
    /// What buckets have or may still get, and when the first of their places expires.
    pub(crate) counts: HashMap<QuotaKey, (Taken, i64)>,
    /// Places that machines have had; one that let its lease expire is left alone for a while.
    pub(crate) of_machines: HashMap<SenderKey, i64>,
    /// Places that networks hold, or have let expire a moment ago, without having sent anything useful for them.
    pub(crate) of_networks: HashMap<SenderKey, i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    what: i64,
    label: i64,
    policy: i64,
    sender: Option<Vec<u8>>,
    places: i64,
    memory_dumps: i64,
    spoiled: i64,
    until_ms: Option<i64>,
}

const BUCKETS: i64 = 0;
const MACHINES: i64 = 1;

/// Of these labels, and of these senders among them. Whoever wants to take one must hold the labels' rows.
pub(crate) async fn taken_places<'a>(
    tx: &mut Tx,
    labels: Vec<i64>,
    senders: impl Iterator<Item = &'a Hit<'a>>,
    now_ms: i64,
) -> Result<TakenPlaces, DbError> {
    let (mut machines, mut networks) = (Vec::new(), Vec::new());
    for hit in senders {
        for (all, one) in [(&mut machines, &hit.machine), (&mut networks, &hit.crash.network)] {
            if !one.is_empty() {
                all.push(one.clone());
            }
        }
    }
    let (of_labels, of_machines, of_networks) = (tx.among_numbers(1), tx.among_keys(3), tx.among_keys(4));
    let find = sql(format!(
        "SELECT CAST({BUCKETS} AS BIGINT) AS what, label, policy, NULL AS sender, CAST(sum(good) AS BIGINT) AS places,
                CAST(sum(good * memory_dump) AS BIGINT) AS memory_dumps, CAST(sum(spoiled) AS BIGINT) AS spoiled,
                min(lent_until_ms) AS until_ms
         FROM (SELECT label, policy, memory_dump, CASE WHEN state = 'spoiled' THEN 1 ELSE 0 END AS spoiled,
                      CASE WHEN state = 'used' OR (state = 'open' AND expires_ms > $2) THEN 1 ELSE 0 END AS good,
                      CASE WHEN state = 'open' AND expires_ms > $2 THEN expires_ms END AS lent_until_ms
               FROM lease WHERE label {of_labels}) AS one
         GROUP BY label, policy
         UNION ALL
         SELECT {MACHINES}, label, policy, machine, count(*), 0, 0, NULL FROM lease
         WHERE label {of_labels} AND machine {of_machines} AND (state <> 'open' OR expires_ms > $5)
         GROUP BY label, policy, machine
         UNION ALL
         SELECT 2, label, policy, network, count(*), 0, 0, NULL FROM lease
         WHERE label {of_labels} AND network {of_networks} AND state <> 'used' AND expires_ms > $6
         GROUP BY label, policy, network"
    ));
    let find = find
        .bind(labels)
        .bind(now_ms)
        .bind(machines)
        .bind(networks)
        .bind(now_ms.saturating_sub(ASK_AGAIN_MS))
        .bind(now_ms.saturating_sub(NETWORK_REST_MS));
    let mut taken = TakenPlaces::default();
    for row in tx.rows::<Row>(find).await? {
        let quota_key = (row.label, row.policy);
        match row.sender {
            None => {
                let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
                let places = Taken {
                    cabs: count(row.places),
                    memory_dumps: count(row.memory_dumps),
                    spoiled: count(row.spoiled),
                };
                taken.counts.insert(quota_key, (places, row.until_ms.unwrap_or(i64::MAX)));
            }
            Some(sender) => {
                let of = if row.what == MACHINES { &mut taken.of_machines } else { &mut taken.of_networks };
                of.insert((quota_key, sender), row.places);
            }
        }
    }
    Ok(taken)
}
