//! Where the repository is, and its files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap_or(Path::new(".")).to_path_buf()
}

/// A text file of the repository.
pub(crate) struct SourceFile {
    /// Path below the root.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// Folders and files of ours; everything else at the root is made by tools.
const OURS: [&str; 12] = [
    "crates",
    "examples",
    "fuzz",
    "include",
    "docs",
    "museum",
    "packaging",
    ".ci",
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.toml",
];

/// Endings of files that hold text of ours.
const TEXT: [&str; 11] = ["rs", "c", "h", "cpp", "toml", "md", "sql", "html", "css", "service", "run"];

/// Every text file of ours.
///
/// # Errors
/// A file or folder cannot be read.
pub(crate) fn text_files() -> Result<Vec<SourceFile>> {
    let root = root();
    let mut paths = Vec::new();
    for entry in OURS {
        let path = root.join(entry);
        if path.exists() {
            collect(&path, &mut paths).with_context(|| format!("{} cannot be read", path.display()))?;
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let below = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
        Ok(SourceFile { path: below, text })
    };
    paths.into_iter().map(read).collect()
}

fn collect(path: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        if path.file_name().is_some_and(|name| name == "target" || name == "corpus" || name == "artifacts") {
            return Ok(());
        }
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), into)?;
        }
    } else if is_text(path) {
        into.push(path.to_path_buf());
    }
    Ok(())
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|ending| TEXT.iter().any(|known| ending == *known))
        || path.file_name().is_some_and(|name| name == "run")
}
