//! The worker: takes analysis jobs from the store, has each analysed by a child, keeps what it found. A child that dies,
//! hangs or lies costs its own report three attempts and nobody else anything.

use std::borrow::Cow;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use watson_db::{
    AnalysisJobRow, BlobFile, DbError, JobFailure, PrivacyRules, Reading, Store, SymbolFolder, time,
};
use watson_intake::privacy::Cleaner;

use crate::limits::{JOB_HOLD_MS, JOB_POLL_MS, MAX_ANALYSES_AT_ONCE, MAX_ATTEMPTS, RETRY_DELAY_MS};

/// What an analysis is given. Paths are the server's own.
#[derive(Clone, Debug)]
pub struct AnalysisInput {
    /// The cab.
    pub cab: BlobFile,
    /// Uploaded symbols.
    pub symbols: PathBuf,
    /// Folder for files of the analysis; emptied at the server's start.
    pub work_dir: PathBuf,
}

/// Why an analysis gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalysisFailure {
    /// For the report's page.
    pub why: String,
    /// Another attempt would end the same way.
    pub hopeless: bool,
}

/// What an analysis gives: the reading, or why there is none.
pub type AnalysisAnswer = Result<Reading, AnalysisFailure>;

/// How cabs are analysed: by a child process, or by a test.
pub type Analyzer =
    Arc<dyn Fn(AnalysisInput) -> Pin<Box<dyn Future<Output = AnalysisAnswer> + Send>> + Send + Sync>;

/// The job that a hand is at.
type Held = Mutex<Option<AnalysisJobRow>>;

/// Takes and ends jobs.
#[derive(Clone)]
pub struct Worker {
    /// Jobs and blobs.
    pub store: Arc<Store>,
    /// Rings when a job was made.
    pub job_made: Arc<Notify>,
    /// Analyses.
    pub analyzer: Analyzer,
    /// What becomes of names where no rule of the store says so.
    pub privacy: PrivacyRules,
    /// Milliseconds before a second attempt, once per attempt made.
    pub retry_delay_ms: i64,
}

impl Worker {
    /// A worker with the usual delay.
    #[must_use]
    pub fn new(store: Arc<Store>, job_made: Arc<Notify>, analyzer: Analyzer) -> Self {
        Self { store, job_made, analyzer, privacy: PrivacyRules::default(), retry_delay_ms: RETRY_DELAY_MS }
    }

    /// Works until `stop` becomes true. A job under way is then handed back. That of a process that dies is given back by
    /// the next start, or when its hold ends.
    ///
    /// # Errors
    /// Jobs of an earlier process cannot be given back.
    pub async fn run(self, stop: watch::Receiver<bool>) -> Result<(), DbError> {
        let given_back = self.store.requeue_jobs().await?;
        if given_back > 0 {
            tracing::info!(jobs = given_back, "analyses that an earlier process had begun wait again");
        }
        let mut hands = JoinSet::new();
        for _ in 0..MAX_ANALYSES_AT_ONCE {
            let (worker, mut stop) = (self.clone(), stop.clone());
            hands.spawn(async move {
                let held = Held::default();
                tokio::select! {
                    () = worker.work(&held) => {}
                    _ = stop.wait_for(|stop| *stop) => {}
                }
                worker.hand_back(&held).await;
            });
        }
        hands.join_all().await;
        Ok(())
    }

    /// Its child has ended with the wait for it.
    async fn hand_back(&self, held: &Held) {
        let Some(job) = held.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        match self.store.hand_back(&job).await {
            Ok(()) => tracing::info!(report.id = %job.report, "an analysis was handed back"),
            Err(error) => {
                tracing::warn!(error = %error, "an analysis could not be handed back; it waits until its hold ends")
            }
        }
    }

    async fn work(&self, held: &Held) {
        let hold = |job: Option<AnalysisJobRow>| *held.lock().unwrap_or_else(PoisonError::into_inner) = job;
        loop {
            match self.store.take_job(time::now_ms(), JOB_HOLD_MS).await {
                Ok(Some(job)) => {
                    hold(Some(job.clone()));
                    match self.analyze(&job).await {
                        Ok(answer) => self.end(&job, answer).await,
                        Err(error) => self.put_off(&job, &error).await,
                    }
                    hold(None);
                }
                Ok(None) => self.wait().await,
                Err(error) => {
                    tracing::error!(error = %error, "jobs cannot be read");
                    self.wait().await;
                }
            }
        }
    }

    async fn wait(&self) {
        // Retries become due without anybody ringing.
        let _ = timeout(Duration::from_millis(JOB_POLL_MS), self.job_made.notified()).await;
    }

    /// The store does not answer, which is not the report's fault: however long that lasts, it costs no attempt.
    async fn put_off(&self, job: &AnalysisJobRow, error: &DbError) {
        tracing::warn!(report.id = %job.report, error = %error, "an analysis waits until its report can be read");
        let run_after_ms = time::now_ms() + self.retry_delay_ms;
        if let Err(error) = self.store.put_off(job, run_after_ms).await {
            tracing::warn!(error = %error, "an analysis could not be put off; it waits until its hold ends");
        }
    }

