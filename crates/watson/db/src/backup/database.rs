//! Copies of the rows as they were at one moment, while servers write on.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::backup::{BackupError, DatabaseKind, io};
use crate::sql::{Database, PostgresDatabase, SqliteDatabase, sql};

/// Characters of a program's complaint that are told.
const MAX_SAID_CHARS: usize = 2_000;

/// Opens the database beside a running server: nothing is made, no table is changed.
pub(super) async fn attach(data: &Path, url: Option<&str>) -> Result<Database, BackupError> {
    match url {
        Some(url) => Ok(Database::Postgres(PostgresDatabase::attach(url).await?)),
        None => {
            let file = data.join("watson.sqlite");
            if !file.is_file() {
                return Err(BackupError::NoDatabase(data.to_owned()));
            }
            Ok(Database::Sqlite(SqliteDatabase::attach(&file).await?))
        }
    }
}

/// Writes the rows to `file`.
pub(super) async fn dump(
    database: &Database,
    url: Option<&str>,
    file: &Path,
) -> Result<DatabaseKind, BackupError> {
    match url {
        None => {
            let Some(path) = file.to_str() else {
                let no_text = std::io::Error::other("SQLite takes paths that are text only");
                return Err(io("cannot write", file)(no_text));
            };
            database.execute_alone(sql("VACUUM INTO $1").bind(path)).await?;
            Ok(DatabaseKind::Sqlite)
        }
        Some(url) => {
            let mut command = program("pg_dump", url);
            command.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(file);
            run("pg_dump", command).await?;
            Ok(DatabaseKind::Postgres)
        }
    }
}

/// Brings the rows of a dump into an empty database, all or none.
pub(super) async fn load(url: &str, file: &Path) -> Result<(), BackupError> {
    let mut command = program("pg_restore", url);
    command.args(["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]).arg(file);
    run("pg_restore", command).await
}

async fn run(name: &'static str, mut command: Command) -> Result<(), BackupError> {
    let wrong = |why: String| BackupError::Program { program: name, why };
    let output = command.output().await.map_err(|error| {
        wrong(format!("{error}; it belongs to PostgreSQL's client programs (Debian: postgresql-client)"))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said: String = String::from_utf8_lossy(&output.stderr).trim().chars().take(MAX_SAID_CHARS).collect();
    Err(wrong(format!("{}: {said}", output.status)))
}

/// A program of PostgreSQL for this database. The password goes by the environment: arguments can be seen by everybody.
fn program(name: &str, url: &str) -> Command {
    let (url, password) = without_password(url);
    let mut command = Command::new(newest(name));
    command.arg("--dbname").arg(url).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    command
}

/// The newest version of Debian's folders, or what `PATH` has: an older one refuses a newer server.
fn newest(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let number = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = versions
        .map(|entry| entry.path())
        .filter(|folder| folder.join("bin").join(name).is_file())
        .max_by_key(|folder| number(folder));
    newest.map_or_else(|| PathBuf::from(name), |folder| folder.join("bin").join(name))
}

fn without_password(url: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (place, path) = rest.split_at(end);
    let (bare, mut password) = match place.rsplit_once('@').map(|(user, host)| (user.split_once(':'), host)) {
        Some((Some((name, password)), host)) => (format!("{name}@{host}"), Some(decoded(password))),
        _ => (place.to_owned(), None),
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.strip_prefix("password=") {
            Some(given) => password = Some(decoded(given)),
            // Names that sqlx knows and libpq does not.
            None if pair.starts_with("statement-cache-capacity=") => {}
            None => kept.push(pair),
        }
    }
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    (format!("{scheme}://{bare}{path}{query}"), password)
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let digits = more.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = more.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_among_arguments() {
        for (url, bare, password) in [
            (
                "postgres://w:p%40s@db:5432/w?sslmode=require",
                "postgres://w@db:5432/w?sslmode=require",
                Some("p@s"),
            ),
            ("postgres:///t0?host=/tmp/x&user=w", "postgres:///t0?host=/tmp/x&user=w", None),
            ("postgres:///t0?user=w&password=x", "postgres:///t0?user=w", Some("x")),
            ("postgres://w@db/w", "postgres://w@db/w", None),
        ] {
            assert_eq!(without_password(url), (bare.to_owned(), password.map(str::to_owned)), "{url}");
        }
    }
}
