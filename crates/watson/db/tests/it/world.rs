//! Where a test keeps its rows and blobs.

use std::path::PathBuf;

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;
use watson_db::{BlobsAt, Places, Policy, S3Credentials, S3Settings, Store};

use crate::postgres::PostgresForTest;
use crate::s3::{KEY, S3ForTest};

pub(crate) struct World {
    /// The data folder of the first process.
    pub(crate) dir: TempDir,
    postgres: Option<PostgresForTest>,
    pub(crate) s3: Option<S3ForTest>,
}

impl World {
    pub(crate) fn sqlite() -> Self {
        Self { dir: folder(), postgres: None, s3: None }
    }

    pub(crate) fn postgres() -> Self {
        Self { dir: folder(), postgres: Some(PostgresForTest::start()), s3: None }
    }

    pub(crate) fn postgres_and_s3() -> Self {
        Self { s3: Some(S3ForTest::start()), ..Self::postgres() }
    }

    /// An empty one of the same kind.
    pub(crate) fn another(&self) -> Self {
        if self.postgres.is_some() { Self::postgres() } else { Self::sqlite() }
    }

    pub(crate) fn places(&self) -> Places {
        Places {
            database: self.postgres.as_ref().map(PostgresForTest::url),
            blobs: self.s3.as_ref().map(bucket),
        }
    }

    /// The folder that has the blobs as files.
    pub(crate) fn blobs(&self) -> PathBuf {
        self.s3.as_ref().map_or_else(|| self.dir.path().join("blobs"), S3ForTest::blobs)
    }

    /// How many there are.
    pub(crate) fn blob_count(&self) -> usize {
        fn count(folder: &std::path::Path) -> usize {
            let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
            entries.map(|entry| entry.unwrap().path()).map(|p| if p.is_dir() { count(&p) } else { 1 }).sum()
        }
        count(&self.blobs())
    }

    /// Changes rows behind the store's back.
    pub(crate) async fn execute(&self, statement: &str) {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        if let Some(postgres) = &self.postgres {
            let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = self.sqlite_connection().await;
            sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
        }
    }

    /// Rows of a table.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let statement = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        if let Some(postgres) = &self.postgres {
            let mut connection = PgConnection::connect(&postgres.url()).await.unwrap();
            sqlx::query_scalar(statement).fetch_one(&mut connection).await.unwrap()
        } else {
            sqlx::query_scalar(statement).fetch_one(&mut self.sqlite_connection().await).await.unwrap()
        }
    }

    async fn sqlite_connection(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new()
            .filename(self.dir.path().join("watson.sqlite"))
            .busy_timeout(std::time::Duration::from_secs(30));
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    /// Opens the store, again where it was closed.
    pub(crate) async fn open(&self) -> Store {
        self.open_with(Policy::default()).await
    }

    pub(crate) async fn open_with(&self, policy: Policy) -> Store {
        Store::open_at(self.dir.path(), &self.places(), policy).await.expect("the store opens")
    }
}

fn bucket(s3: &S3ForTest) -> BlobsAt {
    let Ok(BlobsAt::S3(settings)) = s3.url().parse() else { panic!("it is a bucket") };
    let (access_key_id, secret_access_key) = (KEY.0.to_owned(), KEY.1.to_owned());
    let credentials = Some(S3Credentials { access_key_id, secret_access_key });
    BlobsAt::S3(S3Settings { credentials, ..settings })
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}
