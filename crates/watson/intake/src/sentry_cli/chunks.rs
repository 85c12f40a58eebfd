//! A form of chunks: each part's file name is the SHA-1 of its bytes, `file_gzip` is packed.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use sha1::{Digest, Sha1};
use watson_db::{BlobWriter, Sha1Text, time};

use super::scope;
use crate::body::{drain, within};
use crate::form::{FormEvent, FormScanner, PartHead, boundary};
use crate::inflate::{Inflater, Packing};
use crate::limits::{
    CHUNK_BYTES, MAX_CHUNK_REQUEST_BYTES, MAX_CHUNKS_PER_REQUEST, MAX_FORM_EXTRA_BYTES, MAX_UPLOAD_MS,
};
use crate::payload::Payload;
use crate::receive::content_type;
use crate::{Intake, Refusal, Sender};

/// Keeps a form's chunks.
pub(crate) async fn take(intake: &Intake, request: Request<Body>) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let _turn = match intake.symbol_turn().await {
        Ok(turn) => turn,
        Err(refusal) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let mut payload = match Payload::open(&head.headers, body, MAX_CHUNK_REQUEST_BYTES + MAX_FORM_EXTRA_BYTES)
    {
        Ok(payload) => payload,
        Err((refusal, body)) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let scope = scope(&Sender::of(&head.extensions));
    let boundary = content_type(&head.headers).and_then(boundary);
    match within(MAX_UPLOAD_MS, receive(intake, &scope, boundary, &mut payload)).await {
        Ok(()) => Ok(StatusCode::OK.into_response()),
        Err(refusal) => {
            payload.abandon().await;
            Err(refusal)
        }
    }
}

async fn receive(
    intake: &Intake,
    scope: &str,
    boundary: Option<String>,
    payload: &mut Payload,
) -> Result<(), Refusal> {
    let boundary =
        boundary.ok_or_else(|| Refusal::bad("not_a_form", "the body is not multipart/form-data"))?;
    let mut scanner = FormScanner::new(boundary.as_bytes());
    let mut chunk = None;
    let mut chunks = 0;
    loop {
        match scanner.next()? {
            Some(FormEvent::Part(head)) => {
                chunk = Chunk::begin(intake, &head).await?;
                chunks += usize::from(chunk.is_some());
                if chunks > MAX_CHUNKS_PER_REQUEST {
                    let message = format!("more than {MAX_CHUNKS_PER_REQUEST} chunks in one request");
                    return Err(Refusal::bad("chunks", message));
                }
            }
            Some(FormEvent::Data(data)) => {
                if let Some(chunk) = &mut chunk {
                    chunk.add(&data).await?;
                }
            }
            Some(FormEvent::PartEnd) => {
                if let Some(chunk) = chunk.take() {
                    chunk.keep(intake, scope).await?;
                }
            }
            Some(FormEvent::End) => return Ok(()),
            None => match payload.piece().await? {
                Some(piece) => scanner.push(&piece),
                None => scanner.finish(),
            },
        }
    }
}

/// A chunk on its way to disk. Dropped, it leaves nothing behind.
struct Chunk {
    name: Sha1Text,
    hash: Sha1,
    blob: BlobWriter,
    inflater: Option<Inflater>,
}

impl Chunk {
    /// `None`: a field that is none of ours.
    async fn begin(intake: &Intake, head: &PartHead) -> Result<Option<Self>, Refusal> {
        let inflater = match head.name.as_str() {
            "file" => None,
            "file_gzip" => Some(Inflater::new(Packing::Gzip, CHUNK_BYTES)?),
            _ => return Ok(None),
        };
        let name = head.file_name.as_deref().and_then(Sha1Text::new).ok_or_else(|| {
            Refusal::bad(
                "chunk_name",
                "the file name of a chunk must be the SHA-1 of its bytes, 40 hex digits",
            )
        })?;
        Ok(Some(Self { name, hash: Sha1::new(), blob: intake.store.begin_blob().await?, inflater }))
    }

    async fn add(&mut self, mut data: &[u8]) -> Result<(), Refusal> {
        let Some(inflater) = &mut self.inflater else {
            return write(&mut self.blob, &mut self.hash, data).await;
        };
        loop {
            let step = inflater.step(&mut data)?;
            if step.is_empty() {
                return Ok(());
            }
            write(&mut self.blob, &mut self.hash, step).await?;
        }
    }

    async fn keep(self, intake: &Intake, scope: &str) -> Result<(), Refusal> {
        if let Some(inflater) = &self.inflater {
            inflater.end()?;
        }
        if Sha1Text::of(&self.hash.finalize()) != self.name {
            return Err(Refusal::bad(
                "chunk_hash",
                "a chunk's bytes have another SHA-1 than its file name says",
            ));
        }
        intake.store.put_chunk(scope, self.name.as_str(), self.blob, time::now_ms()).await?;
        Ok(())
    }
}

async fn write(blob: &mut BlobWriter, hash: &mut Sha1, data: &[u8]) -> Result<(), Refusal> {
    if blob.size_bytes() + data.len() as u64 > CHUNK_BYTES {
        return Err(Refusal::too_large(CHUNK_BYTES));
    }
    hash.update(data);
    blob.write(data).await?;
    Ok(())
}
