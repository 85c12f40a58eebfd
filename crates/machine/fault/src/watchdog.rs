//! Ends work on a crash that no longer gets on, so that whoever holds the crashed process lets it go: the kernel does when
//! we end, the process's own handler has a deadline of its own.
//!
//! What hangs may be a disk, a file system or a module's host; nothing here waits for any of them.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Exit status of a run that its watchdog has ended.
pub const EXIT_HUNG: i32 = 3;

/// A deadline that progress puts off.
#[derive(Debug)]
pub struct Watchdog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    limit: Duration,
    last_progress: Instant,
    is_over: bool,
}

impl Watchdog {
    /// Calls `on_hang` once, on a thread of its own, when there was no progress for `limit`. Without a thread there is no
    /// watchdog, and the work goes on.
    #[must_use]
    pub fn start(limit: Duration, on_hang: impl FnOnce() + Send + 'static) -> Self {
        let state = State { limit, last_progress: Instant::now(), is_over: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let watched = Arc::clone(&shared);
        let started = thread::Builder::new().name("watchdog".into()).spawn(move || {
            if watched.wait_for_hang() {
                on_hang();
            }
        });
        if let Err(error) = started {
            tracing::warn!(%error, "there is no watchdog");
        }
        Self { shared }
    }

    /// Something got done.
    pub fn progress(&self) {
        self.shared.change(|state| state.last_progress = Instant::now());
    }

    /// Another limit from now on.
    pub fn set_limit(&self, limit: Duration) {
        self.shared.change(|state| state.limit = limit);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.change(|state| state.is_over = true);
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// True when the limit has passed, false when the work was over before.
    fn wait_for_hang(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if state.is_over {
                return false;
            }
            let left = (state.last_progress + state.limit).saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn work_that_stands_still_is_noticed() {
        let (bark, heard) = channel();
        let _watchdog =
            Watchdog::start(Duration::from_millis(1), move || bark.send(()).expect("somebody listens"));
        heard.recv_timeout(Duration::from_secs(20)).expect("the limit has passed");
    }

    #[test]
    fn a_new_limit_counts_at_once() {
        let (bark, heard) = channel();
        let watchdog = Watchdog::start(LONG, move || bark.send(()).expect("somebody listens"));
        watchdog.progress();
        watchdog.set_limit(Duration::from_millis(1));
        heard.recv_timeout(Duration::from_secs(20)).expect("the limit has passed");
    }

    #[test]
    fn work_that_ends_in_time_is_left_alone() {
        let (bark, heard) = channel::<()>();
        drop(Watchdog::start(LONG, move || bark.send(()).expect("somebody listens")));
        // The sender goes with the thread, which has said nothing.
        assert!(heard.recv_timeout(Duration::from_secs(20)).is_err());
    }
}
