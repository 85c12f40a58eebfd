//! Every fuzz target is built: each file below `fuzz/fuzz_targets` has its entry in `fuzz/Cargo.toml`, and each entry
//! its file.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};

use crate::workspace::root;

/// What is wrong in the repository.
///
/// # Errors
/// Folder or manifest cannot be read.
pub(super) fn check_repository() -> Result<Vec<String>> {
    let folder = root().join("fuzz");
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).context("fuzz/Cargo.toml cannot be read")?;
    let mut files = BTreeSet::new();
    for entry in fs::read_dir(folder.join("fuzz_targets")).context("fuzz/fuzz_targets cannot be read")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        files.extend(name.strip_suffix(".rs").map(ToOwned::to_owned));
    }
    Ok(check(&files, &manifest))
}

fn check(files: &BTreeSet<String>, manifest: &str) -> Vec<String> {
    let manifest: toml::Table = match manifest.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("fuzz/Cargo.toml: {error}")],
    };
    let bins = manifest.get("bin").and_then(toml::Value::as_array).into_iter().flatten();
    let entries: BTreeSet<String> =
        bins.filter_map(|bin| bin.get("name")?.as_str().map(ToOwned::to_owned)).collect();
    let unbuilt =
        files.difference(&entries).map(|name| format!("fuzz/fuzz_targets/{name}.rs has no [[bin]] entry"));
    let lost =
        entries.difference(files).map(|name| format!("fuzz/Cargo.toml names {name}, which has no file"));
    unbuilt.chain(lost).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_entries_must_match() {
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let manifest = "[[bin]]\nname = \"a\"\n[[bin]]\nname = \"b\"\n";
        assert_eq!(check(&files(&["a", "b"]), manifest), Vec::<String>::new());
        assert_eq!(check(&files(&["a", "b", "c"]), manifest).len(), 1);
        assert_eq!(check(&files(&["a"]), manifest).len(), 1);
    }
}
