//! Bringing a snapshot back.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use tokio::io::AsyncReadExt;

use crate::backup::database::load;
use crate::backup::folder::{hash_of, list};
use crate::backup::manifest::{DatabaseKind, KeptFile, Manifest};
use crate::backup::{BackupError, erasures, io};
use crate::blob::{BlobPlace, FolderBlobs};
use crate::data_dir::{DataDir, create_private, sync_folder};
use crate::sql::{Database, PostgresDatabase, sql};
use crate::{BlobWriter, Places, Policy, Store};

/// What is to be brought back, and where to.
#[derive(Clone, Debug)]
pub struct RestoreFrom {
    /// The folder of backups.
    pub from: PathBuf,
    /// One of its snapshots; `None` = the newest.
    pub snapshot: Option<String>,
    /// The data folder; missing or empty.
    pub data: PathBuf,
    /// `erasures.log` of the data folder that is replaced, or a copy of it: what was erased since the snapshot is erased
    /// again, before its bytes are brought. Those of other snapshots are looked at anyway.
    pub erasures: Option<PathBuf>,
    /// Where rows and blobs go. A database must have no tables, a folder for blobs be missing or empty.
    pub places: Places,
}

/// A snapshot that was brought back.
#[derive(Clone, Debug, serde::Serialize)]
pub struct RestoreDone {
    /// Its name.
    pub name: String,
    /// When it was made, milliseconds since 1970.
    pub made_ms: i64,
    /// Blobs that were brought back; `None` = they were kept elsewhere.
    pub blobs: Option<u64>,
    /// Symbols and files of the data folder.
    pub files: u64,
    /// Blobs that were lost already when the snapshot was made.
    pub lost: Vec<String>,
}

/// Brings a snapshot back into an empty place. Until it has ended, no server starts on the data folder. The store is open
/// on return, so that the caller can look at it before any server does.
///
/// # Errors
/// See [`BackupError`]. What was written stays where it is, marked as unfinished.
pub async fn restore(from: &RestoreFrom, policy: Policy) -> Result<(RestoreDone, Store), BackupError> {
    let name = match &from.snapshot {
        Some(name) if list(&from.from)?.contains(name) => name.clone(),
        Some(name) => return Err(BackupError::NoSnapshot(from.from.join("snapshots").join(name))),
        None => list(&from.from)?.pop().ok_or_else(|| BackupError::NoSnapshot(from.from.clone()))?,
    };
    let snapshot = from.from.join("snapshots").join(&name);
    let manifest = Manifest::read(&snapshot)?;
    check_target(from, &manifest).await?;
    check_file(&snapshot.join(&manifest.database.path), &manifest.database).await?;

    let dir = DataDir::begin_restore(&from.data)?;
    let taken = FolderBlobs::new(from.from.join("blobs"), from.from.join("tmp"));
    let taken = BlobPlace::Folder(taken);
    let symbols = crate::store::symbols_folder(&from.data, &from.places);
    for file in &manifest.files {
        let target = match file.path.strip_prefix("symbols") {
            Ok(below) => symbols.join(below),
            Err(_) => from.data.join(&file.path),
        };
        copy_file(&taken, file, &target).await?;
    }
    erasures::bring(&dir, from, &taken).await?;
    let database = snapshot.join(&manifest.database.path);
    match &from.places.database {
        Some(url) => load(url, &database).await?,
        None => copy_bytes(&database, &dir.database(), &manifest.database.sha256).await?,
    }
    // Tables of an older version are brought up to date by this, and machines that were erased are erased again.
    let store = Store::open_in(dir, &from.places, policy).await?;
    let blobs = match manifest.blobs {
        Some(_) => Some(bring_blobs(&store, &taken, &manifest).await?),
        None => None,
    };
    let files = manifest.files.len() as u64;
    let made_ms = manifest.made_ms;
    Ok((RestoreDone { name, made_ms, blobs, files, lost: manifest.lost }, store))
}

impl Store {
    /// Lets servers start on a restored data folder.
    ///
    /// # Errors
    /// The mark cannot be removed.
    pub fn end_restore(&self) -> Result<(), BackupError> {
        Ok(self.dir().end_restore()?)
    }
}

