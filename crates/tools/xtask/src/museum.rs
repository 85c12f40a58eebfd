//! `cargo xtask museum`: what broke other services like ours, each class with the guard that stands against it here and
//! the test that holds the guard. A file of `museum/` is one mutant: a guard taken out, and the test that must fail then.

pub(crate) mod exhibit;
mod mutants;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use anyhow::{Result, ensure};

use self::exhibit::Exhibit;
use crate::command::cargo;

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
    for exhibit in exhibits {
        println!("{:4} {}", exhibit.class, exhibit.title);
        println!("     guard {}", exhibit.file);
        println!("     test  {} {} {}", exhibit.package, exhibit.target, exhibit.test);
    }
    for (program, tests) in by_program(exhibits) {
        let output = test(&mut cargo(&[]), program, &tests).output()?;
        println!("{} tests passed in {} {}", all_passed(&output, &tests)?, program.0, program.1);
    }
    Ok(())
}

/// A package, and which of its test programs.
type Program<'a> = (&'a str, &'a str);

/// The tests of each test program, each once.
fn by_program(exhibits: &[Exhibit]) -> BTreeMap<Program<'_>, BTreeSet<&str>> {
    let mut tests: BTreeMap<Program<'_>, BTreeSet<&str>> = BTreeMap::new();
    for exhibit in exhibits {
        let program = (exhibit.package.as_str(), exhibit.target.as_str());
        tests.entry(program).or_default().insert(&exhibit.test);
    }
    tests
}

/// How many passed: all that were asked for.
fn all_passed(output: &Output, tests: &BTreeSet<&str>) -> Result<usize> {
    let text = String::from_utf8_lossy(&output.stdout);
    let passed = text.lines().filter(|line| line.ends_with("... ok")).count();
    ensure!(output.status.success(), "a test fails:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    ensure!(passed >= tests.len(), "{} tests were asked for, and {passed} ran:\n{text}", tests.len());
    Ok(passed)
}

/// The command that runs these tests, by their whole names. Only their program is built: a mutant costs its crate and what
/// lies between that and the test.
fn test<'a>(
    command: &'a mut Command,
    (package, target): Program<'_>,
    tests: &BTreeSet<&str>,
) -> &'a mut Command {
    command.args(["test", "--no-fail-fast", "--package", package]);
    match target {
        "lib" => command.arg("--lib"),
        other => command.args(["--test", other]),
    };
    command.args(["--", "--exact"]).args(tests)
}
