//! `cargo xtask test`: everything that must be green, in the order in which it fails fastest, and one line of totals.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::command::{cargo, run as run_command};
use crate::{setup, tidy};

/// Builds, checks and tests.
///
/// # Errors
/// Something is not green; its own output says what.
pub(crate) fn run() -> Result<()> {
    let begun = Instant::now();
    setup::run()?;
    run_command("checking the format", &mut cargo(&["fmt", "--all", "--check"]))?;
    // All targets, so that dependencies have the features that the tests need, and are built once.
    run_command("building", &mut cargo(&["build", "--workspace", "--all-targets"]))?;
    tidy::run()?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    run_command("linting", &mut cargo(&clippy))?;
    run_command("checking the fuzz targets", &mut cargo(&fuzz_check()))?;
    let totals = tests()?;
    let seconds = begun.elapsed().as_secs();
    println!(
        "xtask test: {} tests passed, {} failed, {} ignored, in {} test programs; format, tidy and lints are clean; \
         {} min {} s",
        totals.passed,
        totals.failed,
        totals.ignored,
        totals.programs,
        seconds / 60,
        seconds % 60
    );
    ensure!(totals.failed == 0, "{} tests failed", totals.failed);
    ensure!(totals.is_success, "cargo test failed");
    ensure!(totals.passed > 0, "no test was run");
    Ok(())
}

fn fuzz_check() -> [&'static str; 6] {
    ["check", "--quiet", "--manifest-path", "fuzz/Cargo.toml", "--target-dir", "target/fuzz-check"]
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    passed: usize,
    failed: usize,
    ignored: usize,
    programs: usize,
    is_success: bool,
}

fn tests() -> Result<Totals> {
    eprintln!("xtask: testing");
    let mut command = cargo(&["test", "--workspace", "--no-fail-fast"]);
    command.env("WER_TESTKIT_NO_BUILD", "1").stdout(Stdio::piped());
    let mut child = command.spawn().context("cargo test cannot be started")?;
    let mut totals = Totals::default();
    for line in BufReader::new(child.stdout.take().context("its output is piped")?).lines() {
        let line = line?;
        println!("{line}");
        totals.add(&line);
    }
    totals.is_success = child.wait()?.success();
    Ok(totals)
}

impl Totals {
    /// `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        let count = |what: &str| {
            let part = result.split(['.', ';']).find(|part| part.trim_end().ends_with(what));
            part.and_then(|part| part.split_whitespace().next())
                .and_then(|number| number.parse().ok())
                .unwrap_or(0)
        };
        self.passed += count("passed");
        self.failed += count("failed");
        self.ignored += count("ignored");
        self.programs += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_up() {
        let mut totals = Totals::default();
        totals.add(
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        );
        totals.add("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        totals.add("test some::test ... ok");
        assert_eq!(totals, Totals { passed: 15, failed: 2, ignored: 1, programs: 2, is_success: false });
    }
}
