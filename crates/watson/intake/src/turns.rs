//! Turns: how many requests of one kind are worked on at once, and how many wait for that.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::Refusal;
use crate::limits::MAX_TURN_WAIT_MS;

/// The turns of one kind of request.
#[derive(Debug)]
pub(crate) struct Turns {
    places: Semaphore,
    waiting: AtomicUsize,
    max_waiting: usize,
}

impl Turns {
    pub(crate) fn new(at_once: usize, max_waiting: usize) -> Self {
        Self { places: Semaphore::new(at_once), waiting: AtomicUsize::new(0), max_waiting }
    }

    /// Requests that wait, and how many may.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.waiting.load(Ordering::Relaxed), self.max_waiting)
    }

    /// A turn, as long as it is held.
    pub(crate) async fn take(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        if let Ok(permit) = self.places.try_acquire() {
            return Ok(permit);
        }
        let _waits = Waits::begin(&self.waiting);
        match timeout(Duration::from_millis(MAX_TURN_WAIT_MS), self.places.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Refusal::busy()),
        }
    }
}

/// One that waits; a client that hangs up waits no longer.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_is_counted_until_its_turn_or_its_end() {
        let turns = Turns::new(1, 5);
        let held = turns.take().await.unwrap();
        {
            let mut second = std::pin::pin!(turns.take());
            assert!(futures_poll(second.as_mut()).await.is_none());
            assert_eq!(turns.waiting(), (1, 5));
        }
        assert_eq!(turns.waiting(), (0, 5), "it hung up");
        assert_eq!(turns.take().await.unwrap_err().reason, "busy");
        assert_eq!(turns.waiting(), (0, 5), "it was told to come again");
        drop(held);
        assert!(turns.take().await.is_ok());
    }

    /// Polls once.
    async fn futures_poll<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(match future.as_mut().poll(context) {
                std::task::Poll::Ready(done) => Some(done),
                std::task::Poll::Pending => None,
            })
        })
        .await
    }
}
