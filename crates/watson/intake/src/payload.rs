//! The body of a dialect's request: pieces, unpacked where `Content-Encoding` says that it is packed.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};

use crate::Refusal;
use crate::body::BoundedBody;
use crate::inflate::{InflateError, Inflater, Packing};

/// A body being read.
pub(crate) struct Payload {
    body: BoundedBody,
    inflater: Option<Inflater>,
    held: Bytes,
}

impl Payload {
    /// Both the bytes that come and what they unpack to are limited.
    pub(crate) fn open(headers: &HeaderMap, body: Body, limit_bytes: u64) -> Result<Self, (Refusal, Body)> {
        let inflater = match inflater(headers, limit_bytes) {
            Ok(inflater) => inflater,
            Err(refusal) => return Err((refusal, body)),
        };
        Ok(Self { body: BoundedBody::new(body, limit_bytes)?, inflater, held: Bytes::new() })
    }

    /// The next piece, never empty; `None` at the end of a whole body.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            if let Some(inflater) = &mut self.inflater {
                let mut input = self.held.as_ref();
                let step = Bytes::copy_from_slice(inflater.step(&mut input)?);
                let taken = self.held.len() - input.len();
                self.held = self.held.slice(taken..);
                if !step.is_empty() {
                    return Ok(Some(step));
                }
            }
            match (self.body.piece().await?, &self.inflater) {
                (Some(piece), _) if piece.is_empty() => {}
                (Some(piece), None) => return Ok(Some(piece)),
                (Some(piece), Some(_)) => self.held = piece,
                (None, None) => return Ok(None),
                (None, Some(inflater)) => return Ok(inflater.end().map(|()| None)?),
            }
        }
    }

    /// Gives up, so that the sender can read the answer.
    pub(crate) async fn abandon(self) {
        self.body.abandon().await;
    }
}

fn inflater(headers: &HeaderMap, limit_bytes: u64) -> Result<Option<Inflater>, Refusal> {
    let mut packings = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(str::trim)
        .filter(|token| !token.is_empty() && !token.eq_ignore_ascii_case("identity"));
    let Some(token) = packings.next() else { return Ok(None) };
    match (Packing::of_token(token), packings.next()) {
        (Some(packing), None) => Ok(Some(Inflater::new(packing, limit_bytes)?)),
        _ => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content_encoding",
            "Content-Encoding must be one of gzip, deflate, zstd",
        )),
    }
}

impl From<InflateError> for Refusal {
    fn from(error: InflateError) -> Self {
        let status = match error {
            InflateError::TooLarge { .. } | InflateError::Ratio | InflateError::TooManyMembers => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            InflateError::Damaged | InflateError::Cut => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.reason(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(encoding: &str, body: Vec<u8>) -> Result<Vec<u8>, &'static str> {
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, encoding.parse().unwrap())]);
        let mut payload = Payload::open(&headers, Body::from(body), 100).map_err(|(r, _)| r.reason)?;
        let mut whole = Vec::new();
        while let Some(piece) = payload.piece().await.map_err(|refusal| refusal.reason)? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    #[tokio::test]
    async fn bodies_are_unpacked_within_their_limits() {
        let packed = |bytes: usize| zstd::encode_all(&vec![b'a'; bytes][..], 3).unwrap();
        assert_eq!(read("identity", b"plain".to_vec()).await.as_deref(), Ok(&b"plain"[..]));
        assert_eq!(read("ZSTD", packed(50)).await, Ok(vec![b'a'; 50]));
        assert_eq!(read("zstd", packed(101)).await, Err("unpacked_too_large"));
        assert_eq!(read("zstd", packed(50)[..9].to_vec()).await, Err("packed_cut"));
        assert_eq!(read("gzip", b"plain".to_vec()).await, Err("packed_damaged"));
        assert_eq!(read("gzip", vec![]).await, Err("packed_cut"));
        for unknown in ["br", "gzip, gzip", "gzip, br", "?"] {
            assert_eq!(read(unknown, vec![]).await, Err("content_encoding"), "{unknown}");
        }
    }
}
