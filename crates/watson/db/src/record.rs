//! Level 1: crashes become hits of their labels, each once, and perhaps the right to send a cab. A batch is one
//! transaction.

use std::sync::Arc;

use crate::ask::{Asked, ask};
use crate::closed::Closed;
use crate::count::{Counted, CountedBatch, LabelMap, count};
use crate::hit::{Crash, Hit, HitAnswer, Solution};
use crate::limits::MAX_TRIES;
use crate::machine::MachineNotes;
use crate::orders::{OrderBook, Orders};
use crate::policy::Policy;
use crate::pseudonym::Pseudonyms;
use crate::rule::has_fix;
use crate::sql::{Database, Tx, sql};
use crate::{DbError, Store};

/// What writing hits needs. Clones share all of it.
#[derive(Clone, Debug)]
pub(crate) struct HitWriter {
    pub(crate) database: Database,
    pub(crate) policy: Policy,
    pub(crate) names: Pseudonyms,
    /// This process's part of the counters.
    pub(crate) shard: i64,
    pub(crate) labels: Arc<LabelMap>,
    pub(crate) closed: Arc<Closed>,
    pub(crate) orders: Arc<OrderBook>,
    pub(crate) machines: Arc<MachineNotes>,
}

impl HitWriter {
    /// A crash with what follows from it.
    pub(crate) fn hit<'a>(&self, crash: &'a Crash, now_ms: i64) -> Hit<'a> {
        Hit::new(crash, &self.policy, &self.names, now_ms)
    }

    /// What is in force, as it was a moment ago.
    pub(crate) async fn orders(&self, now_ms: i64) -> Result<Arc<Orders>, DbError> {
        self.orders.read(&self.database, &self.closed, now_ms).await
    }

    /// Counts a batch and answers each crash. Committed on return, or nothing of it.
    pub(crate) async fn record(&self, batch: &[Crash], now_ms: i64) -> Result<Vec<HitAnswer>, DbError> {
        let hits: Vec<Hit<'_>> = batch.iter().map(|crash| self.hit(crash, now_ms)).collect();
        let mut tries = 1;
        loop {
            match self.record_once(&hits, now_ms).await {
                Err(error) if error.is_conflict() && tries < MAX_TRIES => tries += 1,
                done => return done,
            }
        }
    }

    async fn record_once(&self, hits: &[Hit<'_>], now_ms: i64) -> Result<Vec<HitAnswer>, DbError> {
        let orders = self.orders(now_ms).await?;
        let mut tx = self.database.begin().await?;
        let CountedBatch { each, leases, labels } =
            count(&mut tx, hits, &self.labels, self.shard, now_ms).await?;
        let asked: Vec<Asked<'_>> = hits
            .iter()
            .zip(each)
            .map(|(hit, counted)| {
                let plan = orders.plan(counted.label, hit.crash, &self.policy, now_ms);
                Asked { hit, counted, plan }
            })
            .collect();
        let wishes = ask(&mut tx, &asked, &leases, &self.policy, &self.closed, now_ms).await?;
        let solutions = solve_all(&mut tx, &asked, &orders, now_ms).await?;
        tx.commit().await?;
        self.labels.keep(labels);
        hits.iter().for_each(|hit| self.machines.note(hit, now_ms));
        self.closed.add(wishes.full, now_ms);
        let answers = asked.iter().zip(wishes.each).zip(solutions);
        Ok(answers
            .map(|((Asked { counted, .. }, wish), solution)| HitAnswer {
                bucket: counted.label,
                counted: counted.new,
                late: counted.late,
                wish,
                solution,
            })
            .collect())
    }
}

/// What each machine is told. Regressions are written last, label by label: see `count.rs` for why in order.
async fn solve_all(
    tx: &mut Tx,
    asked: &[Asked<'_>],
    orders: &Orders,
    now_ms: i64,
) -> Result<Vec<Option<Solution>>, DbError> {
    let mut order: Vec<(i64, &str, usize)> = asked
        .iter()
        .enumerate()
        .map(|(index, one)| (one.counted.label, one.hit.crash.application_version.as_str(), index))
        .collect();
    order.sort_unstable();
    let mut solutions = vec![None; asked.len()];
    for (.., index) in order {
        if let (Some(one), Some(solution)) = (asked.get(index), solutions.get_mut(index)) {
            *solution = solve(tx, one.hit, &one.counted, orders, now_ms).await?;
        }
    }
    Ok(solutions)
}

/// What the machine is told. A new hit of a version that should have the fix is written down as a regression.
pub(crate) async fn solve(
    tx: &mut Tx,
    hit: &Hit<'_>,
    counted: &Counted,
    orders: &Orders,
    now_ms: i64,
) -> Result<Option<Solution>, DbError> {
    let Some(solution) = orders.solution(counted.label, hit.crash) else { return Ok(None) };
    let version = &hit.crash.application_version;
    let regressed = solution.fixed_in.as_deref().is_some_and(|fixed_in| has_fix(version, fixed_in));
    if regressed && counted.new && !counted.late {
        tx.execute(
            sql("INSERT INTO regression (solution, label, version, count, first_ms, last_ms)
                 VALUES ($1, $2, $3, 1, $4, $4) ON CONFLICT (solution, label, version)
                 DO UPDATE SET count = regression.count + 1, last_ms = excluded.last_ms")
            .bind(solution.id)
            .bind(counted.label)
            .bind(version)
            .bind(now_ms),
        )
        .await?;
    }
    Ok(Some(solution.clone()))
}

impl Store {
    /// Counts a batch of crashes in one transaction and answers each, in the batch's order. A crash counts once,
    /// whatever the batch. Committed on return; on an error, nothing of it is.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn record_hits(&self, batch: &[Crash], now_ms: i64) -> Result<Vec<HitAnswer>, DbError> {
        self.hits.record(batch, now_ms).await
    }
}
