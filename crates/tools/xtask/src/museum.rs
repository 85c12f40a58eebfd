//! `cargo xtask museum`: what broke other services like ours, each class with the guard that stands against it here and
//! the test that holds the guard. A file of `museum/` is one mutant: a guard taken out, and the test that must fail then.

pub(crate) mod exhibit;
mod mutants;

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Result, ensure};

use self::exhibit::Exhibit;
use crate::command::cargo;

/// Built together always, so that their dependencies are built once.
const PACKAGES: [&str; 10] = [
    "watson-db",
    "watson-intake",
    "watson-pages",
    "watson-api",
    "watson-server",
    "watson-analysis",
    "wer-upload",
    "wer-powerloss",
    "wer-testkit",
    "wer-wire",
];

/// What to show.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Take each guard out in a copy of the tree, and demand that its test fails.
    #[arg(long)]
    mutants: bool,
    /// Only this class (`S21`), or the one exhibit of this name (`S21-gzip-ratio`).
    #[arg(long, value_name = "CLASS")]
    only: Option<String>,
}

/// Lists the classes and runs their tests, or runs the mutants.
///
/// # Errors
/// An exhibit is wrong, a test fails, or a mutant survives.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut exhibits = exhibit::read_all()?;
    let wrong = exhibit::check(&exhibits);
    wrong.iter().for_each(|sentence| eprintln!("museum: {sentence}"));
    ensure!(wrong.is_empty(), "{} exhibits are wrong", wrong.len());
    if let Some(only) = &options.only {
        exhibits.retain(|exhibit| exhibit.class == *only || exhibit.name == *only);
        ensure!(!exhibits.is_empty(), "no exhibit has the class or name {only}");
    }
    if options.mutants { mutants::run(&exhibits) } else { show(&exhibits) }
}

fn show(exhibits: &[Exhibit]) -> Result<()> {
    let mut by_target: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for exhibit in exhibits {
        println!("{:4} {}", exhibit.class, exhibit.title);
        println!("     guard {}", exhibit.file);
        println!("     test  {} {} {}", exhibit.package, exhibit.target, exhibit.test);
        by_target.entry(&exhibit.target).or_default().push(&exhibit.test);
    }
    for (target, mut tests) in by_target {
        tests.sort_unstable();
        tests.dedup();
        let wanted = tests.len();
        let output = test(&mut cargo(&[]), target, &tests).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let passed = text.lines().filter(|line| line.ends_with("... ok")).count();
        ensure!(output.status.success(), "a test fails:\n{text}{}", String::from_utf8_lossy(&output.stderr));
        ensure!(passed >= wanted, "{wanted} tests were asked for in {target}, and {passed} ran");
        println!("{passed} tests passed in {target}");
    }
    Ok(())
}

/// The command that runs these tests, by their whole names.
fn test<'a>(command: &'a mut Command, target: &str, tests: &[&str]) -> &'a mut Command {
    command.args(["test", "--no-fail-fast"]);
    PACKAGES.iter().for_each(|package| _ = command.args(["-p", package]));
    match target {
        "lib" => command.arg("--lib"),
        other => command.args(["--test", other]),
    };
    command.args(["--", "--exact"]).args(tests)
}
