//! Sentry's clients: a dump in a form or alone (`/api/<project>/minidump/`), or an envelope with an event, its dump and
//! attachments (`/api/<project>/envelope/`). What is no crash (sessions, transactions, logs, ...) is answered as Sentry
//! does and counted as ignored: its clients would send it for ever otherwise.

pub mod envelope;
pub mod event;

use axum::Json;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Request};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::admission::admit_envelope;
use crate::annotations::{identity, query_pairs};
use crate::file::FileSink;
use crate::form::boundary;
use crate::idempotency::{self, uuid_text};
use crate::keep::{Told, keep, plain};
use crate::limits::MAX_EVENT_BYTES;
use crate::minidump::no_dump;
use crate::payload::Payload;
use crate::receive::{content_type, receive};
use crate::sentry::envelope::{EnvelopeError, EnvelopeEvent, EnvelopeScanner, Header};
use crate::sentry::event::Event;
use crate::uploads::{Upload, kept_headers, receive_form};
use crate::{Intake, Refusal, Sender};

/// Where an event stands among the fields of a form.
const EVENT_FIELD: &str = "sentry";
/// The dump in an envelope.
const MINIDUMP: &str = "event.minidump";

/// A form, or the dump alone.
pub(crate) async fn take_minidump(
    intake: &Intake,
    project: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let (upload, head) = receive(intake, request, form_or_dump).await?;
    let mut event = upload.field(EVENT_FIELD).map(|text| Event::read(text.as_bytes())).unwrap_or_default();
    event.add_fields(&upload.fields);
    let query = query_pairs(head.uri.query());
    let kept = file(intake, project, upload, &event, &query, &head).await?;
    Ok(plain(event.id.as_deref().map_or(kept, dashed)))
}

async fn form_or_dump(
    intake: &Intake,
    headers: &HeaderMap,
    payload: &mut Payload,
) -> Result<Upload, Refusal> {
    let kind = content_type(headers).unwrap_or_default();
    if let Some(boundary) = boundary(kind) {
        return receive_form(intake, payload, &boundary).await;
    }
    if kind.trim_start().to_ascii_lowercase().starts_with("multipart/") {
        return Err(Refusal::bad("no_boundary", "the Content-Type has no boundary"));
    }
    let mut sink = FileSink::dump(intake, "minidump.dmp", intake.limits.max_dump_bytes).await?;
    while let Some(piece) = payload.piece().await? {
        sink.write(&piece).await?;
    }
    Ok(Upload { dump: sink.end().await?, ..Upload::default() })
}

/// An envelope.
pub(crate) async fn take_envelope(
    intake: &Intake,
    project: &str,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    let mut event = Event::default();
    let mut sender = Sender::of(request.extensions());
    let (upload, mut head) = {
        let (event, sender) = (&mut event, &mut sender);
        receive(intake, request, async move |intake: &Intake, _: &HeaderMap, payload: &mut Payload| {
            items(intake, project, payload, event, sender).await
        })
        .await?
    };
    head.extensions.insert(sender);
    if upload.dump.is_none() {
        return Ok(Json(json!({ "id": event.id })).into_response());
    }
    let kept = file(intake, project, upload, &event, &[], &head).await?;
    let id = event.id.or_else(|| uuid_text(&kept));
    Ok(Json(json!({ "id": id })).into_response())
}

/// What an item becomes.
enum Item {
    Event(Vec<u8>),
    Dump(FileSink),
    Attachment(FileSink),
    Ignored,
}

