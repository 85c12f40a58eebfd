//! A request in the reserve: a line of JSON with what its head said and who sent it, then the body as it came.

use std::io;
use std::net::IpAddr;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri};
use serde::{Deserialize, Serialize};

use crate::Sender;
use crate::limits::MAX_SPOOL_HEAD_BYTES;

/// The head of a request, and who sent it when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryHead {
    /// Of this form.
    version: u32,
    /// When it came, in milliseconds since 1970.
    received_ms: i64,
    method: String,
    target: String,
    /// Values as Latin-1, so that every byte survives.
    headers: Vec<(String, String)>,
    tenant: i64,
    product: Option<i64>,
    source: IpAddr,
    https: bool,
    needs_key: bool,
    needs_key_for_level1: bool,
    /// It was admitted when it came.
    admitted: bool,
}

/// When a request came that is taken later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReceivedAt(pub(crate) i64);

/// A request of which nobody could say whether it may report: the store did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAdmitted;

impl EntryHead {
    /// The head of a request that has just come.
    #[must_use]
    pub fn of<B>(request: &Request<B>, now_ms: i64) -> Self {
        let sender = Sender::of(request.extensions());
        let headers = request.headers().iter();
        Self {
            version: 1,
            received_ms: now_ms,
            method: request.method().as_str().to_owned(),
            target: request.uri().to_string(),
            headers: headers
                .map(|(name, value)| {
                    (name.as_str().to_owned(), value.as_bytes().iter().copied().map(char::from).collect())
                })
                .collect(),
            tenant: sender.tenant,
            product: sender.product,
            source: sender.source,
            https: sender.https,
            needs_key: sender.needs_key,
            needs_key_for_level1: sender.needs_key_for_level1,
            admitted: request.extensions().get::<NotAdmitted>().is_none(),
        }
    }

    /// As the file begins.
    pub(crate) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        if bytes.len() > MAX_SPOOL_HEAD_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the request's head is too large"));
        }
        Ok(bytes)
    }

    /// The head at the begin of a file. `None` = it is none.
    #[must_use]
    pub fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok().filter(|head: &Self| head.version == 1)
    }

    /// The request again. `None` = the file was changed from outside.
    #[must_use]
    pub fn request(self, body: Body) -> Option<Request<Body>> {
        let mut request = Request::new(body);
        *request.method_mut() = Method::from_bytes(self.method.as_bytes()).ok()?;
        *request.uri_mut() = self.target.parse::<Uri>().ok()?;
        for (name, value) in self.headers {
            let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            request.headers_mut().append(name, HeaderValue::from_bytes(&bytes?).ok()?);
        }
        let sender = Sender {
            tenant: self.tenant,
            product: self.product,
            source: self.source,
            https: self.https,
            needs_key: self.needs_key,
            needs_key_for_level1: self.needs_key_for_level1,
        };
        request.extensions_mut().insert(sender);
        request.extensions_mut().insert(ReceivedAt(self.received_ms));
        if !self.admitted {
            request.extensions_mut().insert(NotAdmitted);
        }
        Some(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_comes_back_as_it_was() {
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = "/crash?product=a%20b".parse().unwrap();
        request.headers_mut().append("x", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        request.headers_mut().append("x", HeaderValue::from_static("2"));
        let sender = Sender { tenant: 3, needs_key: true, ..Sender::default() };
        request.extensions_mut().insert(sender);
        request.extensions_mut().insert(NotAdmitted);
        let head = EntryHead::of(&request, 42);
        let line = head.to_bytes().unwrap();
        let again = EntryHead::read(line.strip_suffix(b"\n").unwrap()).unwrap();
        assert_eq!(again, head);
        let again = again.request(Body::empty()).unwrap();
        assert_eq!(again.method(), Method::POST);
        assert_eq!(again.uri(), request.uri());
        assert_eq!(again.headers(), request.headers());
        assert_eq!(Sender::of(again.extensions()), sender, "a key that was needed is needed later");
        assert!(again.extensions().get::<NotAdmitted>().is_some());
        assert_eq!(again.extensions().get::<ReceivedAt>(), Some(&ReceivedAt(42)));
        assert_eq!(EntryHead::read(b"{}"), None);
    }
}
