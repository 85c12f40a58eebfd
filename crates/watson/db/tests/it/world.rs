//! Where a test keeps its rows and blobs.

use tempfile::TempDir;
use watson_db::{Places, Policy, Store};

use crate::postgres::PostgresForTest;

pub(crate) struct World {
    /// The data folder of the first process.
    pub(crate) dir: TempDir,
    postgres: Option<PostgresForTest>,
}

impl World {
    pub(crate) fn sqlite() -> Self {
        Self { dir: folder(), postgres: None }
    }

    pub(crate) fn postgres() -> Self {
        Self { dir: folder(), postgres: Some(PostgresForTest::start()) }
    }

    /// An empty one of the same kind.
    pub(crate) fn another(&self) -> Self {
        if self.postgres.is_some() { Self::postgres() } else { Self::sqlite() }
    }

    pub(crate) fn places(&self) -> Places {
        Places { database: self.postgres.as_ref().map(PostgresForTest::url), blobs: None }
    }

    /// Opens the store, again where it was closed.
    pub(crate) async fn open(&self) -> Store {
        self.open_with(Policy::default()).await
    }

    pub(crate) async fn open_with(&self, policy: Policy) -> Store {
        Store::open_at(self.dir.path(), &self.places(), policy).await.expect("the store opens")
    }
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder can be made")
}
