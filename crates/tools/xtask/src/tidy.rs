//! `cargo xtask tidy`: the rules of this repository that no compiler knows, one file each. A rule is a pure function
//! from what it looks at to the sentences that say what is wrong.

mod client_closure;
mod fuzz_entries;
mod headers;
mod manifests;
mod sources;
mod unsafe_blocks;
mod walls;
mod words;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::workspace::{root, text_files};

/// Checks every rule.
///
/// # Errors
/// A rule is broken; each broken rule is printed. Or the repository cannot be read.
pub(crate) fn run() -> Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .exec()
        .context("cargo metadata failed")?;
    let wrong = check(&metadata)?;
    for sentence in &wrong {
        eprintln!("tidy: {sentence}");
    }
    if !wrong.is_empty() {
        bail!("{} rules are broken", wrong.len());
    }
    eprintln!("xtask: tidy");
    Ok(())
}

fn check(metadata: &Metadata) -> Result<Vec<String>> {
    let mut wrong = walls::check(&walls::imports(metadata));
    wrong.extend(client_closure::check(metadata)?);
    for file in text_files()? {
        wrong.extend(words::check(&file.path, &file.text));
        if file.path.ends_with(".rs") {
            wrong.extend(sources::check(&file.path, &file.text));
            wrong.extend(unsafe_blocks::check(&file.path, &file.text));
        }
        if file.path.ends_with("/Cargo.toml") && !file.path.starts_with("fuzz/") {
            wrong.extend(manifests::check(&file.path, &file.text));
        }
    }
    wrong.extend(fuzz_entries::check_repository()?);
    wrong.extend(headers::check_repository()?);
    Ok(wrong)
}
