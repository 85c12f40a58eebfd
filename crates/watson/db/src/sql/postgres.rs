//! PostgreSQL: any number of watson processes on one database.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, Postgres, Transaction};

use crate::DbError;
use crate::limits::{MAX_POSTGRES_CONNECTIONS, POSTGRES_TRUSTED_FOR, POSTGRES_WAIT_MS};

#[derive(Clone, Debug)]
pub(crate) struct PostgresDatabase {
    pool: PgPool,
}

impl PostgresDatabase {
    /// Connects and brings the tables up to date, one process at a time (sqlx holds an advisory lock meanwhile).
    pub(crate) async fn open(url: &str) -> Result<Self, DbError> {
        let pool = connect(url, MAX_POSTGRES_CONNECTIONS).await?;
        // Tables that a newer version has added do not stop an older one.
        sqlx::migrate!("migrations/postgres").set_ignore_missing(true).run(&pool).await?;
        Ok(Self { pool })
    }

    /// Connects to a database beside the processes that use it: no table is changed.
    pub(crate) async fn attach(url: &str) -> Result<Self, DbError> {
        Ok(Self { pool: connect(url, 2).await? })
    }

    /// Migrations of this program.
    pub(super) fn known_migrations() -> Vec<i64> {
        sqlx::migrate!("migrations/postgres").iter().map(|migration| migration.version).collect()
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, DbError> {
        Ok(self.pool.begin().await?)
    }
}

async fn connect(url: &str, connections: u32) -> Result<PgPool, DbError> {
    // A server may have been told to forget commits; a 2xx of ours may not.
    let options = PgConnectOptions::from_str(url)?.options([("synchronous_commit", "on")]);
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_millis(POSTGRES_WAIT_MS))
        // A connection that was given back a moment ago was tried then; each try is a round trip.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                let is_good = about.idle_for < POSTGRES_TRUSTED_FOR || connection.ping().await.is_ok();
                Ok(is_good)
            })
        })
        .connect_with(options)
        .await?)
}
