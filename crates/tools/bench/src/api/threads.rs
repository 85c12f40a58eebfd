//! Pairs of calls from eight threads at once.

use std::sync::Barrier;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::Options;
use super::library::Library;
use crate::row::Row;

const THREADS: usize = 8;
const PAIRS: usize = 20_000;
const ROUNDS: usize = 11;
const FILLS: [usize; 3] = [0, 255, 511];
/// Goal: wall time of a round, divided by the pairs that all threads made.
const LIMIT_NS: f64 = 1000.0;
const FILL_BASE: usize = 0x10_0000_0000;
const OWN_BASE: usize = 0x20_0000_0000;
const BYTES: u32 = 4096;

/// The medians of the rounds.
///
/// # Errors
/// A call answers something else than success or "full".
pub(super) fn measure(library: &Library, _: &Options) -> Result<Row> {
    let mut row = Row::new(format!("register and unregister a memory block, {THREADS} threads"));
    for fill in FILLS {
        for number in 0..fill {
            let answer = (library.register_block)(FILL_BASE + number * 4096, BYTES);
            ensure!(answer == 0, "filling the table answers 0x{answer:08X}");
        }
        let rounds: Vec<f64> = (0..ROUNDS).map(|_| round(library)).collect();
        let value = row.figure(&format!("a pair, {fill} entries"), "ns", &rounds);
        row.at_most(&format!("a pair, {fill} entries"), LIMIT_NS, value, " ns");
        for number in 0..fill {
            (library.unregister_block)(FILL_BASE + number * 4096);
        }
    }
    row.note("with 511 entries the threads take turns with the one free slot");
    Ok(row)
}

fn round(library: &Library) -> f64 {
    let barrier = Barrier::new(THREADS + 1);
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let barrier = &barrier;
            scope.spawn(move || {
                let address = OWN_BASE + number * 4096;
                barrier.wait();
                for _ in 0..PAIRS {
                    while (library.register_block)(address, BYTES) != 0 {
                        std::thread::yield_now();
                    }
                    (library.unregister_block)(address);
                }
                barrier.wait();
            });
        }
        barrier.wait();
        let start = Instant::now();
        barrier.wait();
        start.elapsed().as_nanos() as f64 / (THREADS * PAIRS) as f64
    })
}
