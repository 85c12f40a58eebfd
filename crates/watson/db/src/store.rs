//! The open store: a database, a place for blobs, and this process's data folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audit::{Act, audit};
use crate::blob::{BlobPlace, FolderBlobs, S3Blobs};
use crate::closed::Closed;
use crate::count::LabelMap;
use crate::data_dir::create_private;
use crate::group::Group;
use crate::limits::{CLOSED_ALONE_FOR_MS, CLOSED_FOR_MS};
use crate::pause::end_every_pause;
use crate::privacy::PrivacyBook;
use crate::product::ProductCache;
use crate::record::HitWriter;
use crate::sql::{Database, PostgresDatabase, SqliteDatabase, sql};
use crate::{BlobFile, BlobWriter, BlobsAt, DataDir, DbError, Policy, Pseudonyms};

/// Where things are kept.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// `postgres://...`; `None` = SQLite in the data folder.
    pub database: Option<String>,
    /// A folder or bucket for blobs and symbols; `None` = the data folder. Processes that share a database must share it.
    pub blobs: Option<BlobsAt>,
}

/// watson's memory. Cheap to share behind an `Arc`.
#[derive(Debug)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) hits: HitWriter,
    pub(crate) group: Group,
    pub(crate) products: ProductCache,
    pub(crate) privacy: PrivacyBook,
    dir: DataDir,
    blobs: Arc<BlobPlace>,
    symbols: PathBuf,
}

impl Store {
    /// Opens or creates the data folder with everything in it: SQLite and blobs.
    ///
    /// # Errors
    /// [`DbError::InUse`], `Io`, `Sql` or `Migrate`.
    pub async fn open(root: &Path, policy: Policy) -> Result<Self, DbError> {
        Self::open_at(root, &Places::default(), policy).await
    }

    /// Opens or creates the store: what `places` does not name is in the data folder, which each process has for itself.
    /// Tables are brought up to date.
    ///
    /// # Errors
    /// [`DbError::InUse`], `Io`, `Sql` or `Migrate`.
    pub async fn open_at(root: &Path, places: &Places, policy: Policy) -> Result<Self, DbError> {
        Self::open_in(DataDir::open(root)?, places, policy).await
    }

    /// As [`Store::open_at`], with a data folder that is open.
    pub(crate) async fn open_in(dir: DataDir, places: &Places, policy: Policy) -> Result<Self, DbError> {
        let (database, shard) = match &places.database {
            Some(url) => (Database::Postgres(PostgresDatabase::open(url).await?), random_shard()?),
            None => (Database::Sqlite(SqliteDatabase::open(&dir.database()).await?), 0),
        };
        if dir.is_restoring() {
            // Else bytes of machines that are erased again, before they are brought, would count as still named.
            end_every_pause(&database).await?;
        }
        let (blobs, symbols) = match &places.blobs {
            Some(BlobsAt::S3(settings)) => {
                let bucket = S3Blobs::open(settings, dir.tmp(), dir.cache()).await?;
                (BlobPlace::S3(bucket), dir.symbols())
            }
            // Its `tmp` is not emptied: other processes write there too.
            Some(BlobsAt::Folder(folder)) => {
                (folder_blobs(folder.join("blobs"), folder.join("tmp"))?, folder.join("symbols"))
            }
            None => (folder_blobs(dir.blobs(), dir.tmp())?, dir.symbols()),
        };
        let names = Pseudonyms::open(&database, &dir).await?;
        let closed_for_ms = if database.is_ours_alone() { CLOSED_ALONE_FOR_MS } else { CLOSED_FOR_MS };
        create_private(&symbols)?;
        let hits = HitWriter {
            database: database.clone(),
            policy,
            names,
            shard,
            labels: Arc::new(LabelMap::new(policy)),
            closed: Arc::new(Closed::new(closed_for_ms)),
            orders: Arc::default(),
            machines: Arc::default(),
        };
        let group = Group::start(&hits);
        let blobs = Arc::new(blobs);
        let store = Self {
            database,
            hits,
            group,
            products: ProductCache::default(),
            privacy: PrivacyBook::default(),
            dir,
            blobs,
            symbols,
        };
        let erased = store.replay_tombstones(crate::time::now_ms()).await?;
        if erased > 0 {
            tracing::warn!(machines = erased, "machines that had been erased were erased again");
        }
        Ok(store)
    }

    /// The data folder.
    #[must_use]
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// The only hosts to which URLs of solutions may lead, set and told, from now on; one that begins with a dot stands for all names that
    /// end so. Only the first call counts.
    pub fn restrict_solutions(&self, hosts: Vec<String>) {
        let _ = self.hits.orders.hosts.set(hosts);
        self.hits.orders.forget();
    }

    /// Makes the pseudonyms that stand in this store's rows.
    #[must_use]
    pub fn names(&self) -> &Pseudonyms {
        &self.hits.names
    }

    /// Begins a blob.
    ///
    /// # Errors
    /// [`DbError::Io`].
    pub async fn begin_blob(&self) -> Result<BlobWriter, DbError> {
        BlobWriter::begin(&self.blobs).await
    }

