//! Measures what a register/unregister pair of a memory block costs with 0, 255 and 511 other blocks registered, in one
//! thread and in eight; prints one JSON array on standard output. `cargo xtask bench` calls it.
//!
//! One element: `{"entries": 511, "threads": 8, "ns_per_pair": 123.4}`: the median of [`ROUNDS`] rounds, wall time of a
//! round divided by the pairs that all its threads made. With `--loop COUNT` it measures nothing and only makes that many pairs
//! after a first one, for counting system calls.

use std::sync::Barrier;
use std::time::Instant;

use wer_client::registration::{register_memory_block, unregister_memory_block};

const ROUNDS: usize = 15;
const PAIRS_PER_ROUND: usize = 20_000;
const FILLS: [usize; 3] = [0, 255, 511];
const THREADS: [usize; 2] = [1, 8];
/// Where the addresses that are registered begin. Nothing reads them.
const FILL_BASE: usize = 0x10_0000_0000;
const OWN_BASE: usize = 0x20_0000_0000;
const BLOCK_BYTES: usize = 4096;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, count] = arguments.as_slice()
        && flag == "--loop"
    {
        let count: usize = count.parse().expect("--loop takes a number");
        pairs(OWN_BASE, count + 1);
        return;
    }
    let mut lines = Vec::new();
    for entries in FILLS {
        for number in 0..entries {
            register_memory_block(FILL_BASE + number * BLOCK_BYTES, BLOCK_BYTES).expect("room for the fill");
        }
        for threads in THREADS {
            let ns = measure(threads);
            lines.push(format!(
                "  {{\"entries\": {entries}, \"threads\": {threads}, \"ns_per_pair\": {ns:.1}}}"
            ));
        }
        for number in 0..entries {
            unregister_memory_block(FILL_BASE + number * BLOCK_BYTES).expect("what was registered");
        }
    }
    println!("[\n{}\n]", lines.join(",\n"));
}

/// Nanoseconds of wall time per pair; the median of all rounds.
fn measure(threads: usize) -> f64 {
    let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| round(threads)).collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

fn round(threads: usize) -> f64 {
    let barrier = Barrier::new(threads + 1);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    pairs(OWN_BASE + number * BLOCK_BYTES, PAIRS_PER_ROUND);
                })
            })
            .collect();
        barrier.wait();
        let start = Instant::now();
        for worker in workers {
            worker.join().expect("a worker");
        }
        start.elapsed().as_nanos() as f64 / (threads * PAIRS_PER_ROUND) as f64
    })
}

/// With 511 entries only one slot is free: threads take turns, so a full table is tried again.
fn pairs(address: usize, count: usize) {
    for _ in 0..count {
        while register_memory_block(address, BLOCK_BYTES).is_err() {
            std::thread::yield_now();
        }
        unregister_memory_block(address).expect("what was registered");
    }
}
