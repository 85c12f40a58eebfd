//! What a hit costs in a small store and in a large one: the store alone, without HTTP, in commits as they are under load.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use watson_db::{Crash, Places, Policy, Store, time};

use crate::row::Row;
use crate::watson::mix::Mix;

const FEW: usize = 10_000;
/// Hits of one commit.
const AT_ONCE: usize = 32;
/// Commits of one round.
const COMMITS: usize = 300;
const ROUNDS: usize = 9;
/// Reports of one commit while the store grows.
const BULK: usize = 4_000;
const GROWTH_GOAL: f64 = 1.2;

/// Measures. Bodies are left out, as by a retention of none: five million of them would fill the disk.
pub(super) fn measure(below: &Path, many: usize) -> Result<Row> {
    let folder = tempfile::Builder::new().prefix("watson-bench.").tempdir_in(below)?;
    let mut row = Row::new(format!("cost of a hit, SQLite, {FEW} reports before and {many}"));
    let mut mix = Mix::new();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let store =
            Store::open_at(&folder.path().join("data"), &Places::default(), Policy::default()).await?;
        grow(&store, &mut mix, FEW).await?;
        let few = rounds(&store, &mut mix).await?;
        eprintln!("wer-bench: {many} reports that are there before");
        grow(&store, &mut mix, many.saturating_sub(FEW + COMMITS * AT_ONCE * ROUNDS)).await?;
        let lots = rounds(&store, &mut mix).await?;
        row.figure("few before: a hit", "us", &few.elapsed);
        row.figure("many before: a hit", "us", &lots.elapsed);
        let few = row.figure("few before: processor time of a hit", "us", &few.processor);
        let lots = row.figure("many before: processor time of a hit", "us", &lots.processor);
        row.at_most("processor time, many before of few before", GROWTH_GOAL, lots / few, "");
        store.close().await;
        anyhow::Ok(())
    })?;
    let size = std::fs::metadata(folder.path().join("data/watson.sqlite"))?.len();
    row.figure("the database", "MiB", &[size as f64 / 1024.0 / 1024.0]);
    Ok(row)
}

fn crashes(mix: &mut Mix, count: usize) -> Vec<Crash> {
    (0..count).map(|_| mix.next().0.crash(Vec::new())).collect()
}

async fn grow(store: &Store, mix: &mut Mix, reports: usize) -> Result<()> {
    let mut left = reports;
    while left > 0 {
        let some = left.min(BULK);
        store.record_hits(&crashes(mix, some), time::now_ms()).await?;
        left -= some;
    }
    Ok(())
}

/// Microseconds of a hit, of each round: write-backs of the log among them.
#[derive(Default)]
struct Cost {
    /// By the clock.
    elapsed: Vec<f64>,
    /// Of processors, which others on the machine change little.
    processor: Vec<f64>,
}

async fn rounds(store: &Store, mix: &mut Mix) -> Result<Cost> {
    let mut cost = Cost::default();
    for _ in 0..ROUNDS {
        let batches: Vec<_> = (0..COMMITS).map(|_| crashes(mix, AT_ONCE)).collect();
        let (start, processor) = (Instant::now(), processor_seconds());
        for batch in &batches {
            store.record_hits(batch, time::now_ms()).await?;
        }
        let a_hit = 1e6 / (COMMITS * AT_ONCE) as f64;
        cost.elapsed.push(start.elapsed().as_secs_f64() * a_hit);
        cost.processor.push((processor_seconds() - processor) * a_hit);
    }
    Ok(cost)
}

fn processor_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
