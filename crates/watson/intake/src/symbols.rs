//! Breakpad's sym-upload-v1: a form whose `symbol_file` is Breakpad text. Its own first line, not the form, says which
//! module and id it is for.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use multer::{Constraints, Field, Multipart, SizeLimit};
use tokio::time::timeout;
use watson_db::{BlobWriter, SymbolName, SymbolOutcome};

use crate::body::{too_slow, within};
use crate::limits::{
    MAX_BODY_PAUSE_MS, MAX_FORM_EXTRA_BYTES, MAX_FORM_FIELDS, MAX_MODULE_LINE_BYTES, MAX_UPLOAD_MS,
};
use crate::{Intake, Refusal};

pub(crate) async fn take(intake: &Intake, request: Request<Body>) -> Result<Response, Refusal> {
    let _turn = intake.symbol_turn().await?;
    within(MAX_UPLOAD_MS, read_form(intake, request)).await
}

async fn read_form(intake: &Intake, request: Request<Body>) -> Result<Response, Refusal> {
    let mut form = form(request, intake.limits.max_symbol_bytes)?;
    let mut kept = None;
    for _ in 0..MAX_FORM_FIELDS {
        let Some(mut field) = in_time(form.next_field()).await? else {
            return kept.ok_or_else(|| Refusal::bad("no_symbol_file", "the form has no symbol_file"));
        };
        if kept.is_none() && field.name() == Some("symbol_file") {
            kept = Some(keep(intake, &mut field).await?);
        }
    }
    Err(Refusal::bad("form_fields", "the form has too many fields"))
}

fn form(request: Request<Body>, max_symbol_bytes: u64) -> Result<Multipart<'static>, Refusal> {
    let boundary = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok())
        .ok_or_else(|| Refusal::bad("not_a_form", "the body is not multipart/form-data"))?;
    let limit = SizeLimit::new()
        .whole_stream(max_symbol_bytes.saturating_add(MAX_FORM_EXTRA_BYTES))
        .per_field(MAX_FORM_EXTRA_BYTES)
        .for_field("symbol_file", max_symbol_bytes);
    let constraints = Constraints::new().size_limit(limit);
    Ok(Multipart::with_constraints(request.into_body().into_data_stream(), boundary, constraints))
}

async fn keep(intake: &Intake, field: &mut Field<'static>) -> Result<Response, Refusal> {
    let mut file = intake.store.begin_blob().await?;
    let name = receive(field, &mut file).await?;
    match intake.store.keep_symbol(&name, file).await? {
        SymbolOutcome::Stored => intake.metrics().symbol("stored"),
        SymbolOutcome::AlreadyHere => intake.metrics().symbol("repeated"),
        SymbolOutcome::Different => {
            let message = "other symbols of this module are already here; the first upload stays";
            return Err(Refusal::new(StatusCode::CONFLICT, "other_symbols", message));
        }
    }
    Ok(StatusCode::OK.into_response())
}

/// Streams the file and reads its `MODULE` line on the way.
async fn receive(field: &mut Field<'static>, file: &mut BlobWriter) -> Result<SymbolName, Refusal> {
    let mut head: Vec<u8> = Vec::new();
    let mut name = None;
    while let Some(piece) = in_time(field.chunk()).await? {
        if name.is_none() {
            head.extend(piece.iter().take(MAX_MODULE_LINE_BYTES - head.len().min(MAX_MODULE_LINE_BYTES)));
            name = module_line(&head)?;
        }
        file.write(&piece).await?;
    }
    name.ok_or_else(no_module_line)
}

/// `None` while the line's end has not come.
fn module_line(head: &[u8]) -> Result<Option<SymbolName>, Refusal> {
    let Some(line) = head.split(|byte| *byte == b'\n').next().filter(|line| line.len() < head.len()) else {
        return if head.len() < MAX_MODULE_LINE_BYTES { Ok(None) } else { Err(no_module_line()) };
    };
    let name = core::str::from_utf8(line).ok().and_then(SymbolName::from_module_line);
    name.map(Some).ok_or_else(no_module_line)
}

fn no_module_line() -> Refusal {
    let message = "symbol_file is no Breakpad symbol file: its first line must be MODULE os cpu id name, \
                   with 33 to 40 hex digits and a plain file name";
    Refusal::bad("module_line", message)
}

/// Waits for a step of the form, but not for ever.
async fn in_time<T>(step: impl Future<Output = multer::Result<T>>) -> Result<T, Refusal> {
    match timeout(Duration::from_millis(MAX_BODY_PAUSE_MS), step).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(
            multer::Error::FieldSizeExceeded { limit, .. } | multer::Error::StreamSizeExceeded { limit },
        )) => Err(Refusal::too_large(limit)),
        Ok(Err(_)) => Err(Refusal::bad("form", "the form cannot be read")),
        Err(_) => Err(too_slow()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_decides() {
        let line = b"MODULE Linux x86_64 000102030405060708090A0B0C0D0E0F0 a.so\n";
        assert!(module_line(line).unwrap().is_some());
        assert!(module_line(&line[..30]).unwrap().is_none());
        for bad in [&b"MODULE Linux x86_64 00 ../a\n"[..], b"\n", b"\xff\n", &[b'a'; MAX_MODULE_LINE_BYTES]] {
            assert_eq!(module_line(bad).unwrap_err().reason, "module_line");
        }
    }
}
