//! Rows that are there before anything is measured, with their bodies: the server's own store writes them, in large commits.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;
use watson_db::{Places, Policy, Store, time};

use crate::watson::mix::Mix;

/// Reports of one commit.
const AT_ONCE: usize = 4_000;

/// Writes so many reports; the crashes of each bucket.
pub(super) fn fill(data: &Path, places: &Places, mix: &mut Mix, reports: usize) -> Result<HashMap<u64, u64>> {
    let mut counts = HashMap::new();
    if reports == 0 {
        return Ok(counts);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let store = Store::open_at(data, places, Policy::default()).await?;
        let mut left = reports;
        while left > 0 {
            let some = left.min(AT_ONCE);
            let crashes: Vec<_> = (0..some)
                .map(|_| {
                    let (report, _) = mix.next();
                    report.crash(report.body())
                })
                .collect();
            for answer in store.record_hits(&crashes, time::now_ms()).await? {
                *counts.entry(u64::try_from(answer.bucket)?).or_default() += u64::from(answer.counted);
            }
            left -= some;
        }
        store.close().await;
        Ok(counts)
    })
}
