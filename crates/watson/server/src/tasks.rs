//! Work that comes again and again: one file per task, each with a name and an interval. A task that fails is tried again
//! at its next time; the log says so.

pub mod machines;
pub mod old_uploads;
pub mod orphans;
pub mod overload;
pub mod retention;
pub mod rollup;
pub mod spent;

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

/// Tasks at work.
#[derive(Debug)]
pub struct Tasks {
    stopped: watch::Receiver<bool>,
    running: JoinSet<()>,
}

impl Tasks {
    /// None yet. All end when `stopped` becomes true, at whatever they wait for.
    #[must_use]
    pub fn new(stopped: watch::Receiver<bool>) -> Self {
        Self { stopped, running: JoinSet::new() }
    }

    /// Runs `work` at once and then once per `every_ms`.
    pub fn add<F, E>(
        &mut self,
        name: &'static str,
        every_ms: u64,
        work: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        let mut stopped = self.stopped.clone();
        self.running.spawn(async move {
            let mut ticks = interval(Duration::from_millis(every_ms.max(1)));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let again = async {
                loop {
                    ticks.tick().await;
                    if let Err(error) = work().await {
                        tracing::warn!(task = name, error = %error, "a task failed; it is tried again later");
                    }
                }
            };
            tokio::select! {
                () = again => {}
                _ = stopped.wait_for(|stopped| *stopped) => {}
            }
        });
    }

    /// Waits until all have ended.
    pub async fn join(self) {
        self.running.join_all().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_task_that_fails_comes_again_and_ends_with_the_server() {
        let (stop, stopped) = watch::channel(false);
        let runs = Arc::new(AtomicU32::new(0));
        let mut tasks = Tasks::new(stopped);
        let counted = Arc::clone(&runs);
        tasks.add("test", 1_000, move || {
            let run = counted.fetch_add(1, Ordering::Relaxed);
            async move { if run == 0 { Err("the first time") } else { Ok(()) } }
        });
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        assert_eq!(runs.load(Ordering::Relaxed), 4);
        stop.send(true).unwrap();
        tasks.join().await;
        assert_eq!(runs.load(Ordering::Relaxed), 4);
    }
}
