//! Statements past the store, on either database.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

use crate::world::World;

async fn postgres(url: &str) -> PgPool {
    PgPool::connect_with(PgConnectOptions::from_str(url).unwrap()).await.unwrap()
}

async fn sqlite(world: &World) -> SqlitePool {
    let file = world.dir.path().join("watson.sqlite");
    SqlitePool::connect_with(SqliteConnectOptions::new().filename(file)).await.unwrap()
}

pub(crate) async fn execute(world: &World, statements: &'static str) {
    match world.places().database {
        Some(url) => _ = sqlx::raw_sql(statements).execute(&postgres(&url).await).await.unwrap(),
        None => _ = sqlx::raw_sql(statements).execute(&sqlite(world).await).await.unwrap(),
    }
}

/// One number.
pub(crate) async fn number(world: &World, statement: &'static str) -> i64 {
    match world.places().database {
        Some(url) => sqlx::query_scalar(statement).fetch_one(&postgres(&url).await).await.unwrap(),
        None => sqlx::query_scalar(statement).fetch_one(&sqlite(world).await).await.unwrap(),
    }
}

/// One column of text.
pub(crate) async fn texts(world: &World, statement: &'static str) -> Vec<String> {
    match world.places().database {
        Some(url) => sqlx::query_scalar(statement).fetch_all(&postgres(&url).await).await.unwrap(),
        None => sqlx::query_scalar(statement).fetch_all(&sqlite(world).await).await.unwrap(),
    }
}
