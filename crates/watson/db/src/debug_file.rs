//! Debug files as they came: programs with debug information, PDBs, Breakpad symbols, bundles of sources. Found by debug
//! id or code id; several may have one id, the first first.

use serde_json::json;

use crate::audit::{Act, audit};
use crate::blob::name_blobs;
use crate::limits::{MAX_DEBUG_FILES_LISTED, MAX_SYMBOL_NAME_CHARS};
use crate::sql::sql;
use crate::upload::Sha1Text;
use crate::{BlobRef, DbError, Store};

/// What a file is, by how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebugFileKind {
    /// Breakpad's text.
    Breakpad,
    /// ELF.
    Elf,
    /// Windows' program.
    Pe,
    /// Windows' debug information.
    Pdb,
    /// .NET's.
    PortablePdb,
    /// macOS.
    MachO,
    /// A bundle of sources.
    SourceBundle,
    /// Anything else.
    Other,
}

impl DebugFileKind {
    /// Told by the first bytes; eight are enough but for PDBs, which need 32.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        let begins = |magic: &[u8]| head.starts_with(magic);
        match head {
            _ if begins(b"MODULE ") => Self::Breakpad,
            _ if begins(b"\x7fELF") => Self::Elf,
            _ if begins(b"MZ") => Self::Pe,
            _ if begins(b"Microsoft C/C++ MSF 7.00\r\n") => Self::Pdb,
            _ if begins(b"BSJB") => Self::PortablePdb,
            _ if begins(b"SYSB") => Self::SourceBundle,
            _ if begins(b"\xcf\xfa\xed\xfe")
                || begins(b"\xce\xfa\xed\xfe")
                || begins(b"\xca\xfe\xba\xbe") =>
            {
                Self::MachO
            }
            _ => Self::Other,
        }
    }

    /// Stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Breakpad => "breakpad",
            Self::Elf => "elf",
            Self::Pe => "pe",
            Self::Pdb => "pdb",
            Self::PortablePdb => "portablepdb",
            Self::MachO => "macho",
            Self::SourceBundle => "sourcebundle",
            Self::Other => "other",
        }
    }
}

/// A debug file that is kept.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DebugFile {
    /// SHA-1 of its bytes: what uploads are compared by.
    pub sha1: String,
    /// 32 upper-case hex digits and an age; empty = not known.
    pub debug_id: String,
    /// Lower-case hex digits (a build id, or a PE's time and size); empty = not known.
    pub code_id: String,
    /// [`DebugFileKind::name`].
    pub kind: String,
    /// As its client calls it: shown, never used.
    pub name: String,
    /// Processor; empty = not known.
    pub arch: String,
    /// SHA-256 of its bytes: [`Store::blob_file`].
    pub blob: String,
    /// Bytes.
    pub size_bytes: i64,
}

/// A debug file in a list.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct DebugFileRow {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub tenant: i64,
    /// When it came, in milliseconds since 1970.
    pub stored_ms: i64,
    /// The file.
    #[sqlx(flatten)]
    pub file: DebugFile,
}

/// Which debug files a list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DebugFileFilter<'a> {
    /// Of this tenant; `None` = of all.
    pub tenant: Option<i64>,
    /// With this debug id, as it is kept; with it or with `code_id`, where both are given.
    pub debug_id: Option<&'a str>,
    /// With this code id, as it is kept.
    pub code_id: Option<&'a str>,
    /// With these bytes.
    pub sha1: Option<&'a str>,
    /// Numbers below this one.
    pub before: Option<i64>,
}

impl DebugFile {
    /// A debug id in any writing (with dashes, in any letters, with or without an age) as it is kept; `None`: none.
    #[must_use]
    pub fn plain_debug_id(text: &str) -> Option<String> {
        let id: String = text.chars().filter(|c| *c != '-').collect();
        let hex = (32..=40).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let id = id.to_ascii_uppercase();
        hex.then(|| if id.len() == 32 { format!("{id}0") } else { id })
    }

    /// A code id as it is kept; `None`: none.
    #[must_use]
    pub fn plain_code_id(text: &str) -> Option<String> {
        let hex = (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| text.to_ascii_lowercase())
    }
}

const COLUMNS: &str =
    "SELECT sha1, debug_id, code_id, kind, name, arch, blob, size_bytes FROM debug_file WHERE";

