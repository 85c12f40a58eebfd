//! sym-upload-v2: is the file here, begin, the file, it is whole. Breakpad's clients look for the answers' words with
//! regular expressions, so each has exactly one blank behind its colons.
//!
//! What lies between begin and whole is on disk without a name and forgotten when the server stops; clients begin again.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use watson_db::SymbolName;

use super::{SymbolFile, keep, receive};
use crate::body::{BoundedBody, drain, within};
use crate::limits::{MAX_COMPLETE_BYTES, MAX_LEVEL1_MS, MAX_STAGED_SYMBOLS};
use crate::{Intake, Refusal};

/// Uploads under way: their keys, and the files that have come.
#[derive(Debug, Default)]
pub(crate) struct StagedSymbols {
    uploads: Mutex<VecDeque<(String, Option<SymbolFile>)>>,
}

impl StagedSymbols {
    fn begin(&self, key: String) {
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        if uploads.len() >= MAX_STAGED_SYMBOLS {
            uploads.pop_front();
        }
        uploads.push_back((key, None));
    }

    fn knows(&self, key: &str) -> bool {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|(known, _)| known == key)
    }

    /// A repeated `PUT` takes the place of the first. False: it is not known any more.
    fn put(&self, key: &str, file: SymbolFile) -> bool {
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, place)) = uploads.iter_mut().find(|(known, _)| known == key) else { return false };
        *place = Some(file);
        true
    }

    fn take(&self, key: &str) -> Option<SymbolFile> {
        let mut uploads = self.uploads.lock().unwrap_or_else(PoisonError::into_inner);
        let at = uploads.iter().position(|(known, file)| known == key && file.is_some())?;
        uploads.remove(at)?.1
    }
}

pub(crate) async fn status(intake: &Intake, file: &str, id: &str) -> Result<Response, Refusal> {
    let decoded = |text: &str| {
        let pair = format!("x={}", text.replace('+', "%2B").replace('&', "%26"));
        form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    // Checked as the names of kept files are: one plain component each.
    let named = decoded(file).zip(decoded(id)).and_then(|(file, id)| SymbolName::new(&file, &id));
    let found = match named {
        Some(name) => intake.store.has_symbol(&name).await?,
        None => false,
    };
    Ok(json(format!("{{\"status\": \"{}\"}}\n", if found { "FOUND" } else { "MISSING" })))
}

pub(crate) async fn create(
    intake: &Intake,
    prefix: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    drain(request.into_body()).await;
    let host = host.ok_or_else(|| Refusal::bad("host", "the request has no Host"))?;
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::busy())?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
    let prefix = if prefix.chars().all(plain) { prefix } else { "" };
    let answer =
        format!("{{\"uploadUrl\": \"http://{host}{prefix}/v1/uploads/{key}\", \"uploadKey\": \"{key}\"}}\n");
    intake.staged.begin(key);
    Ok(json(answer))
}

pub(crate) async fn put(intake: &Intake, key: &str, request: Request<Body>) -> Result<Response, Refusal> {
    if !intake.staged.knows(key) {
        drain(request.into_body()).await;
        return Err(unknown());
    }
    let file = receive(intake, request, async |intake, _, payload| {
        let mut file = SymbolFile::begin(intake).await?;
        while let Some(piece) = payload.piece().await? {
            file.write(&piece).await?;
        }
        Ok(file)
    })
    .await?;
    if intake.staged.put(key, file) { Ok(StatusCode::OK.into_response()) } else { Err(unknown()) }
}

pub(crate) async fn complete(
    intake: &Intake,
    key: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let body = match BoundedBody::new(request.into_body(), MAX_COMPLETE_BYTES as u64) {
        Ok(mut body) => within(MAX_LEVEL1_MS, body.whole()).await?,
        Err((refusal, body)) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let file = intake.staged.take(key).ok_or_else(unknown)?;
    let kind = symbol_type(&String::from_utf8_lossy(&body));
    if kind.as_deref().is_some_and(|kind| kind != "BREAKPAD") {
        let message = "only symbols of the type BREAKPAD are kept; dump_syms makes them";
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "symbol_type", message));
    }
    let result = if keep(intake, file).await? { "OK" } else { "DUPLICATE_DATA" };
    Ok(json(format!("{{\"result\": \"{result}\"}}\n")))
}

/// The word behind `symbol_upload_type`. The body is nearly JSON: its keys have no quotes.
fn symbol_type(body: &str) -> Option<String> {
    let (_, after) = body.split_once("symbol_upload_type")?;
    let value = after.trim_start_matches(['"', '\'', ' ', '\t', '\r', '\n', ':']);
    let word: String = value.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then(|| word.to_ascii_uppercase())
}

fn unknown() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "unknown_upload", "there is no such upload, or its file has not come")
}

fn json(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_is_found_in_what_is_nearly_json() {
        let linux = "{ symbol_id: {debug_file: \"x\", debug_id: \"y\" }, symbol_upload_type: \"BREAKPAD\" }";
        assert_eq!(symbol_type(linux).as_deref(), Some("BREAKPAD"));
        assert_eq!(symbol_type("{\"symbol_upload_type\":\"elf\"}").as_deref(), Some("ELF"));
        assert_eq!(symbol_type("{}"), None);
        assert_eq!(symbol_type("symbol_upload_type: \"\""), None);
    }
}
