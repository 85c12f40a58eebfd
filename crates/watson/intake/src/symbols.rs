//! Breakpad's symbol uploads. A symbol file's own first line, not the request, says which module and id it is for.
//! Version 1 is a form; version 2, below, is a series of requests.

pub(crate) mod staged;

use std::path::Path;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use watson_db::{BlobWriter, DbError, SymbolName, SymbolOutcome};

use crate::body::{drain, within};
use crate::form::{FormEvent, FormScanner, boundary};
use crate::limits::{MAX_FORM_EXTRA_BYTES, MAX_MODULE_LINE_BYTES, MAX_UPLOAD_MS};
use crate::payload::Payload;
use crate::receive::content_type;
use crate::{Intake, Refusal};

/// Bytes of a file that are copied at once.
const COPY_STEP_BYTES: usize = 256 * 1024;

/// sym-upload-v1: a form whose `symbol_file` is Breakpad text.
pub(crate) async fn take(intake: &Intake, request: Request<Body>) -> Result<Response, Refusal> {
    let file = receive(intake, request, async |intake, boundary, payload| {
        let boundary =
            boundary.ok_or_else(|| Refusal::bad("not_a_form", "the body is not multipart/form-data"))?;
        form(intake, payload, &boundary).await
    })
    .await?;
    keep(intake, file).await?;
    Ok(StatusCode::OK.into_response())
}

/// Receives a symbol file the way that the version sends it.
async fn receive(
    intake: &Intake,
    request: Request<Body>,
    read: impl AsyncFnOnce(&Intake, Option<String>, &mut Payload) -> Result<SymbolFile, Refusal>,
) -> Result<SymbolFile, Refusal> {
    let (head, body) = request.into_parts();
    let _turn = match intake.symbol_turn().await {
        Ok(turn) => turn,
        Err(refusal) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let limit_bytes = intake.limits.max_symbol_bytes.saturating_add(MAX_FORM_EXTRA_BYTES);
    let mut payload = match Payload::open(&head.headers, body, limit_bytes) {
        Ok(payload) => payload,
        Err((refusal, body)) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let boundary = content_type(&head.headers).and_then(boundary);
    match within(MAX_UPLOAD_MS, read(intake, boundary, &mut payload)).await {
        Ok(file) => Ok(file),
        Err(refusal) => {
            payload.abandon().await;
            Err(refusal)
        }
    }
}

/// The first `symbol_file` counts; the other fields say nothing that the file does not.
async fn form(intake: &Intake, payload: &mut Payload, boundary: &str) -> Result<SymbolFile, Refusal> {
    let mut scanner = FormScanner::new(boundary.as_bytes());
    let mut file = None;
    let mut inside = false;
    loop {
        match scanner.next()? {
            Some(FormEvent::Part(head)) => {
                inside = head.name == "symbol_file" && file.is_none();
                if inside {
                    file = Some(SymbolFile::begin(intake).await?);
                }
            }
            Some(FormEvent::Data(data)) => {
                if let Some(file) = file.as_mut().filter(|_| inside) {
                    file.write(&data).await?;
                }
            }
            Some(FormEvent::PartEnd) => inside = false,
            Some(FormEvent::End) => {
                return file.ok_or_else(|| Refusal::bad("no_symbol_file", "the form has no symbol_file"));
            }
            None => match payload.piece().await? {
                Some(piece) => scanner.push(&piece),
                None => scanner.finish(),
            },
        }
    }
}

/// A symbol file on its way to disk. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub(crate) struct SymbolFile {
    blob: BlobWriter,
    head: Vec<u8>,
    name: Option<SymbolName>,
    limit_bytes: u64,
}

impl SymbolFile {
    async fn begin(intake: &Intake) -> Result<Self, Refusal> {
        let blob = intake.store.begin_blob().await?;
        Ok(Self { blob, head: Vec::new(), name: None, limit_bytes: intake.limits.max_symbol_bytes })
    }

    /// A file that has come before, from its blob.
    async fn copy(intake: &Intake, path: &Path) -> Result<Self, Refusal> {
        let unreadable =
            |source| Refusal::from(DbError::Io { doing: "cannot read", path: path.to_owned(), source });
        let mut from = File::open(path).await.map_err(unreadable)?;
        let mut file = Self::begin(intake).await?;
        let mut step = vec![0; COPY_STEP_BYTES];
        loop {
            match from.read(&mut step).await.map_err(unreadable)? {
                0 => return Ok(file),
                bytes => file.write(step.get(..bytes).unwrap_or_default()).await?,
            }
        }
    }

    /// Streams, and reads the `MODULE` line on the way.
    async fn write(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        if self.name.is_none() {
            let room = MAX_MODULE_LINE_BYTES.saturating_sub(self.head.len());
            self.head.extend(piece.iter().take(room));
            self.name = module_line(&self.head)?;
        }
        if self.blob.size_bytes() + piece.len() as u64 > self.limit_bytes {
            return Err(Refusal::too_large(self.limit_bytes));
        }
        self.blob.write(piece).await?;
        Ok(())
    }
}

/// Keeps a copy of a file that has come; whether it was new.
pub(crate) async fn keep_copy(intake: &Intake, path: &Path) -> Result<bool, Refusal> {
    keep(intake, SymbolFile::copy(intake, path).await?).await
}

/// Keeps the file; whether it was new.
async fn keep(intake: &Intake, file: SymbolFile) -> Result<bool, Refusal> {
    let name = file.name.ok_or_else(no_module_line)?;
    match intake.store.keep_symbol(&name, file.blob).await? {
        SymbolOutcome::Stored => {
            intake.metrics().symbol("stored");
            Ok(true)
        }
        SymbolOutcome::AlreadyHere => {
            intake.metrics().symbol("repeated");
            Ok(false)
        }
        SymbolOutcome::Different => {
            let message = "other symbols of this module are already here; the first upload stays";
            Err(Refusal::new(StatusCode::CONFLICT, "other_symbols", message))
        }
    }
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