impl Store {
    /// The debug file with these bytes.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn debug_file(&self, tenant: i64, sha1: &Sha1Text) -> Result<Option<DebugFile>, DbError> {
        let find = sql(format!("{COLUMNS} tenant = $1 AND sha1 = $2")).bind(tenant).bind(sha1.as_str());
        self.database.row(find).await
    }

    /// Debug files of a module, the first that came first. `id` is a debug id or a code id, as kept.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn debug_files(&self, tenant: i64, id: &str) -> Result<Vec<DebugFile>, DbError> {
        if id.is_empty() {
            return Ok(Vec::new());
        }
        let find = format!("{COLUMNS} tenant = $1 AND (debug_id = $2 OR code_id = $2) ORDER BY id LIMIT $3");
        self.database.rows(sql(find).bind(tenant).bind(id).bind(MAX_DEBUG_FILES_LISTED)).await
    }

    /// Debug files, the newest first, `limit` at most.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn list_debug_files(
        &self,
        filter: &DebugFileFilter<'_>,
        limit: i64,
    ) -> Result<Vec<DebugFileRow>, DbError> {
        let any_id = filter.debug_id.is_none() && filter.code_id.is_none();
        self.database
            .rows(
                sql("SELECT id, tenant, stored_ms, sha1, debug_id, code_id, kind, name, arch, blob, size_bytes
                     FROM debug_file
                     WHERE (CAST($1 AS BIGINT) IS NULL OR tenant = $1) AND (CAST($2 AS BIGINT) IS NULL OR id < $2)
                         AND ($3 = 1 OR debug_id = $4 OR code_id = $5)
                         AND (CAST($6 AS TEXT) IS NULL OR sha1 = $6)
                     ORDER BY id DESC LIMIT $7")
                .bind(filter.tenant)
                .bind(filter.before)
                .bind(i64::from(any_id))
                .bind(filter.debug_id)
                .bind(filter.code_id)
                .bind(filter.sha1)
                .bind(limit),
            )
            .await
    }

    /// Removes a debug file, with its bytes unless something else names them.
    ///
    /// # Errors
    /// [`DbError::Missing`], `Sql`; `Io`, `Blobs` where the row is gone and the bytes are left to the sweep.
    pub async fn remove_debug_file(
        &self,
        tenant: i64,
        sha1: &Sha1Text,
        actor: &str,
        now_ms: i64,
    ) -> Result<(), DbError> {
        let mut tx = self.database.begin().await?;
        let delete =
            sql("DELETE FROM debug_file WHERE tenant = $1 AND sha1 = $2 RETURNING blob, debug_id, name");
        let gone: Option<(String, String, String)> = tx.row(delete.bind(tenant).bind(sha1.as_str())).await?;
        let (blob, debug_id, name) = gone.ok_or(DbError::Missing("debug file"))?;
        let details = json!({ "tenant": tenant, "debug_id": debug_id, "name": name });
        let act = Act { actor, act: "debug_file.remove", object: sha1.as_str().to_owned(), details };
        audit(&mut tx, &act, now_ms).await?;
        tx.commit().await?;
        self.release_blobs(&[blob]).await.map(drop)
    }

    /// Keeps a debug file whose bytes are `stored`; the same bytes again change nothing. Committed on return.
    ///
    /// # Errors
    /// [`DbError::Sql`].
    pub async fn keep_debug_file(
        &self,
        tenant: i64,
        file: &DebugFile,
        stored: &BlobRef,
        now_ms: i64,
    ) -> Result<(), DbError> {
        let name: String = file.name.chars().take(MAX_SYMBOL_NAME_CHARS).collect();
        let mut tx = self.database.begin().await?;
        name_blobs(&mut tx, [stored], now_ms).await?;
        tx.execute(
            sql(
                "INSERT INTO debug_file (tenant, sha1, debug_id, code_id, kind, name, arch, blob, size_bytes,
                     stored_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
            )
            .bind(tenant)
            .bind(&file.sha1)
            .bind(&file.debug_id)
            .bind(&file.code_id)
            .bind(&file.kind)
            .bind(&name)
            .bind(&file.arch)
            .bind(&stored.sha256)
            .bind(stored.size())
            .bind(now_ms),
        )
        .await?;
        tx.commit().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kept_in_one_writing() {
        let uuid = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
        let plain = "0F1E2D3C4B5A69788796A5B4C3D2E1F0";
        assert_eq!(DebugFile::plain_debug_id(uuid), Some(format!("{plain}0")));
        assert_eq!(DebugFile::plain_debug_id(&format!("{uuid}-1a")), Some(format!("{plain}1A")));
        for bad in ["", "../x", &uuid[1..], &"a".repeat(41), "g1e2d3c4b5a697887960a5b4c3d2e1f0"] {
            assert_eq!(DebugFile::plain_debug_id(bad), None, "{bad}");
        }
        assert_eq!(DebugFile::plain_code_id("5AB38077"), Some("5ab38077".into()));
        assert_eq!(DebugFile::plain_code_id("x"), None);
    }

    #[test]
    fn kinds_are_told_by_their_begin() {
        for (head, kind) in [
            (&b"MODULE Linux x86_64"[..], DebugFileKind::Breakpad),
            (b"\x7fELF\x02", DebugFileKind::Elf),
            (b"MZ\x90", DebugFileKind::Pe),
            (b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0", DebugFileKind::Pdb),
            (b"SYSB\x02\0\0\0", DebugFileKind::SourceBundle),
            (b"", DebugFileKind::Other),
            (b"PK\x03\x04", DebugFileKind::Other),
        ] {
            assert_eq!(DebugFileKind::of(head), kind, "{}", head.escape_ascii());
        }
    }
}
