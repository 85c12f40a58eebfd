//! `cargo xtask bench [dump|latency|registration|api|watson]`: runs benchmarks in release and makes one report of them.
//!
//! Run it on a machine that does nothing else. Each section stands under the command that makes it, so that a figure in
//! `docs/performance.md` can be made again.

mod registration;

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};

use crate::command::{cargo, run as run_command};
use crate::workspace::root;

/// Where the report is kept.
const REPORT: &str = "docs/performance.md";

/// What is measured and what measures; the rest of the workspace would take minutes more to compile.
const BUILD: [&str; 16] = [
    "build",
    "--release",
    "--package",
    "wer-bench",
    "--package",
    "wer-fault",
    "--package",
    "wer-service",
    "--package",
    "wer-client",
    "--package",
    "wer-cli",
    "--package",
    "wer-libwer",
    "--package",
    "watson-server",
];

/// Options of the benchmarks.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What to measure; everything unless told.
    #[arg(value_enum)]
    only: Vec<Benchmark>,
    /// Write the report to docs/performance.md too.
    #[arg(long)]
    write: bool,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Benchmark {
    /// Dumps of living processes.
    Dump,
    /// From the fault to the stored report.
    Latency,
    /// Registering memory.
    Registration,
    /// The functions of libwer.so, and a reader beside them.
    Api,
    /// A server that takes reports.
    Watson,
}

impl Benchmark {
    fn measure(self) -> Result<Section> {
        match self {
            Self::Dump => program("Dumps of living processes", "wer-bench", &["dump"]),
            Self::Latency => program("From the fault to the stored report", "wer-bench", &["latency"]),
            Self::Registration => registration::measure(),
            Self::Api => program("The functions of libwer.so", "wer-bench", &["api"]),
            Self::Watson => program("A server that takes reports", "wer-bench", &["watson"]),
        }
    }
}

/// One benchmark's part of the report.
struct Section {
    title: &'static str,
    command: String,
    output: String,
    /// It ran, and met its goals.
    is_good: bool,
}

/// Measures.
///
/// # Errors
/// A benchmark does not compile, cannot measure, or misses its goal.
pub(crate) fn run(options: &Options) -> Result<()> {
    run_command("building in release", &mut cargo(&BUILD))?;
    let all = Benchmark::value_variants();
    let wanted = if options.only.is_empty() { all } else { &options.only };
    let sections: Vec<Section> = wanted.iter().map(|benchmark| benchmark.measure()).collect::<Result<_>>()?;
    let report = render(&machine()?, &sections);
    println!("{report}");
    if options.write {
        let path = root().join(REPORT);
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, merged(&report, &before)).with_context(|| format!("{REPORT} cannot be written"))?;
    }
    let missed: Vec<&str> =
        sections.iter().filter(|section| !section.is_good).map(|section| section.title).collect();
    if !missed.is_empty() {
        bail!("not as it must be: {}", missed.join("; "));
    }
    Ok(())
}

/// Runs a program of the workspace; its own exit status says whether its goals are met.
fn program(title: &'static str, name: &str, arguments: &[&str]) -> Result<Section> {
    let command = format!("target/release/{name} {}", arguments.join(" "));
    eprintln!("xtask: measuring: {command}");
    let output = Command::new(root().join("target/release").join(name))
        .args(arguments)
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{command} cannot be started"))?;
    let text = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
    Ok(Section { title, command, output: text, is_good: output.status.success() })
}

/// What the figures belong to.
fn machine() -> Result<String> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo cannot be read")?;
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let processors = std::thread::available_parallelism()?;
    let kernel =
        fs::read_to_string("/proc/sys/kernel/osrelease").context("the kernel's release cannot be read")?;
    let rustc = Command::new("rustc").arg("--version").output().context("rustc cannot be started")?;
    ensure!(rustc.status.success(), "rustc does not say its version");
    Ok(format!(
        "{}, {processors} processors, Linux {}, {}",
        model.trim_start_matches([' ', '\t', ':']),
        kernel.trim(),
        String::from_utf8_lossy(&rustc.stdout).trim()
    ))
}

fn render(machine: &str, sections: &[Section]) -> String {
    let mut text = format!(
        "# Performance\n\nMade by `cargo xtask bench --write` on: {machine}.\nAbsolute times do not carry to another \
         machine; ratios of the same run do.\n"
    );
    for section in sections {
        let verdict =
            if section.is_good { "" } else { "\n**A goal was missed, or the measurement failed.**\n" };
        let _ = write!(
            text,
            "\n## {}\n`{}`\n{verdict}\n```text\n{}\n```\n",
            section.title, section.command, section.output
        );
    }
    text
}

/// The report, and the sections of an earlier one that it does not have.
fn merged(report: &str, before: &str) -> String {
    let title = |section: &str| section.lines().next().unwrap_or_default().to_owned();
    let titles: Vec<String> = report.split("\n## ").skip(1).map(title).collect();
    let kept = before.split("\n## ").skip(1).filter(|section| !titles.contains(&title(section)));
    kept.fold(report.to_owned(), |text, section| text + "\n## " + section.trim_end() + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_goal_is_visible() {
        let section = |is_good| Section { title: "T", command: "c".into(), output: "o".into(), is_good };
        assert!(!render("m", &[section(true)]).contains("missed"));
        let missed = render("m", &[section(true), section(false)]);
        assert_eq!(missed.matches("missed").count(), 1, "{missed}");
    }
    #[test]
    fn sections_that_were_not_measured_stay() {
        let before = "# Performance\n\n## A\nold\n\n## B\nkept\n";
        assert_eq!(merged("# New\n\n## A\nnew\n", before), "# New\n\n## A\nnew\n\n## B\nkept\n");
        assert_eq!(merged("# New\n", ""), "# New\n");
    }
}
