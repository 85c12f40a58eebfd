//! Level 1: crashes become hits of their labels, each once, and perhaps the right to send a cab. A batch is one
//! transaction.

use std::sync::Arc;

use crate::count::{Counted, CountedBatch, LabelMap, count};
use crate::hit::{Crash, Hit, HitAnswer, Solution};
use crate::lease::{Asking, Closed, ask};
use crate::limits::MAX_TRIES;
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
}

impl HitWriter {
    /// A crash with what follows from it.
    pub(crate) fn hit<'a>(&self, crash: &'a Crash, now_ms: i64) -> Hit<'a> {
        Hit::new(crash, &self.policy, &self.names, now_ms)
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
        let orders = self.orders.read(&self.database, now_ms).await?;
        let mut tx = self.database.begin().await?;
        let CountedBatch { each, labels } = count(&mut tx, hits, &self.labels, self.shard, now_ms).await?;
        let mut told: Vec<_> = hits.iter().zip(&each).enumerate().collect();
        // Places last, label by label: see `count.rs` for why in order.
        told.sort_by_key(|(_, (_, counted))| counted.label);
        let mut answers = Vec::with_capacity(told.len());
        for (index, (hit, counted)) in told {
            answers.push((index, self.answer(&mut tx, hit, counted, &orders, now_ms).await?));
        }
        tx.commit().await?;
        self.labels.keep(labels);
        answers.sort_by_key(|(index, _)| *index);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    async fn answer(
        &self,
        tx: &mut Tx,
        hit: &Hit<'_>,
        counted: &Counted,
        orders: &Orders,
        now_ms: i64,
    ) -> Result<HitAnswer, DbError> {
        let plan = orders.plan(counted.label, hit.crash, &self.policy, now_ms);
        let asking = Asking { plan: &plan, policy: &self.policy, closed: &self.closed, now_ms };
        let wish = ask(tx, hit, counted.label, counted.new, &asking).await?;
        let solution = solve(tx, hit, counted, orders, now_ms).await?;
        Ok(HitAnswer { bucket: counted.label, counted: counted.new, late: counted.late, wish, solution })
    }
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
