//! The two databases behind one door. A whole operation is written once, in SQL that both understand (`$1` for values,
//! 64-bit integers, text, bytes); what differs is here, in a leaf each: how a database is opened and brought up to date,
//! how a transaction begins, how rows are locked.
//!
//! An enum and not a trait with an implementation each: nine tenths of the SQL are the same, and two copies of every
//! operation would drift apart. The conformance suite runs on both.

use std::borrow::Cow;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, FromRow, Postgres, Sqlite, Transaction};

use crate::DbError;
use crate::blob::hex;

mod checkpoint;
mod postgres;
mod rows;
mod sqlite;

pub(crate) use postgres::PostgresDatabase;
pub(crate) use rows::{Insert, insert, insert_into_each};
pub(crate) use sqlite::SqliteDatabase;

/// A value of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Arg {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Vec<u8>),
    /// For [`Tx::among_numbers`].
    Ints(Vec<i64>),
    /// For [`Tx::among_keys`].
    Keys(Vec<Vec<u8>>),
    /// A column of many rows ([`insert`], PostgreSQL only).
    Column(Column),
}

/// One column of many rows.
#[derive(Clone, Debug)]
pub(crate) enum Column {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Vec<u8>>),
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        // PostgreSQL's text cannot hold it; the other one keeps the same.
        Self::Text(Some(if value.contains('\0') {
            value.replace('\0', "\u{fffd}")
        } else {
            value.to_owned()
        }))
    }
}

impl From<&String> for Arg {
    fn from(value: &String) -> Self {
        Self::from(value.as_str())
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::from(value.as_str())
    }
}

impl From<Option<&str>> for Arg {
    fn from(value: Option<&str>) -> Self {
        value.map_or(Self::Text(None), Self::from)
    }
}

impl From<Vec<i64>> for Arg {
    fn from(values: Vec<i64>) -> Self {
        Self::Ints(values)
    }
}

impl From<Vec<Vec<u8>>> for Arg {
    fn from(values: Vec<Vec<u8>>) -> Self {
        Self::Keys(values)
    }
}

impl From<&[u8]> for Arg {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

/// A statement with its values.
#[derive(Clone, Debug)]
pub(crate) struct Sql {
    text: Cow<'static, str>,
    args: Vec<Arg>,
}

/// Begins a statement; values go in with [`Sql::bind`], in the order of their numbers.
pub(crate) fn sql(text: impl Into<Cow<'static, str>>) -> Sql {
    Sql { text: text.into(), args: Vec::new() }
}

impl Sql {
    pub(crate) fn bind(mut self, value: impl Into<Arg>) -> Self {
        self.args.push(value.into());
        self
    }

    pub(crate) fn bind_all(mut self, values: impl IntoIterator<Item = Arg>) -> Self {
        self.args.extend(values);
        self
    }

    fn sqlite(self) -> Result<(AssertSqlSafe<String>, SqliteArguments), DbError> {
        let mut arguments = SqliteArguments::default();
        for arg in self.args {
            let added = match arg {
                Arg::Int(value) => arguments.add(value),
                Arg::Text(value) => arguments.add(value),
                Arg::Bytes(value) => arguments.add(value),
                // Lists of numbers and of hex digits: nothing in them needs an escape.
                Arg::Ints(values) => arguments.add(json_list(values.iter().map(i64::to_string), "")),
                Arg::Keys(values) => arguments.add(json_list(values.iter().map(|key| hex(key)), "\"")),
                Arg::Column(_) => return Err(DbError::Row("column of a statement")),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        // The text is made of literals of this crate; values are never written into it.
        Ok((AssertSqlSafe(self.text.into_owned()), arguments))
    }

    fn postgres(self) -> Result<(AssertSqlSafe<String>, PgArguments), DbError> {
        let mut arguments = PgArguments::default();
        for arg in self.args {
            let added = match arg {
                Arg::Int(value) => arguments.add(value),
                Arg::Text(value) => arguments.add(value),
                Arg::Bytes(value) => arguments.add(value),
                Arg::Ints(values) => arguments.add(values),
                Arg::Keys(values) | Arg::Column(Column::Bytes(values)) => arguments.add(values),
                Arg::Column(Column::Int(values)) => arguments.add(values),
                Arg::Column(Column::Text(values)) => arguments.add(values),
            };
            added.map_err(sqlx::Error::Encode)?;
        }
        Ok((AssertSqlSafe(self.text.into_owned()), arguments))
    }
}

fn json_list(items: impl Iterator<Item = String>, quote: &str) -> String {
    let items: Vec<String> = items.map(|item| format!("{quote}{item}{quote}")).collect();
    format!("[{}]", items.join(","))
}

/// What a row of either database becomes.
pub(crate) trait Row:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// An open database. Clones share its connections.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    Sqlite(SqliteDatabase),
    Postgres(PostgresDatabase),
}

impl Database {
    /// A transaction that writes.
    pub(crate) async fn begin(&self) -> Result<Tx, DbError> {
        match self {
            Self::Sqlite(database) => database.begin().await.map(Tx::Sqlite),
            Self::Postgres(database) => database.begin().await.map(Tx::Postgres),
        }
    }

