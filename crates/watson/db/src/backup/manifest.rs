//! What a snapshot is made of. Written last, read first; what it says of paths is checked, since a backup comes back from
//! places that others reach.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::backup::BackupError;

/// Bytes of a manifest: it has a line per symbol file and per file of the data folder.
const MAX_MANIFEST_BYTES: u64 = 1 << 30;
/// What this program writes and reads.
const FORMAT: u32 = 1;
/// Its file.
pub(super) const FILE: &str = "manifest.json";

/// What the rows are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseKind {
    /// A file of SQLite.
    Sqlite,
    /// What `pg_dump --format=custom` wrote.
    Postgres,
}

impl DatabaseKind {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A file with its content's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptFile {
    /// Below the data folder.
    pub path: PathBuf,
    /// Bytes.
    pub size_bytes: u64,
    /// 64 hex digits.
    pub sha256: String,
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// 1.
    pub format: u32,
    /// Its name: the time at which it was begun, UTC.
    pub name: String,
    /// The same in milliseconds since 1970.
    pub made_ms: i64,
    /// The version of the program that made it.
    pub watson: String,
    /// What the rows are in.
    pub kind: DatabaseKind,
    /// The rows.
    pub database: KeptFile,
    /// Blobs that rows name and the backup has; `None` = they are kept elsewhere.
    pub blobs: Option<u64>,
    /// Bytes of all blobs together.
    pub blob_bytes: u64,
    /// Blobs that rows name and that were lost already before.
    pub lost: Vec<String>,
    /// Symbols, and files of the data folder.
    pub files: Vec<KeptFile>,
}

impl Manifest {
    pub(super) fn new(name: String, made_ms: i64, kind: DatabaseKind, database: KeptFile) -> Self {
        Self {
            format: FORMAT,
            name,
            made_ms,
            watson: env!("CARGO_PKG_VERSION").to_owned(),
            kind,
            database,
            blobs: None,
            blob_bytes: 0,
            lost: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Reads and checks the manifest of a snapshot's folder.
    pub(super) fn read(snapshot: &Path) -> Result<Self, BackupError> {
        let path = snapshot.join(FILE);
        let wrong = |why: String| BackupError::Manifest { path: path.clone(), why };
        let size_bytes = path.metadata().map_err(|error| wrong(error.to_string()))?.len();
        if size_bytes > MAX_MANIFEST_BYTES {
            return Err(wrong(format!("it is larger than {MAX_MANIFEST_BYTES} bytes")));
        }
        let bytes = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if manifest.format != FORMAT {
            return Err(wrong(format!("its format is {}, and this program reads {FORMAT}", manifest.format)));
        }
        for file in manifest.files.iter().chain([&manifest.database]) {
            if !is_below(&file.path) || !crate::blob::is_name(&file.sha256) {
                return Err(wrong(format!("{:?} is no file of a data folder", file.path)));
            }
        }
        Ok(manifest)
    }
}

/// A path that leads nowhere else.
fn is_below(path: &Path) -> bool {
    path.components().next().is_some() && path.components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_leads_nowhere_else() {
        assert!(is_below(Path::new("token")) && is_below(Path::new("symbols/a/b.sym")));
        for path in ["", "/etc/passwd", "../x", "a/../../x", "./x"] {
            assert!(!is_below(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn what_another_program_wrote_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = KeptFile { path: "database".into(), size_bytes: 1, sha256: "0".repeat(64) };
        let good = Manifest::new("x".into(), 1, DatabaseKind::Sqlite, file);
        let read = |manifest: &Manifest| {
            std::fs::write(dir.path().join(FILE), serde_json::to_vec(manifest).unwrap()).unwrap();
            Manifest::read(dir.path())
        };
        assert_eq!(read(&good).unwrap(), good);
        assert!(read(&Manifest { format: 2, ..good.clone() }).is_err());
        let mut escaping = good.clone();
        escaping.database.path = "../database".into();
        assert!(read(&escaping).is_err());
        let mut nameless = good;
        nameless.database.sha256 = "../../x".into();
        assert!(read(&nameless).is_err());
    }
}
