//! Group commit: crashes that come while a commit is under way wait for it and share the next. One crash alone waits for
//! nobody.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::commits::Commits;
use crate::hit::{Crash, HitAnswer};
use crate::limits::{
    COMMIT_WAIT_MS, MAX_GROUP, MAX_GROUP_WAIT, MAX_GROUPS_AT_ONCE, MAX_WAITING_HITS, MIN_GROUP_BESIDE,
    MIN_GROUP_BESIDE_ALONE, MIN_GROUP_TO_WAIT_FOR, WRITER_WAIT_MS,
};
use crate::record::HitWriter;
use crate::sql::Database;
use crate::{DbError, Store};

/// A crash that waits for its commit.
#[derive(Debug)]
struct Waiting {
    crash: Crash,
    now_ms: i64,
    answer: oneshot::Sender<Result<HitAnswer, DbError>>,
}

/// The way to the next commit.
#[derive(Clone, Debug)]
pub(crate) struct Group(mpsc::Sender<Waiting>, std::sync::Arc<Commits>);

impl Group {
    /// Begins to take crashes; ends when the last clone is dropped, after the last commit.
    pub(crate) fn start(writer: &HitWriter) -> Self {
        let (sender, receiver) = mpsc::channel(MAX_WAITING_HITS);
        let commits = std::sync::Arc::new(Commits::default());
        tokio::spawn(work(writer.clone(), receiver, std::sync::Arc::clone(&commits)));
        Self(sender, commits)
    }
}

/// When a commit is begun.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Hits that must wait for one beside another.
    beside: usize,
    /// The longest that the first hit waits for others.
    wait: Duration,
}

impl Pace {
    /// A commit of a database server costs many round trips, and the server may have other clients: few large ones pay.
    /// SQLite is this process's own, and idle while nobody commits.
    fn of(database: &Database) -> Self {
        if database.is_ours_alone() {
            Self { beside: MIN_GROUP_BESIDE_ALONE, wait: Duration::ZERO }
        } else {
            Self { beside: MIN_GROUP_BESIDE, wait: MAX_GROUP_WAIT }
        }
    }
}

/// One commit after the other: what comes meanwhile makes the next one larger, which costs less than many small ones. A
/// second one is begun beside the first where enough wait for it. Senders that were answered together come back one after
/// the other: the first of them waits a moment for the others, so that it does not have a commit of its own.
async fn work(writer: HitWriter, mut receiver: mpsc::Receiver<Waiting>, commits: std::sync::Arc<Commits>) {
    let mut waiting = Vec::with_capacity(MAX_GROUP);
    let mut under_way = JoinSet::new();
    let (mut is_open, mut last, mut took) = (true, 0, Duration::ZERO);
    let pace = Pace::of(&writer.database);
    let mut until = Instant::now();
    while is_open || !waiting.is_empty() {
        let (room, was_empty) = (MAX_GROUP - waiting.len(), waiting.is_empty());
        let is_early = !was_empty && Instant::now() < until;
        tokio::select! {
            // Where nobody is left who could send, what waits and what is under way goes on.
            came = receiver.recv_many(&mut waiting, room), if room > 0 && is_open => is_open = came > 0,
            Some(ended) = under_way.join_next() => took = ended.unwrap_or_default(),
            () = sleep_until(until.into()), if is_early => {}
            else => {}
        }
        if was_empty && last >= MIN_GROUP_TO_WAIT_FOR {
            until = Instant::now() + pace.wait.min(took);
        }
        let enough = match under_way.len() {
            0 if Instant::now() < until => last,
            0 => 1,
            beside if beside < MAX_GROUPS_AT_ONCE => pace.beside,
            _ => usize::MAX,
        };
        if !waiting.is_empty()
            && (waiting.len() >= enough || (!is_open && under_way.len() < MAX_GROUPS_AT_ONCE))
        {
            last = waiting.len();
            let (group, writer) = (std::mem::take(&mut waiting), writer.clone());
            let commits = std::sync::Arc::clone(&commits);
            under_way.spawn(async move {
                let (hits, begun) = (group.len(), Instant::now());
                commit(&writer, group).await;
                let took = begun.elapsed();
                commits.add(hits, took);
                took
            });
        }
    }
    while under_way.join_next().await.is_some() {}
}

async fn commit(writer: &HitWriter, waiting: Vec<Waiting>) {
    let now_ms = waiting.iter().map(|one| one.now_ms).max().unwrap_or_default();
    let hits = waiting.len();
    let (crashes, answers): (Vec<_>, Vec<_>) = waiting.into_iter().map(|one| (one.crash, one.answer)).unzip();
    let limit = Duration::from_millis(COMMIT_WAIT_MS);
    let recorded = timeout(limit, writer.record(&crashes, now_ms)).await.unwrap_or(Err(DbError::NoDatabase));
    match recorded {
        Ok(all) => {
            // Whoever has gone meanwhile is told nothing; the hit counts.
            answers.into_iter().zip(all).for_each(|(one, answer)| _ = one.send(Ok(answer)));
        }
        Err(error) if answers.len() == 1 => {
            if let Some(one) = answers.into_iter().next() {
                _ = one.send(Err(error));
            }
        }
        Err(error) if error.is_no_database() => {
            // Asked again for each, it would keep all of them, and those behind them, waiting for as many times as long.
            answers.into_iter().for_each(|one| _ = one.send(Err(DbError::NoDatabase)));
            tracing::warn!(error = %error, hits, "a commit failed, since the database does not answer");
        }
        Err(_) => {
            // One crash must not cost the others theirs.
            for (crash, one) in crashes.into_iter().zip(answers) {
                let answer = writer.record(&[crash], now_ms).await;
                _ = one.send(answer.and_then(|mut all| all.pop().ok_or(DbError::Row("answer"))));
            }
        }
    }
}

impl Store {
    /// What commits of hits did since the start.
    #[must_use]
    pub fn commits(&self) -> &Commits {
        &self.group.1
    }

    /// Crashes that wait for a commit, and how many may.
    #[must_use]
    pub fn waiting_hits(&self) -> (usize, usize) {
        let max = self.group.0.max_capacity();
        (max.saturating_sub(self.group.0.capacity()), max)
    }

    /// Counts the crash, if it is new, and decides whether its cab is wanted. The same crash told again gets the same
    /// answer with the same token, as long as that token is good. Committed on return, together with others that came
    /// at the same time.
    ///
    /// # Errors
    /// [`DbError::Sql`]; [`DbError::Busy`] where too many wait.
    pub async fn record_crash(&self, crash: &Crash, now_ms: i64) -> Result<HitAnswer, DbError> {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { crash: crash.clone(), now_ms, answer };
        let wait = Duration::from_millis(WRITER_WAIT_MS);
        match timeout(wait, self.group.0.send(waiting)).await {
            Ok(Ok(())) => answered.await.map_err(|_| DbError::Busy)?,
            _ => Err(DbError::Busy),
        }
    }
}
