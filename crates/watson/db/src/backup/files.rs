//! Files of the data folder that are neither rows nor blobs: symbols, the token, keys, the reserve.

use std::fs;
use std::path::{Path, PathBuf};

use crate::backup::{BackupError, io};

/// What is copied in another way, or is of this process alone.
const NOT_COPIED: [&str; 10] = [
    "watson.sqlite",
    "watson.sqlite-wal",
    "watson.sqlite-shm",
    "watson.sqlite-journal",
    "blobs",
    "symbols",
    "tmp",
    "cache",
    "lock",
    "restoring",
];
/// Folders in one another.
const MAX_DEPTH: u32 = 16;

/// Paths below the data folder, in the order in which they are to be copied.
pub(super) fn own(data: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(data).map_err(io("cannot list", data))?.flatten() {
        let name = entry.file_name();
        if !NOT_COPIED.iter().any(|known| *known == name) {
            walk(data, Path::new(&name), 0, &mut found)?;
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// All files below a folder that may be missing; paths are relative to it.
pub(super) fn below(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder).map_err(io("cannot list", folder))?.flatten() {
            walk(folder, Path::new(&entry.file_name()), 0, &mut found)?;
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Adds files; links, sockets and what vanishes meanwhile are passed over.
fn walk(root: &Path, path: &Path, depth: u32, found: &mut Vec<PathBuf>) -> Result<(), BackupError> {
    let full = root.join(path);
    let Ok(metadata) = full.symlink_metadata() else { return Ok(()) };
    if metadata.is_file() {
        found.push(path.to_owned());
    } else if metadata.is_dir() && depth < MAX_DEPTH {
        let Ok(entries) = fs::read_dir(&full) else { return Ok(()) };
        for entry in entries.flatten() {
            walk(root, &path.join(entry.file_name()), depth + 1, found)?;
        }
    }
    Ok(())
}