async fn items(
    intake: &Intake,
    project: &str,
    payload: &mut Payload,
    event: &mut Event,
    sender: &mut Sender,
) -> Result<Upload, Refusal> {
    let mut scanner = EnvelopeScanner::default();
    let mut upload = Upload::default();
    let mut item = Item::Ignored;
    loop {
        match scanner.next()? {
            // The first line may hold the key that no header did; without it, nothing more is read.
            Some(EnvelopeEvent::Header(header)) => {
                let dsn = header.get("dsn").and_then(serde_json::Value::as_str);
                *sender = admit_envelope(intake, *sender, project, dsn).await?;
                event.add_header(&header);
            }
            Some(EnvelopeEvent::Item(header)) => item = begin(intake, &upload, &header).await?,
            Some(EnvelopeEvent::Data(data)) => match &mut item {
                Item::Event(text) if text.len() + data.len() > MAX_EVENT_BYTES => {
                    return Err(Refusal::too_large(MAX_EVENT_BYTES as u64));
                }
                Item::Event(text) => text.extend_from_slice(&data),
                Item::Dump(sink) | Item::Attachment(sink) => sink.write(&data).await?,
                Item::Ignored => {}
            },
            Some(EnvelopeEvent::ItemEnd) => match core::mem::replace(&mut item, Item::Ignored) {
                Item::Event(text) => event.add(Event::read(&text)),
                Item::Dump(sink) => upload.dump = sink.end().await?,
                Item::Attachment(sink) => upload.attachments.extend(sink.end().await?),
                Item::Ignored => {}
            },
            Some(EnvelopeEvent::End) => break,
            None => match payload.piece().await? {
                Some(piece) => scanner.push(&piece),
                None => scanner.finish(),
            },
        }
    }
    if upload.dump.is_none() && event.seen {
        intake.metrics().ignored("event");
    }
    upload.fields = event.annotations.clone();
    Ok(upload)
}

async fn begin(intake: &Intake, upload: &Upload, header: &Header) -> Result<Item, Refusal> {
    let text = |key: &str| header.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let name = text("filename");
    match text("type") {
        "event" => Ok(Item::Event(Vec::new())),
        "attachment" if text("attachment_type") == MINIDUMP && upload.dump.is_none() => {
            Ok(Item::Dump(FileSink::dump(intake, name, upload.left_bytes(intake)).await?))
        }
        "attachment" => Ok(Item::Attachment(upload.attachment(intake, name).await?)),
        other => {
            intake.metrics().ignored(known_kind(other));
            Ok(Item::Ignored)
        }
    }
}

/// The kinds that are counted by name; others have one name together, so that no client makes names of its own.
fn known_kind(kind: &str) -> &'static str {
    const KINDS: [&str; 12] = [
        "transaction",
        "session",
        "sessions",
        "client_report",
        "user_report",
        "feedback",
        "check_in",
        "profile",
        "replay_event",
        "replay_recording",
        "statsd",
        "log",
    ];
    KINDS.iter().find(|known| **known == kind).copied().unwrap_or("other")
}

async fn file(
    intake: &Intake,
    project: &str,
    upload: Upload,
    event: &Event,
    query: &[(String, String)],
    head: &Parts,
) -> Result<String, Refusal> {
    let dump = upload.dump.as_ref().ok_or_else(no_dump)?;
    let facts = dump.facts();
    let mut who = identity(&upload.fields, query);
    if let Some((product, version)) = event.release() {
        who.product = product;
        who.version = version;
    }
    if who.product.is_empty() {
        who.product = format!("project {project}");
    }
    if let Some(client) = &event.client {
        who.client.clone_from(client);
    }
    let key = idempotency::sentry(project, event.id.as_deref(), &dump.blob.sha256());
    let sender = Sender::of(&head.extensions);
    let told = Told { who, key, facts, headers: kept_headers(&head.headers), sender };
    Ok(keep(intake, "sentry", upload, told).await?.report)
}

/// A UUID with dashes, as Sentry answers.
fn dashed(digits: &str) -> String {
    let part = |range: core::ops::Range<usize>| digits.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

impl From<EnvelopeError> for Refusal {
    fn from(error: EnvelopeError) -> Self {
        Self::bad(error.reason(), error.to_string())
    }
}
