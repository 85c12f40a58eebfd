//! Uploaded Breakpad symbols: `symbols/<debug_file>/<debug_id>/<debug_file>.sym`. The first upload of an id wins.

mod rows;

use std::path::{Path, PathBuf};

use crate::data_dir::sync_folder;
use crate::limits::MAX_SYMBOL_NAME_CHARS;
use crate::{BlobWriter, DbError, Store};

pub use rows::SymbolFolder;

/// A checked place for a symbol file: both parts are single path components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolName {
    debug_file: String,
    debug_id: String,
}

/// What became of a symbol file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolOutcome {
    /// It is here now.
    Stored,
    /// The same bytes were here.
    AlreadyHere,
    /// Other bytes were here and stay.
    Different,
}

impl SymbolName {
    /// Checks both parts. The id is 32 hex digits and an age of 1 to 8; the file is one component without control
    /// characters. `None` otherwise.
    #[must_use]
    pub fn new(debug_file: &str, debug_id: &str) -> Option<Self> {
        let component = !matches!(debug_file, "" | "." | "..")
            && debug_file.chars().count() <= MAX_SYMBOL_NAME_CHARS
            && debug_file.len() <= MAX_SYMBOL_NAME_CHARS
            && !debug_file.chars().any(|c| matches!(c, '/' | '\\') || c.is_control());
        let id: String = debug_id.chars().filter(|c| *c != '-').collect();
        let hex = (33..=40).contains(&id.len()) && id.chars().all(|c| c.is_ascii_hexdigit());
        (component && hex)
            .then(|| Self { debug_file: debug_file.to_owned(), debug_id: id.to_ascii_uppercase() })
    }

    /// The `MODULE` line of a Breakpad symbol file: `MODULE os cpu id name`.
    #[must_use]
    pub fn from_module_line(line: &str) -> Option<Self> {
        let mut words = line.trim_end_matches(['\r', '\n']).splitn(5, ' ');
        if words.next() != Some("MODULE") {
            return None;
        }
        let (_os, _cpu) = (words.next()?, words.next()?);
        let id = words.next()?;
        Self::new(words.next()?, id)
    }

    pub(crate) fn debug_file(&self) -> &str {
        &self.debug_file
    }

    pub(crate) fn debug_id(&self) -> &str {
        &self.debug_id
    }

    pub(crate) fn path(&self, symbols: &Path) -> PathBuf {
        symbols.join(&self.debug_file).join(&self.debug_id).join(format!("{}.sym", self.debug_file))
    }
}

impl Store {
    /// Whether this module has symbols here.
    ///
    /// # Errors
    /// [`DbError::Io`].
    pub async fn has_symbol(&self, name: &SymbolName) -> Result<bool, DbError> {
        if !self.blobs().is_folder() {
            return Ok(self.symbol_blob(name).await?.is_some());
        }
        let path = name.path(self.symbols());
        tokio::fs::try_exists(&path).await.map_err(DbError::io("cannot look for", path))
    }

    /// Keeps a symbol file, unless its id has one. Durable on return.
    ///
    /// # Errors
    /// [`DbError::Io`]; where blobs are in a bucket, [`DbError::Sql`] and `Blobs` too.
    pub async fn keep_symbol(&self, name: &SymbolName, file: BlobWriter) -> Result<SymbolOutcome, DbError> {
        if !self.blobs().is_folder() {
            return self.keep_symbol_blob(name, file).await;
        }
        let symbols = self.symbols().to_owned();
        let path = name.path(&symbols);
        let finished = file.into_file().await?;
        let kept = tokio::task::spawn_blocking(move || keep(&symbols, &path, finished.path()));
        kept.await.map_err(|error| DbError::io("cannot keep", self.symbols())(error.into()))?
    }
}

fn keep(symbols: &Path, path: &Path, finished: &Path) -> Result<SymbolOutcome, DbError> {
    let folder = path.parent().unwrap_or(symbols);
    std::fs::create_dir_all(folder).map_err(DbError::io("cannot create", folder))?;
    // A hard link fails where the name exists: of two uploads at once, one wins.
    match std::fs::hard_link(finished, path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let same = same_bytes(finished, path).map_err(DbError::io("cannot compare", path))?;
            return Ok(if same { SymbolOutcome::AlreadyHere } else { SymbolOutcome::Different });
        }
        Err(source) => return Err(DbError::Io { doing: "cannot create", path: path.to_owned(), source }),
    }
    for made in folder.ancestors() {
        sync_folder(made)?;
        if made == symbols {
            break;
        }
    }
    Ok(SymbolOutcome::Stored)
}

fn same_bytes(one: &Path, other: &Path) -> std::io::Result<bool> {
    use std::io::{BufRead, BufReader};
    let mut one = BufReader::new(std::fs::File::open(one)?);
    let mut other = BufReader::new(std::fs::File::open(other)?);
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let length = a.len().min(b.len());
        if length == 0 {
            return Ok(a.is_empty() && b.is_empty());
        }
        if a.get(..length) != b.get(..length) {
            return Ok(false);
        }
        one.consume(length);
        other.consume(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "000102030405060708090a0b0c0d0e0f0";

    #[test]
    fn names_are_single_components() {
        let name = SymbolName::from_module_line(&format!("MODULE Linux x86_64 {ID} lib foo.so\n")).unwrap();
        assert_eq!(
            name.path(Path::new("s")),
            Path::new("s/lib foo.so/000102030405060708090A0B0C0D0E0F0/lib foo.so.sym")
        );
        for bad in ["..", ".", "", "../x", "a/b", "a\\b", "a\0", "/etc/passwd", &"a".repeat(201)] {
            assert_eq!(SymbolName::new(bad, ID), None, "{bad}");
        }
        for bad in ["", "..", "0", &ID[..32], "000102030405060708090a0b0c0d0e0f/", &"0".repeat(41)] {
            assert_eq!(SymbolName::new("a.so", bad), None, "{bad}");
        }
        assert_eq!(SymbolName::from_module_line("MODULE Linux x86_64"), None);
    }
}
