//! `erasures.log` in the data folder: each machine that was erased, as a line. It is no part of a backup, so that a backup
//! that is brought back forgets again what was erased since.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::blob::hex;
use crate::data_dir::sync_folder;
use crate::limits::MAX_ERASURES_BYTES;
use crate::pseudonym::{MACHINE_BYTES, unhex};
use crate::{DataDir, DbError};

/// The file's name.
const FILE: &str = "erasures.log";

/// A machine that was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tombstone {
    /// Whose.
    pub tenant: i64,
    /// Its hash.
    pub machine: [u8; MACHINE_BYTES],
    /// What came until then is gone.
    pub at_ms: i64,
}

pub(super) fn path(dir: &DataDir) -> PathBuf {
    dir.root().join(FILE)
}

/// Appends a line; on disk on return.
pub(super) fn append(dir: &DataDir, stone: Tombstone) -> Result<(), DbError> {
    let path = path(dir);
    let open = OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(&path);
    let mut file = open.map_err(DbError::io("cannot open", &path))?;
    let line = format!("{} {} {}\n", stone.tenant, hex(&stone.machine), stone.at_ms);
    // A line that an earlier stop has torn is ended, so that this one is whole.
    let line = if ends_torn(&mut file).map_err(DbError::io("cannot read", &path))? {
        format!("\n{line}")
    } else {
        line
    };
    file.write_all(line.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(DbError::io("cannot write", &path))?;
    sync_folder(dir.root())
}

fn ends_torn(file: &mut File) -> std::io::Result<bool> {
    use std::io::{Seek, SeekFrom};
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    let mut last = [0_u8];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// Adds the erasures of another data folder's file.
pub(crate) fn bring(dir: &DataDir, from: &Path) -> Result<(), DbError> {
    let known = read(dir)?;
    for stone in read_file(from)?.ok_or_else(|| missing(from))? {
        if !known.contains(&stone) {
            append(dir, stone)?;
        }
    }
    Ok(())
}

fn missing(path: &Path) -> DbError {
    DbError::io("cannot open", path)(std::io::ErrorKind::NotFound.into())
}

/// The newest erasure of each machine. Lines that are none (torn by a stop before anything was removed) are passed over.
pub(super) fn read(dir: &DataDir) -> Result<Vec<Tombstone>, DbError> {
    Ok(read_file(&path(dir))?.unwrap_or_default())
}

fn read_file(path: &Path) -> Result<Option<Vec<Tombstone>>, DbError> {
    let mut text = String::new();
    match File::open(path) {
        Ok(file) => {
            let read = file.take(MAX_ERASURES_BYTES).read_to_string(&mut text);
            read.map_err(DbError::io("cannot read", path))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DbError::io("cannot open", path)(error)),
    };
    Ok(Some(newest(text.lines().filter_map(line))))
}

fn newest(stones: impl Iterator<Item = Tombstone>) -> Vec<Tombstone> {
    let mut newest: BTreeMap<(i64, [u8; MACHINE_BYTES]), i64> = BTreeMap::new();
    for stone in stones {
        let at_ms = newest.entry((stone.tenant, stone.machine)).or_insert(stone.at_ms);
        *at_ms = (*at_ms).max(stone.at_ms);
    }
    newest.into_iter().map(|((tenant, machine), at_ms)| Tombstone { tenant, machine, at_ms }).collect()
}

fn line(text: &str) -> Option<Tombstone> {
    let mut words = text.split(' ');
    let stone = Tombstone {
        tenant: words.next()?.parse().ok()?,
        machine: unhex(words.next()?)?.try_into().ok()?,
        at_ms: words.next()?.parse().ok()?,
    };
    words.next().is_none().then_some(stone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_lines_are_passed_over_and_the_newest_counts() {
        let text = "1 00112233445566aa 5\n1 0011\n\n2 00112233445566aa 7\n1 00112233445566aa 9\n1 00112233445566aa 6\nx y z";
        let stones = newest(text.lines().filter_map(line));
        let all: Vec<_> = stones.iter().map(|stone| (stone.tenant, stone.at_ms)).collect();
        assert_eq!(all, [(1, 9), (2, 7)]);
    }

    #[test]
    fn lines_come_back_and_a_torn_end_spoils_none() {
        let folder = tempfile::tempdir().unwrap();
        let dir = DataDir::open(folder.path()).unwrap();
        let stone = |at_ms| Tombstone { tenant: 1, machine: [7; 8], at_ms };
        assert_eq!(read(&dir).unwrap(), []);
        append(&dir, stone(5)).unwrap();
        OpenOptions::new().append(true).open(path(&dir)).unwrap().write_all(b"1 07").unwrap();
        append(&dir, stone(8)).unwrap();
        assert_eq!(read(&dir).unwrap(), [stone(8)]);
    }
}
