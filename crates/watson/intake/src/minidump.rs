//! Breakpad and Crashpad, and what was built on them (Electron, BugSplat's and Backtrace's clients): a form with a dump,
//! answered by the report's id alone, which Crashpad stores as it comes.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request};
use axum::response::Response;

use watson_db::Dialect;

use crate::admission::admit_named;
use crate::annotations::{identity, query_pairs};
use crate::form::boundary;
use crate::keep::{Told, keep, plain};
use crate::payload::Payload;
use crate::receive::{content_type, receive};
use crate::uploads::{Upload, kept_headers, receive_form};
use crate::{Intake, Refusal, Sender, idempotency};

pub(crate) async fn take(intake: &Intake, request: Request<Body>) -> Result<Response, Refusal> {
    let (upload, mut head) = receive(intake, request, form).await?;
    let query = query_pairs(head.uri.query());
    let mut product = identity(&upload.fields, &query).product;
    if let Some(dump) = upload.dump.as_ref().filter(|_| product.is_empty()) {
        product = identity(&dump.facts().annotations, &[]).product;
    }
    let sender = Sender::of(&head.extensions);
    head.extensions.insert(admit_named(intake, Dialect::Minidump, sender, &product).await?);
    let told = told(&upload, &query, &head)?;
    let kept = keep(intake, "minidump", upload, told).await?;
    Ok(plain(kept.report))
}

async fn form(intake: &Intake, headers: &HeaderMap, payload: &mut Payload) -> Result<Upload, Refusal> {
    let boundary = content_type(headers).and_then(boundary).ok_or_else(|| {
        Refusal::bad("not_a_form", "the body is not multipart/form-data, or its boundary is missing")
    })?;
    receive_form(intake, payload, &boundary).await
}

fn told(upload: &Upload, query: &[(String, String)], head: &Parts) -> Result<Told, Refusal> {
    let dump = upload.dump.as_ref().ok_or_else(no_dump)?;
    let facts = dump.facts();
    let mut who = identity(&upload.fields, query);
    // Crashpad's own annotations stand in the dump too; some clients leave them out of the form.
    let inside = identity(&facts.annotations, &[]);
    if who.product.is_empty() {
        who.product = inside.product;
    }
    if who.version.is_empty() {
        who.version = inside.version;
    }
    let key = idempotency::minidump(&dump.name, facts.crashpad_report.as_deref(), &dump.blob.sha256());
    let sender = Sender::of(&head.extensions);
    Ok(Told { who, key, facts, headers: kept_headers(&head.headers), sender })
}

/// A form without a dump.
pub(crate) fn no_dump() -> Refusal {
    Refusal::bad("no_dump", "the upload has no dump: the field upload_file_minidump is missing or empty")
}
