//! What registering costs: nanoseconds of a pair, and that no pair makes a system call.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Section;
use crate::workspace::root;

const PROGRAM: &str = "target/release/wer-register-bench";
/// A register/unregister pair in one thread takes less.
const GOAL_NS: f64 = 200.0;
/// Pairs whose system calls are counted.
const COUNTED_PAIRS: usize = 100_000;

/// Measures pairs and counts system calls.
///
/// # Errors
/// The program or strace cannot be run.
pub(super) fn measure() -> Result<Section> {
    eprintln!("xtask: measuring: {PROGRAM}");
    let output = Command::new(root().join(PROGRAM))
        .output()
        .with_context(|| format!("{PROGRAM} cannot be started"))?;
    ensure!(output.status.success(), "{PROGRAM} failed: {}", String::from_utf8_lossy(&output.stderr));
    let rows: Vec<Row> = rows(&serde_json::from_slice(&output.stdout).context("its answer is no JSON")?);
    ensure!(!rows.is_empty(), "{PROGRAM} measured nothing");
    let (without, with) = (system_calls(0)?, system_calls(COUNTED_PAIRS)?);
    let is_good = with == without && rows.iter().all(Row::meets_goal);
    let command = format!("{PROGRAM}; strace -f -c {PROGRAM} --loop {COUNTED_PAIRS}");
    let mut text = render(&rows);
    let _ = write!(
        text,
        "\nsystem calls of a whole process: {without} without pairs, {with} with {COUNTED_PAIRS}\n\
         goal: under {GOAL_NS} ns in one thread at each fill, and no system call"
    );
    Ok(Section { title: "A register/unregister pair", command, output: text, is_good })
}

#[derive(Debug, PartialEq)]
struct Row {
    entries: u64,
    threads: u64,
    ns_per_pair: f64,
}

impl Row {
    fn meets_goal(&self) -> bool {
        self.threads > 1 || self.ns_per_pair < GOAL_NS
    }
}

fn rows(answer: &Value) -> Vec<Row> {
    let row = |value: &Value| {
        Some(Row {
            entries: value["entries"].as_u64()?,
            threads: value["threads"].as_u64()?,
            ns_per_pair: value["ns_per_pair"].as_f64()?,
        })
    };
    answer.as_array().into_iter().flatten().filter_map(row).collect()
}

fn render(rows: &[Row]) -> String {
    let mut text = String::from("registered  threads  ns per pair\n");
    for row in rows {
        let _ = writeln!(text, "{:>10}  {:>7}  {:>11.1}", row.entries, row.threads, row.ns_per_pair);
    }
    text
}

/// System calls of a whole run that makes so many pairs after a first one.
fn system_calls(pairs: usize) -> Result<u64> {
    let summary = std::env::temp_dir().join(format!("wer-strace-{}", std::process::id()));
    let status = Command::new("strace")
        .args(["-f", "-c", "-o"])
        .arg(&summary)
        .arg(root().join(PROGRAM))
        .args(["--loop", &pairs.to_string()])
        .status()
        .context("strace cannot be started; `cargo xtask setup` installs it")?;
    let text =
        fs::read_to_string(&summary).with_context(|| format!("{} cannot be read", summary.display()))?;
    fs::remove_file(&summary).with_context(|| format!("{} cannot be removed", summary.display()))?;
    ensure!(status.success(), "strace failed");
    total_calls(&text).with_context(|| format!("strace's summary has no total:\n{text}"))
}

/// `100.00    0.000123           1        98         3 total`
fn total_calls(summary: &str) -> Option<u64> {
    let line = summary.lines().find(|line| line.trim_end().ends_with(" total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strace_is_read() {
        let summary = "% time     seconds  usecs/call     calls    errors syscall\n\
                       ------ ----------- ----------- --------- --------- ----------------\n \
                       50.00    0.000100           1        10           mmap\n\
                       100.00    0.000123           1        98         3 total\n";
        assert_eq!(total_calls(summary), Some(98));
        assert_eq!(total_calls("strace: nothing"), None);
    }

    #[test]
    fn only_one_thread_has_a_goal() {
        let answer = serde_json::json!([
            {"entries": 0, "threads": 1, "ns_per_pair": 60.5},
            {"entries": 0, "threads": 8, "ns_per_pair": 900.0},
            {"entries": 511, "threads": 1, "ns_per_pair": 200.0},
        ]);
        let rows = rows(&answer);
        assert_eq!(rows.iter().map(Row::meets_goal).collect::<Vec<_>>(), [true, true, false]);
        assert!(render(&rows).contains("60.5"));
    }
}