    pub(crate) fn blobs(&self) -> &BlobPlace {
        &self.blobs
    }

    /// Breakpad symbols: `<debug_file>/<debug_id>/<debug_file>.sym`. Empty where blobs are in a bucket:
    /// [`Store::bring_symbols`].
    #[must_use]
    pub fn symbols(&self) -> &Path {
        &self.symbols
    }

    /// A blob as a file, which is there as long as the value lives.
    ///
    /// # Errors
    /// [`DbError::Io`].
    pub async fn blob_file(&self, sha256: &str) -> Result<BlobFile, DbError> {
        self.blobs.file(sha256).await
    }

    /// Ends well when the database answers.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn answers(&self) -> Result<(), DbError> {
        self.database.row::<(i64,)>(sql("SELECT CAST(1 AS BIGINT)")).await.map(drop)
    }

    /// Ends well when a blob can be begun on this machine, and the place where blobs are kept answers. Nothing is written
    /// there, and no more than one page of names is read. How long that may take is the caller's to say.
    ///
    /// # Errors
    /// [`DbError::Io`] for this machine's folders, `Blobs` for a bucket.
    pub async fn blobs_answer(&self) -> Result<(), DbError> {
        // Begun and dropped, a blob leaves nothing behind; the folder must be there and writable for it.
        drop(self.begin_blob().await?);
        self.blobs.probe().await
    }

    /// While paused, no machine is asked for data that was not asked for before. Hits go on.
    pub fn pause_asking(&self, paused: bool) {
        self.hits.closed.pause(paused);
    }

    /// The number of a tenant, which is made where it is new.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn tenant(&self, name: &str, actor: &str, now_ms: i64) -> Result<i64, DbError> {
        let find = || sql("SELECT id FROM tenant WHERE name = $1").bind(name);
        if let Some((id,)) = self.database.row::<(i64,)>(find()).await? {
            return Ok(id);
        }
        let mut tx = self.database.begin().await?;
        let made = tx
            .execute(
                sql("INSERT INTO tenant (name, made_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                    .bind(name)
                    .bind(now_ms),
            )
            .await?;
        let found: Option<(i64,)> = tx.row(find()).await?;
        let (id,) = found.ok_or(DbError::Row("tenant"))?;
        if made > 0 {
            let details = serde_json::json!({ "name": name });
            let act = Act { actor, act: "tenant.add", object: id.to_string(), details };
            audit(&mut tx, &act, now_ms).await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    /// The number of a tenant that is there.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn tenant_named(&self, name: &str) -> Result<Option<i64>, DbError> {
        let found: Option<(i64,)> =
            self.database.row(sql("SELECT id FROM tenant WHERE name = $1").bind(name)).await?;
        Ok(found.map(|(id,)| id))
    }

    /// Closes the database, its log written back.
    pub async fn close(&self) {
        while self.write_machines().await.unwrap_or(false) {}
        self.database.close().await;
    }
}

fn folder_blobs(blobs: PathBuf, unfinished: PathBuf) -> Result<BlobPlace, DbError> {
    create_private(&blobs)?;
    create_private(&unfinished)?;
    Ok(BlobPlace::Folder(FolderBlobs::new(blobs, unfinished)))
}

/// Processes write parts of the counters of their own, so that they seldom wait for each other's commits. Two that draw
/// the same number only wait.
fn random_shard() -> Result<i64, DbError> {
    let number = getrandom::u32().map_err(|error| {
        DbError::io("cannot read random bytes from", "/dev/urandom")(std::io::Error::other(error.to_string()))
    })?;
    Ok(i64::from(number % crate::limits::SHARDS) + 1)
}

/// Where symbols are that are files.
pub(crate) fn symbols_folder(data: &Path, places: &Places) -> PathBuf {
    shared_folder(places).unwrap_or(data).join("symbols")
}

/// The folder for blobs that processes share.
pub(crate) fn blobs_folder(places: &Places) -> Option<PathBuf> {
    shared_folder(places).map(Path::to_owned)
}

fn shared_folder(places: &Places) -> Option<&Path> {
    match &places.blobs {
        Some(BlobsAt::Folder(folder)) => Some(folder),
        Some(BlobsAt::S3(_)) | None => None,
    }
}

/// Blobs beside the process that has the data folder: for reading.
pub(crate) async fn blob_place(data: &Path, places: &Places) -> Result<BlobPlace, DbError> {
    if let Some(BlobsAt::S3(settings)) = &places.blobs {
        // Copies of its own: that process has its cache.
        let tmp = data.join("tmp");
        let cache = tmp.join(format!("cache-{}", uuid::Uuid::new_v4().simple()));
        return Ok(BlobPlace::S3(S3Blobs::open(settings, tmp, cache).await?));
    }
    let root = shared_folder(places).unwrap_or(data);
    Ok(BlobPlace::Folder(FolderBlobs::new(root.join("blobs"), root.join("tmp"))))
}