    /// Rows, read outside any transaction.
    pub(crate) async fn rows<T: Row>(&self, statement: Sql) -> Result<Vec<T>, DbError> {
        Ok(match self {
            Self::Sqlite(database) => {
                let (text, arguments) = statement.sqlite()?;
                sqlx::query_as_with(text, arguments).fetch_all(database.reader()).await?
            }
            Self::Postgres(database) => {
                let (text, arguments) = statement.postgres()?;
                sqlx::query_as_with(text, arguments).fetch_all(database.pool()).await?
            }
        })
    }

    /// The first row.
    pub(crate) async fn row<T: Row>(&self, statement: Sql) -> Result<Option<T>, DbError> {
        Ok(self.rows(statement).await?.into_iter().next())
    }

    /// Open connections, and those of them that nobody uses.
    pub(crate) fn pool_size(&self) -> (u32, u32) {
        let (open, idle) = match self {
            Self::Sqlite(database) => database.size(),
            Self::Postgres(database) => (database.pool().size(), database.pool().num_idle()),
        };
        (open, u32::try_from(idle).unwrap_or(u32::MAX))
    }

    /// Versions of the migrations that this program has.
    pub(crate) fn known_migrations(&self) -> Vec<i64> {
        match self {
            Self::Sqlite(_) => SqliteDatabase::known_migrations(),
            Self::Postgres(_) => PostgresDatabase::known_migrations(),
        }
    }

    /// Executes what a transaction must not hold.
    pub(crate) async fn execute_alone(&self, statement: Sql) -> Result<(), DbError> {
        match self {
            Self::Sqlite(database) => {
                let (text, arguments) = statement.sqlite()?;
                sqlx::query_with(text, arguments).execute(database.reader()).await?;
            }
            Self::Postgres(database) => {
                let (text, arguments) = statement.postgres()?;
                sqlx::query_with(text, arguments).execute(database.pool()).await?;
            }
        }
        Ok(())
    }

    /// No other process writes to it: SQLite's file is locked with its folder.
    pub(crate) fn is_ours_alone(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// What was deleted is gone from this machine's files too. PostgreSQL does that by itself, by its vacuum.
    pub(crate) async fn scrub(&self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(database) => database.scrub().await,
            Self::Postgres(_) => Ok(()),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.pool().close().await,
        }
    }
}

/// A transaction that writes. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub(crate) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Executes; the number of rows that were changed.
    pub(crate) async fn execute(&mut self, statement: Sql) -> Result<u64, DbError> {
        Ok(match self {
            Self::Sqlite(tx) => {
                let (text, arguments) = statement.sqlite()?;
                sqlx::query_with(text, arguments).execute(&mut **tx).await?.rows_affected()
            }
            Self::Postgres(tx) => {
                let (text, arguments) = statement.postgres()?;
                sqlx::query_with(text, arguments).execute(&mut **tx).await?.rows_affected()
            }
        })
    }

    pub(crate) async fn rows<T: Row>(&mut self, statement: Sql) -> Result<Vec<T>, DbError> {
        Ok(match self {
            Self::Sqlite(tx) => {
                let (text, arguments) = statement.sqlite()?;
                sqlx::query_as_with(text, arguments).fetch_all(&mut **tx).await?
            }
            Self::Postgres(tx) => {
                let (text, arguments) = statement.postgres()?;
                sqlx::query_as_with(text, arguments).fetch_all(&mut **tx).await?
            }
        })
    }

    pub(crate) async fn row<T: Row>(&mut self, statement: Sql) -> Result<Option<T>, DbError> {
        Ok(self.rows(statement).await?.into_iter().next())
    }

    /// Ends a `SELECT` so that its rows stay locked until the transaction ends. SQLite has one writer and needs none.
    pub(crate) fn lock_rows(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " FOR NO KEY UPDATE",
        }
    }

    /// Ends a `SELECT` so that its rows stay as they are until the transaction ends; others may read them so too.
    pub(crate) fn share_rows(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " FOR SHARE",
        }
    }

    /// Like [`Tx::lock_rows`], and rows that somebody else holds are passed over.
    pub(crate) fn lock_free_rows(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// `IN` for a list of numbers that is bound as this value ([`Arg::Ints`]): one text for lists of every length.
    pub(crate) fn among_numbers(&self, value: usize) -> String {
        match self {
            Self::Sqlite(_) => format!("IN (SELECT value FROM json_each(${value}))"),
            Self::Postgres(_) => format!("= ANY(${value})"),
        }
    }

    /// `IN` for a list of bytes ([`Arg::Keys`]).
    pub(crate) fn among_keys(&self, value: usize) -> String {
        match self {
            Self::Sqlite(_) => format!("IN (SELECT unhex(value) FROM json_each(${value}))"),
            Self::Postgres(_) => format!("= ANY(${value})"),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), DbError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