    /// `Err`: the store does not answer.
    async fn analyze(&self, job: &AnalysisJobRow) -> Result<AnalysisAnswer, DbError> {
        // A job that ended the server itself was never recorded as failed.
        if job.attempts > MAX_ATTEMPTS {
            let why = "the server stopped while it was analysed, several times".to_owned();
            return Ok(Err(AnalysisFailure { why, hopeless: true }));
        }
        let cab = match self.store.blob_file(&job.blob).await {
            Ok(cab) => cab,
            Err(error) if error.is_no_blobs() || error.is_full() => return Err(error),
            Err(error) => return Ok(Err(AnalysisFailure { why: error.to_string(), hopeless: false })),
        };
        let input =
            AnalysisInput { cab, symbols: self.store.symbols().to_owned(), work_dir: self.store.dir().tmp() };
        let answer = (self.analyzer)(input.clone()).await;
        // Only the first look says which symbols are wanted of those that are not on this machine.
        Ok(match self.symbols_for(&answer).await {
            Some(folder) => {
                (self.analyzer)(AnalysisInput { symbols: folder.path().to_owned(), ..input }).await
            }
            None => answer,
        })
    }

    /// Symbols that are in the bucket, of modules for which none were found.
    async fn symbols_for(&self, answer: &AnalysisAnswer) -> Option<SymbolFolder> {
        let analysis = answer.as_ref().ok()?.analysis.as_ref()?;
        let without = analysis.modules.iter().filter(|module| !module.has_symbols);
        let ids: Vec<&str> =
            without.map(|module| module.debug_id.as_str()).filter(|id| !id.is_empty()).collect();
        match self.store.bring_symbols(&ids).await {
            Ok(folder) => folder,
            Err(error) => {
                tracing::warn!(error = %error, "symbols could not be brought; an analysis goes without them");
                None
            }
        }
    }

    /// The reading as it may be stored.
    async fn private<'a>(
        &self,
        job: &AnalysisJobRow,
        reading: &'a Reading,
        now_ms: i64,
    ) -> Result<Cow<'a, Reading>, DbError> {
        let Some((tenant, product)) = self.store.product_of(&job.report).await? else {
            return Ok(Cow::Borrowed(reading));
        };
        let rules = self.store.privacy_of(tenant, &product, now_ms).await?.unwrap_or(self.privacy);
        if rules.keeps_all_text() {
            return Ok(Cow::Borrowed(reading));
        }
        let value = serde_json::to_value(reading).map_err(|_| DbError::Row("reading"))?;
        let cleaned = Cleaner::new(rules, self.store.names(), tenant).reading(value);
        serde_json::from_value(cleaned).map(Cow::Owned).map_err(|_| DbError::Row("reading"))
    }

    /// Writes an answer down. While the database is gone, it is tried again for as long as the job is nobody else's: an
    /// analysis costs more than to wait.
    async fn end(&self, job: &AnalysisJobRow, answer: AnalysisAnswer) {
        let mut is_told = false;
        loop {
            match self.write_down(job, &answer).await {
                Err(error) if error.is_no_database() && time::now_ms() < job.held_until_ms => {
                    if !is_told {
                        tracing::warn!(report.id = %job.report, error = %error, "an analysis waits for the database");
                    }
                    is_told = true;
                    sleep(Duration::from_millis(JOB_POLL_MS)).await;
                }
                Err(error) => {
                    tracing::error!(report.id = %job.report, error = %error, "how an analysis ended could not be kept");
                    return;
                }
                Ok(()) => return,
            }
        }
    }

    /// `Err`: the store does not take it, whatever it is.
    async fn write_down(&self, job: &AnalysisJobRow, answer: &AnalysisAnswer) -> Result<(), DbError> {
        let now_ms = time::now_ms();
        let failed = match answer {
            Ok(reading) => match self.finish(job, reading, now_ms).await {
                Ok(()) => {
                    tracing::info!(report.id = %job.report, "a report was analysed");
                    return Ok(());
                }
                Err(error) if error.is_no_database() => return Err(error),
                Err(error) => &AnalysisFailure { why: error.to_string(), hopeless: false },
            },
            Err(failure) => failure,
        };
        let failure = if failed.hopeless || job.attempts >= MAX_ATTEMPTS {
            JobFailure::Poison
        } else {
            JobFailure::Again { run_after_ms: now_ms + self.retry_delay_ms * job.attempts }
        };
        self.store.fail_job(job, &failed.why, failure).await?;
        // The reason may quote the dump: it goes to the report's page, not to the log.
        tracing::warn!(report.id = %job.report, attempts = job.attempts, poison = failure == JobFailure::Poison,
            "an analysis failed; the report's page says why");
        Ok(())
    }

    async fn finish(&self, job: &AnalysisJobRow, reading: &Reading, now_ms: i64) -> Result<(), DbError> {
        let reading = self.private(job, reading, now_ms).await?;
        self.store.finish_job(job, &reading, now_ms).await
    }
}
