//! Clients that send reports as quickly as they are answered.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::watson::connection::Connection;
use crate::watson::mix::{Chooser, Mix};

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
    choosers: Vec<Chooser>,
    /// Crashes sent, by the bucket's number.
    sent: HashMap<u64, u64>,
}

/// A round's times.
pub(super) struct Round {
    seconds: f64,
    /// Sorted.
    waits: Vec<Duration>,
}

impl Round {
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

/// What one client did.
#[derive(Default)]
struct Sent {
    buckets: HashMap<u64, u64>,
    waits: Vec<Duration>,
}

impl Load {
    pub(super) fn new(addresses: Vec<SocketAddr>, clients: usize, mix: Mix) -> Self {
        let choosers = (0..clients).map(|seed| mix.chooser(seed as u64)).collect();
        Self { addresses, choosers, sent: HashMap::new() }
    }

    /// Sends so many reports.
    pub(super) fn send(&mut self, reports: usize, style: Style) -> Result<Round> {
        let left = AtomicUsize::new(reports);
        let addresses = &self.addresses;
        let start = Instant::now();
        let all = std::thread::scope(|scope| {
            let clients: Vec<_> = self
                .choosers
                .iter_mut()
                .enumerate()
                .map(|(number, chooser)| {
                    let address = addresses[number % addresses.len()];
                    let left = &left;
                    scope.spawn(move || client(address, chooser, left, style))
                })
                .collect();
            clients
                .into_iter()
                .map(|client| client.join().map_err(|_| anyhow::anyhow!("a client panicked"))?)
                .collect::<Result<Vec<Sent>>>()
        })?;
        let seconds = start.elapsed().as_secs_f64();
        let mut waits = Vec::with_capacity(reports);
        for client in all {
            waits.extend(client.waits);
            for (bucket, count) in client.buckets {
                *self.sent.entry(bucket).or_default() += count;
            }
        }
        waits.sort_unstable();
        Ok(Round { seconds, waits })
    }

    /// Compares the server's counts of every bucket with what was sent; says how many.
    pub(super) fn compare_counts(&self) -> Result<usize> {
        let mut connection = Connection::open(self.addresses[0])?;
        for (bucket, sent) in &self.sent {
            let request =
                format!("GET /api/buckets/{bucket} HTTP/1.1\r\nHost: {}\r\n\r\n", self.addresses[0]);
            let answer: Value = serde_json::from_slice(connection.exchange(request.as_bytes())?)?;
            let counted = answer.get("hits").and_then(Value::as_u64);
            ensure!(
                counted == Some(*sent),
                "bucket {bucket}: {sent} crashes were sent, {counted:?} are counted"
            );
        }
        Ok(self.sent.len())
    }
}

fn client(address: SocketAddr, chooser: &mut Chooser, left: &AtomicUsize, style: Style) -> Result<Sent> {
    let mut sent = Sent::default();
    let mut kept = None;
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
        let report = chooser.next();
        let request = request(address, &report.body, style);
        let start = Instant::now();
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => Connection::open(address)?,
        };
        let bucket = bucket_of(connection.exchange(&request)?)?;
        sent.waits.push(start.elapsed());
        if style == Style::Kept {
            kept = Some(connection);
        }
        if !report.is_repeat {
            *sent.buckets.entry(bucket).or_default() += 1;
        }
    }
    Ok(sent)
}

/// As Windows sends it.
fn request(address: SocketAddr, body: &[u8], style: Style) -> Vec<u8> {
    let connection = if style == Style::Kept { "Keep-Alive" } else { "close" };
    let mut bytes = format!(
        "POST /stage2.htm HTTP/1.1\r\nConnection: {connection}\r\nUser-Agent: MSDW\r\nContent-Length: {}\r\nHost: {address}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn bucket_of(body: &[u8]) -> Result<u64> {
    let text = std::str::from_utf8(body).context("an answer that is no text")?;
    let bucket =
        text.lines().find_map(|line| line.strip_prefix("Bucket=")).context("an answer without a bucket")?;
    bucket.trim().parse().with_context(|| format!("{bucket} is no bucket"))
}
