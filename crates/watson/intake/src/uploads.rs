//! Forms with a dump, as Breakpad, Crashpad, Socorro's clients and Sentry's send them: fields become annotations, the
//! dump and the other files go to disk as they come.

use axum::http::{HeaderMap, header};

use crate::annotations::{Pairs, json_pairs};
use crate::file::{FileSink, Received};
use crate::form::{FormError, FormEvent, FormScanner, PartHead};
use crate::limits::{MAX_ATTACHMENTS, MAX_FIELD_BYTES, MAX_FIELD_NAME_CHARS, MAX_FIELDS_BYTES};
use crate::payload::Payload;
use crate::{Intake, Refusal};

/// The field that every client gives the dump.
pub(crate) const DUMP_FIELD: &str = "upload_file_minidump";
/// The part in which newer clients of Socorro send all annotations at once, as JSON.
const JSON_FIELD: &str = "extra";
/// Characters of a header that is kept.
const MAX_HEADER_CHARS: usize = 256;

/// What an upload held. Dropped, it leaves nothing behind.
#[derive(Default)]
pub(crate) struct Upload {
    pub(crate) fields: Pairs,
    pub(crate) dump: Option<Received>,
    pub(crate) attachments: Vec<Received>,
    /// When it came, where it lay in the reserve since.
    pub(crate) received_ms: Option<i64>,
}

impl Upload {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Bytes that the files have.
    pub(crate) fn file_bytes(&self) -> u64 {
        self.dump.iter().chain(&self.attachments).map(|file| file.blob.size_bytes()).sum()
    }

    fn field_bytes(&self) -> usize {
        self.fields.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// A place for another attachment.
    pub(crate) async fn attachment(&self, intake: &Intake, name: &str) -> Result<FileSink, Refusal> {
        if self.attachments.len() >= MAX_ATTACHMENTS {
            return Err(Refusal::bad("attachments", format!("more than {MAX_ATTACHMENTS} attachments")));
        }
        FileSink::attachment(intake, name, self.left_bytes(intake)).await
    }

    /// Bytes that are left for files.
    pub(crate) fn left_bytes(&self, intake: &Intake) -> u64 {
        intake.limits.max_dump_bytes.saturating_sub(self.file_bytes())
    }
}

/// What a part becomes.
enum Part {
    Field { name: String, json: bool, value: Vec<u8> },
    Dump(FileSink),
    Attachment(FileSink),
}

/// Reads a whole form.
pub(crate) async fn receive_form(
    intake: &Intake,
    payload: &mut Payload,
    boundary: &str,
) -> Result<Upload, Refusal> {
    let mut scanner = FormScanner::new(boundary.as_bytes());
    let mut upload = Upload::default();
    let mut part = None;
    loop {
        match scanner.next()? {
            Some(FormEvent::Part(head)) => part = Some(begin(intake, &upload, head).await?),
            Some(FormEvent::Data(data)) => {
                if let Some(part) = &mut part {
                    add(part, &data).await?;
                }
            }
            Some(FormEvent::PartEnd) => {
                if let Some(part) = part.take() {
                    end(&mut upload, part).await?;
                }
            }
            Some(FormEvent::End) => return Ok(upload),
            None => match payload.piece().await? {
                Some(piece) => scanner.push(&piece),
                None => scanner.finish(),
            },
        }
    }
}

async fn begin(intake: &Intake, upload: &Upload, head: PartHead) -> Result<Part, Refusal> {
    let file_name = head.file_name.as_deref().unwrap_or(&head.name);
    if head.name == DUMP_FIELD && upload.dump.is_none() {
        return Ok(Part::Dump(FileSink::dump(intake, file_name, upload.left_bytes(intake)).await?));
    }
    let json = head.name == JSON_FIELD && head.content_type.as_deref() == Some("application/json");
    let kind = head.content_type.as_deref().unwrap_or("text/plain");
    let text = head.file_name.is_none() && (kind.starts_with("text/") || kind == "application/json");
    if json || text {
        let name = head.name.chars().take(MAX_FIELD_NAME_CHARS).collect();
        return Ok(Part::Field { name, json, value: Vec::new() });
    }
    Ok(Part::Attachment(upload.attachment(intake, file_name).await?))
}

async fn add(part: &mut Part, data: &[u8]) -> Result<(), Refusal> {
    match part {
        Part::Field { value, .. } => {
            value.extend_from_slice(data);
            if value.len() > MAX_FIELD_BYTES { Err(too_much_text()) } else { Ok(()) }
        }
        Part::Dump(sink) | Part::Attachment(sink) => sink.write(data).await,
    }
}

async fn end(upload: &mut Upload, part: Part) -> Result<(), Refusal> {
    match part {
        Part::Field { json: true, value, .. } => {
            let pairs = json_pairs(&value).ok_or_else(|| {
                Refusal::bad("invalid_json", format!("the field {JSON_FIELD} is no object in JSON"))
            })?;
            upload.fields.extend(pairs);
        }
        Part::Field { name, value, .. } => {
            upload.fields.push((name, String::from_utf8_lossy(&value).into_owned()));
        }
        Part::Dump(sink) => upload.dump = sink.end().await?,
        Part::Attachment(sink) => upload.attachments.extend(sink.end().await?),
    }
    if upload.field_bytes() > MAX_FIELDS_BYTES { Err(too_much_text()) } else { Ok(()) }
}

fn too_much_text() -> Refusal {
    let message = format!(
        "a field has more than {MAX_FIELD_BYTES} bytes, or all fields together more than {MAX_FIELDS_BYTES}"
    );
    Refusal::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, "field_too_large", message)
}

/// The headers of an upload that are kept.
pub(crate) fn kept_headers(headers: &HeaderMap) -> Pairs {
    let agent = headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let agent = agent.map(|text| text.chars().filter(|c| !c.is_control()).take(MAX_HEADER_CHARS).collect());
    agent.map(|text| ("User-Agent".to_owned(), text)).into_iter().collect()
}

impl From<FormError> for Refusal {
    fn from(error: FormError) -> Self {
        Self::bad(error.reason(), error.to_string())
    }
}