async fn check_target(from: &RestoreFrom, manifest: &Manifest) -> Result<(), BackupError> {
    let target = if from.places.database.is_some() { DatabaseKind::Postgres } else { DatabaseKind::Sqlite };
    if target != manifest.kind {
        return Err(BackupError::OtherKind(manifest.kind.name(), target.name()));
    }
    let has_entries = |path: &Path| fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    let mut folders = vec![from.data.clone()];
    folders.extend(crate::store::blobs_folder(&from.places));
    if let Some(full) = folders.iter().find(|folder| has_entries(folder)) {
        return Err(BackupError::NotEmpty(full.display().to_string()));
    }
    if let Some(url) = &from.places.database {
        let database = Database::Postgres(PostgresDatabase::attach(url).await?);
        let tables = "SELECT COUNT(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                      WHERE c.relkind = 'r' AND n.nspname = 'public'";
        let found: Option<(i64,)> = database.row(sql(tables)).await?;
        database.close().await;
        if found.is_none_or(|(tables,)| tables > 0) {
            return Err(BackupError::NotEmpty("the database".to_owned()));
        }
    }
    Ok(())
}

async fn check_file(path: &Path, expected: &KeptFile) -> Result<(), BackupError> {
    let found = hash_of(path, &expected.path).await?;
    if found == *expected { Ok(()) } else { Err(BackupError::Damaged(path.display().to_string())) }
}

/// Every blob that a row names, its hash checked on the way.
async fn bring_blobs(store: &Store, taken: &BlobPlace, manifest: &Manifest) -> Result<u64, BackupError> {
    let (mut after, mut brought, mut missing) = (String::new(), 0, None);
    let mut missed = 0;
    loop {
        let rows: Vec<(String,)> = store
            .database
            .rows(sql("SELECT sha256 FROM blob WHERE sha256 > $1 ORDER BY sha256 LIMIT 500").bind(&after))
            .await?;
        let Some((last,)) = rows.last() else { break };
        after.clone_from(last);
        for (sha256,) in rows {
            let from = taken.file(&sha256).await.map(|file| file.path().to_owned());
            match from {
                Ok(path) if path.is_file() => {
                    bring_blob(store.begin_blob().await?, &path, &sha256).await?;
                    brought += 1;
                }
                _ if manifest.lost.contains(&sha256) => {}
                _ => {
                    missed += 1;
                    missing.get_or_insert(sha256);
                }
            }
        }
    }
    match missing {
        Some(first) => Err(BackupError::Missing { count: missed, first }),
        None => Ok(brought),
    }
}

async fn bring_blob(mut writer: BlobWriter, from: &Path, sha256: &str) -> Result<(), BackupError> {
    let mut file = tokio::fs::File::open(from).await.map_err(io("cannot open", from))?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = file.read(&mut buffer).await.map_err(io("cannot read", from))?;
        if read == 0 {
            break;
        }
        writer.write(buffer.get(..read).unwrap_or_default()).await?;
    }
    if writer.sha256() != sha256 {
        return Err(BackupError::Damaged(from.display().to_string()));
    }
    writer.finish().await?;
    Ok(())
}

async fn copy_file(taken: &BlobPlace, file: &KeptFile, target: &Path) -> Result<(), BackupError> {
    let from = taken.file(&file.sha256).await?;
    if let Some(folder) = target.parent() {
        create_private(folder)?;
    }
    copy_bytes(from.path(), target, &file.sha256).await
}

/// Copies, syncs and compares with the hash; a file that is there already is an error.
async fn copy_bytes(from: &Path, target: &Path, sha256: &str) -> Result<(), BackupError> {
    use std::os::unix::fs::OpenOptionsExt;
    let bytes_from = from.to_owned();
    let to = target.to_owned();
    let copying = tokio::task::spawn_blocking(move || -> Result<(), BackupError> {
        let mut source = File::open(&bytes_from).map_err(io("cannot open", &bytes_from))?;
        let mut file = fs::OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&to)
            .map_err(io("cannot create", &to))?;
        std::io::copy(&mut source, &mut file).map_err(io("cannot write", &to))?;
        file.flush().and_then(|()| file.sync_all()).map_err(io("cannot sync", &to))?;
        Ok(sync_folder(to.parent().unwrap_or(&to))?)
    });
    copying.await.map_err(|error| io("cannot copy", from)(error.into()))??;
    let found = hash_of(target, target).await?;
    if found.sha256 == sha256 { Ok(()) } else { Err(BackupError::Damaged(from.display().to_string())) }
}
