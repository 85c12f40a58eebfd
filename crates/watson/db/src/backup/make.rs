//! Making a snapshot.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::interval;

use crate::backup::database::{attach, dump};
use crate::backup::folder::{BackupFolder, hash_of};
use crate::backup::manifest::{KeptFile, Manifest};
use crate::backup::{BackupError, BackupOf, files};
use crate::limits::{BACKUP_PAUSE_MS, BACKUP_PAUSE_RENEW_MS};
use crate::pause::{end_pause, pause_removal};
use crate::sql::{Database, sql};
use crate::{DbError, time};

/// A snapshot that was made.
#[derive(Clone, Debug, serde::Serialize)]
pub struct BackupDone {
    /// Its folder.
    pub snapshot: PathBuf,
    /// Its name.
    pub name: String,
    /// Bytes of the rows.
    pub database_bytes: u64,
    /// Blobs that rows name.
    pub blobs: Option<u64>,
    /// Of blobs and files, those that were not there yet.
    pub copied: u64,
    /// Their bytes.
    pub copied_bytes: u64,
    /// Blobs that rows name and that are lost in the store itself.
    pub lost: Vec<String>,
}

/// Makes a snapshot, while servers run.
///
/// # Errors
/// See [`BackupError`]; nothing is left that a restore would take.
pub async fn backup(of: &BackupOf) -> Result<BackupDone, BackupError> {
    let url = of.places.database.as_deref();
    let database = attach(&of.data, url).await?;
    let folder = BackupFolder::open(&of.output)?;
    let now_ms = time::now_ms();
    let holder = folder.holder.clone();
    if !pause_removal(&database, &holder, now_ms, now_ms + BACKUP_PAUSE_MS).await? {
        database.close().await;
        return Err(BackupError::Paused);
    }
    let pause = Pause { renewing: tokio::spawn(renew(database.clone(), holder.clone())) };
    let made = tokio::select! {
        made = make(of, &database, &folder, now_ms) => made,
        lost = pause.lost() => Err(BackupError::PauseLost(lost)),
    };
    let ended = end_pause(&database, &holder).await;
    database.close().await;
    let done = made?;
    ended?;
    Ok(done)
}

/// Keeps the pause until dropped.
struct Pause {
    renewing: JoinHandle<DbError>,
}

impl Pause {
    /// Ends when the pause is lost.
    async fn lost(mut self) -> String {
        match (&mut self.renewing).await {
            Ok(error) => error.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

async fn renew(database: Database, holder: String) -> DbError {
    let mut turns = interval(Duration::from_millis(BACKUP_PAUSE_RENEW_MS));
    turns.tick().await;
    loop {
        turns.tick().await;
        let now_ms = time::now_ms();
        match pause_removal(&database, &holder, now_ms, now_ms + BACKUP_PAUSE_MS).await {
            Ok(true) => {}
            Ok(false) => return DbError::Busy,
            Err(error) => return error,
        }
    }
}

async fn make(
    of: &BackupOf,
    database: &Database,
    folder: &BackupFolder,
    now_ms: i64,
) -> Result<BackupDone, BackupError> {
    let snapshot = folder.begin(name_of(now_ms))?;
    let mut copies = Copies { folder, files: Vec::new(), copied: 0, copied_bytes: 0 };
    for path in files::own(&of.data)? {
        copies.add(&of.data.join(&path), &path).await?;
    }
    let file = snapshot.path.join("database");
    let kind = dump(database, of.places.database.as_deref(), &file).await?;
    let kept = hash_of(&file, Path::new("database")).await?;
    let mut manifest = Manifest::new(snapshot.name.clone(), now_ms, kind, kept);
    if of.blobs {
        copies.add_blobs(of, database, &mut manifest).await?;
    }
    let symbols = crate::store::symbols_folder(&of.data, &of.places);
    for path in files::below(&symbols)? {
        copies.add(&symbols.join(&path), &Path::new("symbols").join(&path)).await?;
    }
    manifest.files = copies.files;
    let (copied, copied_bytes) = (copies.copied, copies.copied_bytes);
    let name = snapshot.name.clone();
    Ok(BackupDone {
        snapshot: snapshot.finish(&manifest)?,
        name,
        database_bytes: manifest.database.size_bytes,
        blobs: manifest.blobs,
        copied,
        copied_bytes,
        lost: manifest.lost,
    })
}

struct Copies<'a> {
    folder: &'a BackupFolder,
    files: Vec<KeptFile>,
    copied: u64,
    copied_bytes: u64,
}

impl Copies<'_> {
    /// Copies a file of the data folder; one that has vanished meanwhile is done with.
    async fn add(&mut self, from: &Path, path: &Path) -> Result<(), BackupError> {
        if !from.is_file() {
            return Ok(());
        }
        let (blob, is_new) = match self.folder.copy(from, None).await {
            Err(_) if !from.exists() => return Ok(()),
            copied => copied?,
        };
        self.count(is_new, blob.size_bytes);
        self.files.push(KeptFile { path: path.to_owned(), size_bytes: blob.size_bytes, sha256: blob.sha256 });
        Ok(())
    }

    /// Copies every blob that a row names. Rows that came after the copy of the database do no harm.
    async fn add_blobs(
        &mut self,
        of: &BackupOf,
        database: &Database,
        manifest: &mut Manifest,
    ) -> Result<(), BackupError> {
        let place = crate::store::blob_place(&of.data, &of.places).await?;
        let (mut after, mut count) = (String::new(), 0);
        loop {
            let rows: Vec<(String, i64)> = database
                .rows(
                    sql("SELECT sha256, size_bytes FROM blob WHERE sha256 > $1 ORDER BY sha256 LIMIT 500")
                        .bind(&after),
                )
                .await?;
            let Some((last, _)) = rows.last() else { break };
            after.clone_from(last);
            for (sha256, size) in rows {
                let size_bytes = u64::try_from(size).unwrap_or_default();
                count += 1;
                manifest.blob_bytes += size_bytes;
                if self.folder.size_of(&sha256).await == Some(size_bytes) {
                    continue;
                }
                let copied = match place.file(&sha256).await {
                    Ok(file) if file.path().is_file() => self.folder.copy(file.path(), Some(&sha256)).await,
                    _ => Err(BackupError::Damaged(sha256.clone())),
                };
                match copied {
                    Ok((blob, is_new)) => self.count(is_new, blob.size_bytes),
                    // Of what the store itself has lost, a backup cannot have more; all else must not be lost with it.
                    Err(BackupError::Damaged(_)) => manifest.lost.push(sha256),
                    Err(error) => return Err(error),
                }
            }
        }
        manifest.blobs = Some(count);
        Ok(())
    }

    fn count(&mut self, is_new: bool, size_bytes: u64) {
        if is_new {
            self.copied += 1;
            self.copied_bytes += size_bytes;
        }
    }
}

/// `20261121T152400.123Z`.
fn name_of(now_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    time.strftime("%Y%m%dT%H%M%S.%3fZ").to_string()
}
