//! What machines sent, what they were told, and whether the server still has it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use serde_json::Value;

use crate::durability::machines::{exchange, post};

/// A crash that was sent.
pub(crate) struct Sent {
    pub(crate) application: String,
    pub(crate) body: Vec<u8>,
    /// The server said so.
    pub(crate) is_accepted: bool,
    pub(crate) cab: Option<SentCab>,
}

/// A cab that was sent.
pub(crate) struct SentCab {
    pub(crate) bytes: Vec<u8>,
    /// The server said so.
    pub(crate) is_accepted: bool,
}

/// Everything that was ever sent.
#[derive(Default)]
pub(crate) struct Ledger {
    sent: Vec<Sent>,
}

impl Ledger {
    pub(crate) fn add(&mut self, sent: Vec<Sent>) {
        self.sent.extend(sent);
    }

    /// Counts lie between what was accepted and what may have been; accepted cabs are there; whatever is shown is whole.
    /// Then everything without an answer is sent again, and the counts are exact.
    pub(crate) fn check(&mut self, address: SocketAddr) -> Result<(), String> {
        let mut buckets: BTreeMap<String, u64> = BTreeMap::new();
        for sent in self.sent.iter().filter(|sent| sent.is_accepted) {
            if !buckets.contains_key(&sent.application) {
                // A repeat: it changes no count.
                let answer = post(address, &sent.body).ok_or("a repeat is refused")?;
                buckets.insert(sent.application.clone(), answer.bucket.ok_or("a repeat has no bucket")?);
            }
        }
        for (application, bucket) in &buckets {
            let hits = bucket_of(address, *bucket)?.get("hits").and_then(Value::as_u64).unwrap_or(0);
            let accepted = self.of(application).filter(|sent| sent.is_accepted).count() as u64;
            let sent = self.of(application).count() as u64;
            if !(accepted..=sent).contains(&hits) {
                return Err(format!("{application}: {accepted} accepted of {sent} sent, {hits} counted"));
            }
            self.check_cabs(address, application, *bucket)?;
        }
        for sent in self.sent.iter_mut().filter(|sent| !sent.is_accepted) {
            let answer = post(address, &sent.body).ok_or("a retry is refused")?;
            buckets.insert(sent.application.clone(), answer.bucket.ok_or("a retry has no bucket")?);
            sent.is_accepted = true;
        }
        for (application, bucket) in &buckets {
            let hits = bucket_of(address, *bucket)?.get("hits").and_then(Value::as_u64);
            let sent = self.of(application).count() as u64;
            if hits != Some(sent) {
                return Err(format!("{application}: {sent} crashes, {hits:?} counted after retries"));
            }
        }
        Ok(())
    }

    fn of<'a>(&'a self, application: &'a str) -> impl Iterator<Item = &'a Sent> {
        self.sent.iter().filter(move |sent| sent.application == application)
    }

    fn check_cabs(&self, address: SocketAddr, application: &str, bucket: u64) -> Result<(), String> {
        let bucket = bucket_of(address, bucket)?;
        let reports = bucket.get("reports").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut there = Vec::new();
        for report in reports.iter().filter_map(Value::as_str) {
            match exchange(address, "GET", &format!("/reports/{report}/cab"), &[]) {
                Some((200, bytes)) => there.push(bytes),
                other => return Err(format!("the cab of {report}: {:?}", other.map(|(status, _)| status))),
            }
        }
        let cabs = || self.of(application).filter_map(|sent| sent.cab.as_ref());
        if let Some(stranger) = there.iter().find(|bytes| !cabs().any(|cab| cab.bytes == **bytes)) {
            return Err(format!("{application}: a cab of {} bytes that nobody sent", stranger.len()));
        }
        let lost = cabs().filter(|cab| cab.is_accepted && !there.contains(&cab.bytes)).count();
        if lost > 0 {
            return Err(format!("{application}: {lost} accepted cabs are gone, {} are there", there.len()));
        }
        Ok(())
    }
}

fn bucket_of(address: SocketAddr, bucket: u64) -> Result<Value, String> {
    match exchange(address, "GET", &format!("/api/buckets/{bucket}"), &[]) {
        Some((200, body)) => serde_json::from_slice(&body).map_err(|error| error.to_string()),
        other => Err(format!("bucket {bucket}: {:?}", other.map(|(status, _)| status))),
    }
}
