//! Requests over HTTP/1.1, bounded in time and size. Redirects are not followed.

use std::fs::File;
use std::io::Read;
use std::time::{Duration, SystemTime};

use ureq::http::Response;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, RequestBuilder};
use wer_wire::pieces::{PIECES_HEADER, REPORT_HEADER};

use crate::limits::{
    MAX_AUTHORITY_BYTES, MAX_HEADER_BYTES, MAX_LEVEL2_RESPONSE_BYTES, MAX_REFUSAL_BYTES, PIECE_TIMEOUT,
};
use crate::printable::printable;
use crate::retry_after;
use crate::server::{Server, Timeouts};

/// A status and the first bytes of a body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Where files may be sent in pieces, as the server says.
    pub(crate) pieces: Option<String>,
    /// How long the server wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

impl Answer {
    /// The same of a server that has too much to do; other answers are no reason to wait.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.retry_after.filter(|_| matches!(self.status, 429 | 503))
    }
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("{0}")]
    Exchange(String),
    #[error("its answer has more than {0} bytes")]
    TooLarge(usize),
}

/// Speaks to one server.
pub(crate) struct Client<'a> {
    server: &'a Server,
    base_url: String,
    timeouts: Timeouts,
}

impl<'a> Client<'a> {
    /// `None` where the server's host is none.
    pub(crate) fn new(server: &'a Server, timeouts: Timeouts) -> Option<Self> {
        Some(Self { server, base_url: server.base_url()?, timeouts })
    }

    /// Level 1 of a report; the answer's body may have `limit_bytes`.
    pub(crate) fn level1(
        &self,
        path: &str,
        report: &str,
        body: &[u8],
        limit_bytes: usize,
    ) -> Result<Answer, HttpError> {
        let request = self.agent(self.timeouts.level1)?.post(self.url(path)).header(REPORT_HEADER, report);
        whole(self.with_key(request).send(body).map_err(exchange_error)?, limit_bytes)
    }

    /// `GET path`; the answer's body may have `limit_bytes`.
    pub(crate) fn get(&self, path: &str, limit_bytes: usize) -> Result<Answer, HttpError> {
        let request = self.agent(self.timeouts.level1)?.get(self.url(path));
        whole(self.with_key(request).call().map_err(exchange_error)?, limit_bytes)
    }

    /// `POST path` with JSON; the answer's body may have `limit_bytes`.
    pub(crate) fn post_json(
        &self,
        path: &str,
        json: &[u8],
        whole_time: Duration,
        limit_bytes: usize,
    ) -> Result<Answer, HttpError> {
        let request = self.agent(whole_time)?.post(self.url(path)).content_type("application/json");
        whole(self.with_key(request).send(json).map_err(exchange_error)?, limit_bytes)
    }

    /// `PUT path` with bytes that zstd has packed.
    pub(crate) fn put_packed(&self, path: &str, packed: &[u8]) -> Result<Answer, HttpError> {
        let request = self.agent(PIECE_TIMEOUT)?.put(self.url(path)).header("Content-Encoding", "zstd");
        whole(self.with_key(request).send(packed).map_err(exchange_error)?, MAX_REFUSAL_BYTES)
    }

    /// `PUT path` with a file's bytes.
    pub(crate) fn put(&self, path: &str, file: &File) -> Result<Answer, HttpError> {
        let request = self
            .agent(self.timeouts.level2)?
            .put(self.url(path))
            .content_type("application/vnd.ms-cab-compressed");
        read(self.with_key(request).send(file).map_err(exchange_error)?, MAX_LEVEL2_RESPONSE_BYTES)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    fn with_key<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.server.key {
            Some(key) => request.header("Authorization", format!("Bearer {key}")),
            None => request,
        }
    }

    /// `None`: the usual authorities.
    fn authority(&self) -> Result<Option<TlsConfig>, HttpError> {
        let Some(file) = &self.server.authority else { return Ok(None) };
        let bad = |reason: String| HttpError::Exchange(format!("{}: {reason}", file.display()));
        let mut pem = Vec::new();
        File::open(file)
            .and_then(|file| file.take(MAX_AUTHORITY_BYTES).read_to_end(&mut pem))
            .map_err(|error| bad(error.to_string()))?;
        let certificates: Vec<_> = parse_pem(&pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() {
            return Err(bad("it holds no certificate in PEM form".into()));
        }
        Ok(Some(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build()))
    }

    fn agent(&self, whole: Duration) -> Result<Agent, HttpError> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("wer/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("")
            .max_response_header_size(MAX_HEADER_BYTES)
            .timeout_connect(Some(self.timeouts.connect))
            .timeout_global(Some(whole));
        let config = if self.server.is_loopback() { config.proxy(None) } else { config };
        let config = match self.authority()? {
            Some(tls) => config.tls_config(tls),
            None => config,
        };
        Ok(config.build().new_agent())
    }
}

fn whole(response: Response<ureq::Body>, limit_bytes: usize) -> Result<Answer, HttpError> {
    let answer = read(response, limit_bytes as u64 + 1)?;
    if answer.body.len() > limit_bytes { Err(HttpError::TooLarge(limit_bytes)) } else { Ok(answer) }
}

fn read(response: Response<ureq::Body>, limit_bytes: u64) -> Result<Answer, HttpError> {
    let status = response.status().as_u16();
    let pieces = response.headers().get(PIECES_HEADER).and_then(|value| value.to_str().ok());
    let pieces = pieces.map(str::to_owned);
    let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|text| retry_after::retry_after(text, SystemTime::now()));
    let mut body = Vec::new();
    let reader = response.into_body().into_reader();
    reader
        .take(limit_bytes)
        .read_to_end(&mut body)
        .map_err(|error| HttpError::Exchange(printable(&error.to_string())))?;
    Ok(Answer { status, body, pieces, retry_after })
}

fn exchange_error(error: ureq::Error) -> HttpError {
    HttpError::Exchange(match error {
        ureq::Error::Timeout(_) => "it did not answer in time".into(),
        ureq::Error::HostNotFound => "there is no such host".into(),
        other => printable(&other.to_string()),
    })
}
