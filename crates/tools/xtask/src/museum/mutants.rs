//! Takes guards out, one after the other, in a copy of the tree below `target/`, with a target folder that all mutants
//! share: the first costs a whole build, each other one what depends on its file. (The tree's own target folder would mix
//! up both trees: cargo tells crates of one workspace apart by their place in it.)

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

use super::exhibit::Exhibit;
use super::{Program, all_passed, by_program, test};
use crate::command::cargo;
use crate::workspace::root;

/// Runs the mutants.
///
/// # Errors
/// A guard's test fails without a mutant, or passes with it; or the copy cannot be made.
pub(super) fn run(exhibits: &[Exhibit]) -> Result<()> {
    let tree = copy_tree()?;
    let mut wrong = Vec::new();
    for (program, tests) in by_program(exhibits) {
        let (package, target) = program;
        eprintln!("xtask: building {package} {target} as it is");
        if let Err(error) = all_passed(&in_tree(&tree, program, &tests)?, &tests) {
            eprintln!("xtask: without any mutant {error:#}");
            wrong.push(format!("{package} {target} as it is"));
            continue;
        }
        for exhibit in exhibits.iter().filter(|one| one.package == package && one.target == target) {
            let verdict = one(&tree, exhibit)?;
            println!("{:9} {}", verdict.name(), exhibit.name);
            if verdict != Verdict::Killed {
                wrong.push(exhibit.name.clone());
            }
        }
    }
    ensure!(wrong.is_empty(), "not killed: {}", wrong.join(", "));
    println!("{} mutants, all killed", exhibits.len());
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Its test failed.
    Killed,
    /// Its test passed.
    Survived,
    /// It does not compile, so it shows nothing.
    NotBuilt,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Survived => "SURVIVED",
            Self::NotBuilt => "NOT BUILT",
        }
    }
}

fn one(tree: &Path, exhibit: &Exhibit) -> Result<Verdict> {
    let path = tree.join(&exhibit.file);
    let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    fs::write(&path, text.replacen(&exhibit.find, &exhibit.replace, 1))?;
    let output = in_tree(tree, (&exhibit.package, &exhibit.target), &BTreeSet::from([exhibit.test.as_str()]));
    // Put back in any case, so that the next is alone.
    fs::write(&path, &text)?;
    let output = output?;
    let verdict = judge(&output, &exhibit.test);
    if verdict == Verdict::NotBuilt {
        eprintln!("{}", shown(&output));
    }
    Ok(verdict)
}

fn judge(output: &Output, test: &str) -> Verdict {
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find(|line| line.starts_with(&format!("test {test} ")));
    match line {
        Some(line) if line.ends_with("ok") => Verdict::Survived,
        Some(_) => Verdict::Killed,
        // A test that took its whole program with it failed too.
        None if text.contains("running 1 test") => Verdict::Killed,
        None => Verdict::NotBuilt,
    }
}

fn in_tree(tree: &Path, program: Program<'_>, tests: &BTreeSet<&str>) -> Result<Output> {
    let mut command = cargo(&[]);
    command
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", root().join("target/museum/target"))
        .env("CARGO_INCREMENTAL", "1");
    // A mutant that waits for ever is ended.
    let mut limited = Command::new("timeout");
    let command = test(&mut command, program, tests);
    limited.arg("--kill-after=10").arg(MAX_SECONDS).arg(command.get_program()).args(command.get_args());
    limited.current_dir(tree);
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            limited.env(name, value);
        }
    }
    limited.output().context("cargo cannot be started")
}

/// Seconds for building and testing one mutant.
const MAX_SECONDS: &str = "1800";

fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// A copy of what git knows, as it is on disk. Files that did not change keep their time, so that little is built again.
fn copy_tree() -> Result<PathBuf> {
    let tree = root().join("target/museum/tree");
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .context("git cannot be started")?;
    ensure!(output.status.success(), "git ls-files failed");
    let list = String::from_utf8(output.stdout).context("a file's name is no UTF-8")?;
    for name in list.split('\0').filter(|name| !name.is_empty()) {
        let (from, to) = (root().join(name), tree.join(name));
        let Ok(bytes) = fs::read(&from) else { continue };
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        to.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::copy(&from, &to).with_context(|| format!("{} cannot be copied", from.display()))?;
    }
    let known: BTreeSet<&str> = list.split('\0').collect();
    remove_others(&tree, &tree, &known)?;
    Ok(tree)
}

/// Removes sources that are not in the tree any more.
fn remove_others(folder: &Path, tree: &Path, known: &BTreeSet<&str>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            remove_others(&path, tree, known)?;
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "sql") {
            let name = path.strip_prefix(tree).unwrap_or(&path).to_string_lossy().into_owned();
            if !known.contains(name.as_str()) {
                fs::remove_file(&path)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn only_a_test_that_ran_and_failed_kills() {
        let of = |stdout: &str| Output {
            status: std::process::ExitStatus::from_raw(256),
            stdout: stdout.into(),
            stderr: vec![],
        };
        let judge = |stdout| judge(&of(stdout), "a::b");
        assert_eq!(judge("running 1 test\ntest a::b ... FAILED\n"), Verdict::Killed);
        assert_eq!(judge("running 1 test\ntest a::b ... ok\n"), Verdict::Survived);
        assert_eq!(judge("running 1 test\n"), Verdict::Killed);
        assert_eq!(judge("running 0 tests\n"), Verdict::NotBuilt);
        assert_eq!(judge(""), Verdict::NotBuilt);
    }
}
