//! How slow a client may be. It is looked at in windows: whoever brings enough bytes begins a new one; whoever does not
//! is slow after a while, and may be only as long as its source has a place for slow ones; and is cut off in the end.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::slow_places::{SlowPlace, SlowPlaces};
use crate::limits::{
    MAX_CONNECTIONS, MAX_HEAD_BYTES, MAX_HEAD_MS, MAX_SLOW_MS, MAX_SLOW_PER_SOURCE, MIN_BYTES_PER_INTERVAL,
    SLOW_AFTER_MS,
};

/// The limits, which are settings; a test has shorter ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Connections of one listener at the same time.
    pub max_connections: usize,
    /// Bytes of a head.
    pub max_head_bytes: usize,
    /// In which a head must have come.
    pub max_head: Duration,
    /// Bytes that end a window.
    pub min_bytes: u64,
    /// After so long in one window a client is slow.
    pub slow_after: Duration,
    /// After so long in one window it is cut off, where it sends a body or reads an answer. (Heads have a limit of their
    /// own.)
    pub cut_after: Duration,
    /// Slow connections of one source.
    pub max_slow_per_source: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            max_connections: MAX_CONNECTIONS,
            max_head_bytes: MAX_HEAD_BYTES,
            max_head: Duration::from_millis(MAX_HEAD_MS),
            min_bytes: MIN_BYTES_PER_INTERVAL,
            slow_after: Duration::from_millis(SLOW_AFTER_MS),
            cut_after: Duration::from_millis(MAX_SLOW_MS),
            max_slow_per_source: MAX_SLOW_PER_SOURCE,
        }
    }
}

/// How a client keeps pace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speed {
    Good,
    Slow,
    CutOff,
}

impl Pace {
    /// Slow connections of all sources: a quarter of all places is for those that keep pace.
    #[must_use]
    pub fn max_slow(&self) -> usize {
        self.max_connections - self.max_connections / 4
    }

    fn judge(&self, in_window: Duration, is_cut: bool) -> Speed {
        if is_cut && in_window >= self.cut_after {
            Speed::CutOff
        } else if in_window >= self.slow_after {
            Speed::Slow
        } else {
            Speed::Good
        }
    }
}

/// What all hands on one connection share.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) pace: Pace,
    pub(super) places: SlowPlaces,
    pub(super) source: IpAddr,
    /// A request is being answered: whoever waits now waits for the server.
    pub(super) serving: Arc<AtomicBool>,
}

impl Client {
    pub(super) fn is_served(&self) -> bool {
        self.serving.load(Ordering::Relaxed)
    }
}

/// One direction of a connection, or one body, being watched.
#[derive(Debug)]
pub(super) struct Watch {
    client: Client,
    is_cut: bool,
    began: Option<Instant>,
    bytes: u64,
    timer: Option<Pin<Box<Sleep>>>,
    place: Option<SlowPlace>,
}

impl Watch {
    /// `is_cut`: it is cut off in the end, and not only counted.
    pub(super) fn new(client: Client, is_cut: bool) -> Self {
        Self { client, is_cut, began: None, bytes: 0, timer: None, place: None }
    }

    /// Nobody waits for the client.
    pub(super) fn rest(&mut self) {
        self.began = None;
        self.bytes = 0;
        self.timer = None;
        self.place = None;
    }

    /// Bytes moved. False where the client is too slow all the same.
    pub(super) fn moved(&mut self, bytes: u64) -> bool {
        self.bytes += bytes;
        if self.bytes >= self.client.pace.min_bytes {
            self.rest();
            return true;
        }
        self.keeps_pace()
    }

    /// The client is waited for. Ready where it is cut off; else its task is woken when to look again.
    pub(super) fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if !self.keeps_pace() {
                return Poll::Ready(());
            }
            let pace = &self.client.pace;
            let (Some(began), next) = (self.began, self.place.is_none().then_some(pace.slow_after)) else {
                return Poll::Pending;
            };
            let Some(after) = next.or(self.is_cut.then_some(pace.cut_after)) else { return Poll::Pending };
            let due = began + after;
            let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }

    fn keeps_pace(&mut self) -> bool {
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        match self.client.pace.judge(now.saturating_duration_since(began), self.is_cut) {
            Speed::Good => true,
            Speed::Slow if self.place.is_some() => true,
            Speed::Slow => {
                self.place = self.client.places.enter(self.client.source, &self.client.pace);
                self.place.is_some()
            }
            Speed::CutOff => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(max_slow_per_source: usize) -> Client {
        let pace = Pace {
            max_connections: 12,
            max_head_bytes: 8 * 1024,
            max_head: Duration::from_secs(60),
            min_bytes: 100,
            slow_after: Duration::from_secs(5),
            cut_after: Duration::from_secs(30),
            max_slow_per_source,
        };
        let source = "192.0.2.1".parse().unwrap();
        Client { pace, places: SlowPlaces::default(), source, serving: Arc::default() }
    }

    async fn waited(watch: &mut Watch, seconds: u64) -> bool {
        let cut = std::future::poll_fn(|cx| watch.poll_waiting(cx));
        tokio::time::timeout(Duration::from_secs(seconds), cut).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_brings_too_little_is_cut_off_in_the_end() {
        let mut watch = Watch::new(client(1), true);
        for _ in 0..10 {
            assert!(waited(&mut watch, 2).await);
            assert!(watch.moved(50), "a hundred bytes in four seconds are enough");
        }
        watch.rest();
        for _ in 0..5 {
            assert!(waited(&mut watch, 5).await);
            assert!(watch.moved(1));
        }
        assert!(!waited(&mut watch, 6).await, "one byte every five seconds is not");
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_has_so_many_slow_ones_and_another_has_its_own() {
        let one = client(2);
        let mut watches: Vec<_> = (0..3).map(|_| Watch::new(one.clone(), false)).collect();
        let other = Client { source: "192.0.2.2".parse().unwrap(), ..one };
        let mut another = Watch::new(other, false);
        for watch in watches.iter_mut().chain([&mut another]) {
            assert!(waited(watch, 1).await);
        }
        let mut stays = Vec::new();
        for watch in watches.iter_mut().chain([&mut another]) {
            stays.push(waited(watch, 6).await);
        }
        assert_eq!(stays, [true, true, false, true]);
        watches.remove(0);
        let mut next = Watch::new(watches[0].client.clone(), false);
        assert!(waited(&mut next, 20).await, "a place is free again");
    }
}
