//! sym-upload-v2: is the file here, begin, the file, it is whole. Breakpad's clients look for the answers' words with
//! regular expressions, so each has exactly one blank behind its colons.
//!
//! What lies between begin and whole is a row and a blob for a day: it outlives a restart, and each request may reach
//! another process. A repeated `:complete` is answered as a repeated upload is.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use watson_db::{SymbolName, time};

use super::{SymbolFile, keep_copy, no_module_line, receive};
use crate::admission::key_of;
use crate::body::{BoundedBody, drain, within};
use crate::limits::{MAX_COMPLETE_BYTES, MAX_LEVEL1_MS};
use crate::{Intake, Refusal, Sender};

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
    let sender = Sender::of(request.extensions());
    let scheme = if sender.https { "https" } else { "http" };
    // The file comes by a request of its own, for the same product.
    let secret = key_of(&request).map(|secret| format!("?key={secret}")).unwrap_or_default();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    drain(request.into_body()).await;
    let host = host.ok_or_else(|| Refusal::bad("host", "the request has no Host"))?;
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::busy())?;
    let key: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
    let prefix = if prefix.chars().all(plain) { prefix } else { "" };
    let answer = format!(
        "{{\"uploadUrl\": \"{scheme}://{host}{prefix}/v1/uploads/{key}{secret}\", \"uploadKey\": \"{key}\"}}\n"
    );
    intake.store.begin_symbol_upload(sender.tenant, &key, time::now_ms()).await?;
    Ok(json(answer))
}

pub(crate) async fn put(intake: &Intake, key: &str, request: Request<Body>) -> Result<Response, Refusal> {
    let tenant = Sender::of(request.extensions()).tenant;
    if intake.store.symbol_upload(tenant, key).await?.is_none() {
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
    file.name.as_ref().ok_or_else(no_module_line)?;
    let blob = file.blob.finish().await?;
    let known = intake.store.put_symbol_upload(tenant, key, &blob, time::now_ms()).await?;
    if known { Ok(StatusCode::OK.into_response()) } else { Err(unknown()) }
}

pub(crate) async fn complete(
    intake: &Intake,
    key: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let tenant = Sender::of(request.extensions()).tenant;
    let body = match BoundedBody::new(request.into_body(), MAX_COMPLETE_BYTES as u64) {
        Ok(mut body) => within(MAX_LEVEL1_MS, body.whole()).await?,
        Err((refusal, body)) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let upload = intake.store.symbol_upload(tenant, key).await?;
    let sha256 = upload.and_then(|upload| upload.blob).ok_or_else(unknown)?;
    let kind = symbol_type(&String::from_utf8_lossy(&body));
    if kind.as_deref().is_some_and(|kind| kind != "BREAKPAD") {
        let message = "only symbols of the type BREAKPAD are kept; dump_syms makes them";
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "symbol_type", message));
    }
    let blob = intake.store.blob_file(&sha256).await?;
    let result = if keep_copy(intake, blob.path()).await? { "OK" } else { "DUPLICATE_DATA" };
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
