//! Reports that are sent, and what the server must know of them afterwards.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::watson::drive::drive;
use crate::watson::http::{bucket_of, level1};
use crate::watson::mix::{Mix, Report};
use crate::watson::server::Server;

/// Reports that are told again at the end, to see that each is known.
const READ_BACK: usize = 50_000;

/// How connections are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// One for many reports.
    Kept,
    /// One for each report.
    Closed,
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kept => "connections kept",
            Self::Closed => "a connection each",
        })
    }
}

/// Clients, and what they sent so far.
pub(super) struct Load {
    addresses: Vec<SocketAddr>,
    clients: usize,
    mix: Mix,
    /// Crashes, by the bucket's number.
    counts: HashMap<u64, u64>,
    /// The last ones that were accepted, and their buckets.
    accepted: Vec<(Report, u64)>,
}

/// A round's times.
pub(super) struct Round {
    seconds: f64,
    /// Sorted.
    waits: Vec<Duration>,
}

impl Round {
    pub(super) fn new(seconds: f64, mut waits: Vec<Duration>) -> Self {
        waits.sort_unstable();
        Self { seconds, waits }
    }

    pub(super) fn rate(&self) -> f64 {
        self.waits.len() as f64 / self.seconds
    }

    /// The wait that this share of the reports does not exceed.
    pub(super) fn wait_ms(&self, share: f64) -> f64 {
        let index = (self.waits.len() as f64 * share) as usize;
        self.waits
            .get(index.min(self.waits.len().saturating_sub(1)))
            .map_or(0.0, |wait| wait.as_secs_f64() * 1e3)
    }
}

impl Load {
    /// `counts`: of what is there before.
    pub(super) fn new(
        addresses: Vec<SocketAddr>,
        clients: usize,
        mix: Mix,
        counts: HashMap<u64, u64>,
    ) -> Self {
        Self { addresses, clients, mix, counts, accepted: Vec::new() }
    }

    /// Sends to these servers from now on.
    pub(super) fn address(&mut self, addresses: &[SocketAddr]) {
        self.addresses = addresses.to_vec();
    }

    /// Sends so many reports. Their bytes are made before the clock runs.
    pub(super) fn send(&mut self, reports: usize, style: Style) -> Result<Round> {
        let chosen: Vec<(Report, bool)> = (0..reports).map(|_| self.mix.next()).collect();
        let requests = self.requests(chosen.iter().map(|(report, _)| report), style);
        let mut buckets = vec![0; reports];
        let start = Instant::now();
        let waits = drive(&self.addresses, self.clients, style, &requests, |index, body| {
            buckets[index] = bucket_of(body)?;
            Ok(())
        })?;
        let seconds = start.elapsed().as_secs_f64();
        for ((report, is_repeat), bucket) in chosen.into_iter().zip(buckets) {
            if !is_repeat {
                *self.counts.entry(bucket).or_default() += 1;
                self.accepted.push((report, bucket));
            }
        }
        let surplus = self.accepted.len().saturating_sub(READ_BACK);
        self.accepted.drain(..surplus);
        Ok(Round::new(seconds, waits))
    }

    /// Tells accepted reports again: each must be known, under its bucket. Says how many. The counts must still be right
    /// afterwards.
    pub(super) fn read_back(&self, servers: &[&Server]) -> Result<usize> {
        let before = Self::repeated(servers)?;
        for some in self.accepted.chunks(10_000) {
            let requests = self.requests(some.iter().map(|(report, _)| report), Style::Kept);
            drive(&self.addresses, self.clients, Style::Kept, &requests, |index, body| {
                let (bucket, expected) = (bucket_of(body)?, some[index].1);
                ensure!(bucket == expected, "an accepted report of bucket {expected} is now one of {bucket}");
                Ok(())
            })?;
        }
        let known = Self::repeated(servers)? - before;
        let told = self.accepted.len();
        ensure!(known == told as u64, "of {told} accepted reports {known} are known");
        Ok(told)
    }

    /// Compares the servers' counts of every bucket with what was sent; says how many.
    pub(super) fn compare_counts(&self) -> Result<usize> {
        let sent: Vec<(u64, u64)> = self.counts.iter().map(|(bucket, count)| (*bucket, *count)).collect();
        let get = |(bucket, _): &(u64, u64)| {
            format!("GET /api/buckets/{bucket} HTTP/1.1\r\nHost: {}\r\n\r\n", self.addresses[0]).into_bytes()
        };
        let requests: Vec<_> = sent.iter().map(get).collect();
        drive(&self.addresses[..1], self.clients, Style::Kept, &requests, |index, body| {
            let answer: Value = serde_json::from_slice(body)?;
            let counted = answer.get("hits").and_then(Value::as_u64);
            let (bucket, sent) = sent[index];
            ensure!(
                counted == Some(sent),
                "bucket {bucket}: {sent} crashes were sent, {counted:?} are counted"
            );
            Ok(())
        })?;
        Ok(sent.len())
    }

    fn requests<'a>(&self, reports: impl Iterator<Item = &'a Report>, style: Style) -> Vec<Vec<u8>> {
        reports.map(|report| level1(self.addresses[0], &report.body(), style)).collect()
    }

    /// Reports that the servers knew already.
    fn repeated(servers: &[&Server]) -> Result<u64> {
        let repeated = "watson_level1_total{outcome=\"repeated\"}";
        servers.iter().map(|server| server.gauge(repeated)).sum()
    }
}
