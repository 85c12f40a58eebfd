//! `/debug-files`: what symbols there are, by debug id or code id.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use watson_db::{DebugFile as Kept, DebugFileFilter, DebugFileRow, Sha1Text, time};

use crate::access::{MayAdmin, MayRead};
use crate::input::{Path, Query};
use crate::machines::Of;
use crate::moment::Moment;
use crate::page::{Page, Paging};
use crate::problem::Failure;
use crate::router::Api;

/// Which debug files.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// With this debug id (any writing, with or without an age) or code id.
    #[param(max_length = 100)]
    id: Option<String>,
}

/// A debug file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DebugFile {
    /// SHA-1 of its bytes: names it in paths.
    sha1: String,
    tenant: i64,
    /// 32 hex digits and an age; empty = not known.
    debug_id: String,
    /// A build id, or a PE's time and size; empty = not known.
    code_id: String,
    /// "breakpad", "elf", "pe", "pdb", "portablepdb", "macho", "sourcebundle" or "other".
    kind: String,
    /// As its client calls it.
    name: String,
    /// Processor; empty = not known.
    arch: String,
    size_bytes: i64,
    stored: Moment,
}

/// List debug files
///
/// Newest first.
#[utoipa::path(get, path = "/api/v1/debug-files", tag = "debug files", security(("token" = ["read"])),
    params(Wanted, Of, Paging), responses((status = 200, body = Page<DebugFile>)))]
pub(crate) async fn list_debug_files(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Query(wanted): Query<Wanted>,
    Query(of): Query<Of>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<DebugFile>>, Failure> {
    if of.tenant.is_some_and(|tenant| !granted.sees(tenant)) {
        return Err(Failure::OtherTenant);
    }
    let id = wanted.id.as_deref().map(str::trim);
    // A text may be read as an id of either kind.
    let (debug_id, code_id) = match id {
        Some(id) => (Kept::plain_debug_id(id), Kept::plain_code_id(id)),
        None => (None, None),
    };
    if id.is_some() && debug_id.is_none() && code_id.is_none() {
        return Err(Failure::Malformed("id: write a debug id or a code id, in hex digits".to_owned()));
    }
    let limit = paging.limit()?;
    let filter = DebugFileFilter {
        tenant: of.tenant.or(granted.tenant),
        debug_id: debug_id.as_deref(),
        code_id: code_id.as_deref(),
        sha1: None,
        before: paging.number()?,
    };
    let rows = api.store.list_debug_files(&filter, limit).await?;
    Ok(Json(Page::new(rows, limit, |row| row.id.to_string()).map(DebugFile::from)))
}

/// Get a debug file
///
/// What is known of it.
#[utoipa::path(get, path = "/api/v1/debug-files/{sha1}", tag = "debug files", security(("token" = ["read"])),
    params(("sha1" = String, Path, description = "SHA-1 of its bytes."), Of),
    responses((status = 200, body = DebugFile)))]
pub(crate) async fn get_debug_file(
    State(api): State<Api>,
    MayRead(granted): MayRead,
    Path(sha1): Path<String>,
    Query(of): Query<Of>,
) -> Result<Json<DebugFile>, Failure> {
    let tenant = granted.tenant_for(of.tenant)?;
    let sha1 = Sha1Text::new(&sha1).ok_or(MISSING)?;
    let filter =
        DebugFileFilter { tenant: Some(tenant), sha1: Some(sha1.as_str()), ..DebugFileFilter::default() };
    let found = api.store.list_debug_files(&filter, 1).await?.pop();
    Ok(Json(DebugFile::from(found.ok_or(MISSING)?)))
}

/// Remove a debug file
///
/// Reports that were analysed with it stay as they are.
#[utoipa::path(delete, path = "/api/v1/debug-files/{sha1}", tag = "debug files", security(("token" = ["admin"])),
    params(("sha1" = String, Path, description = "SHA-1 of its bytes."), Of), responses((status = 204)))]
pub(crate) async fn remove_debug_file(
    State(api): State<Api>,
    MayAdmin(granted): MayAdmin,
    Path(sha1): Path<String>,
    Query(of): Query<Of>,
) -> Result<StatusCode, Failure> {
    let tenant = granted.tenant_for(of.tenant)?;
    let sha1 = Sha1Text::new(&sha1).ok_or(MISSING)?;
    api.store.remove_debug_file(tenant, &sha1, &granted.actor, time::now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

const MISSING: Failure = Failure::Missing("debug file");

impl From<DebugFileRow> for DebugFile {
    fn from(row: DebugFileRow) -> Self {
        let DebugFileRow { tenant, stored_ms, file, .. } = row;
        Self {
            sha1: file.sha1,
            tenant,
            debug_id: file.debug_id,
            code_id: file.code_id,
            kind: file.kind,
            name: file.name,
            arch: file.arch,
            size_bytes: file.size_bytes,
            stored: Moment(stored_ms),
        }
    }
}
