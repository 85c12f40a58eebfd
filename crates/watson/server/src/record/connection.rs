//! One request of an unknown client, read as leniently as can be, and its answer.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use watson_intake::limits::MAX_RECORDED_BODY_BYTES;
use watson_intake::transcript::Recorded;

use crate::limits::{MAX_HEAD_BYTES, MAX_HEAD_MS, RECORD_PAUSE_MS};

/// What a client that knows nothing else takes for success.
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

/// A request that was read.
pub(super) struct Request {
    head: Vec<u8>,
    body: Vec<u8>,
    body_bytes: u64,
    ended_by: &'static str,
}

impl Request {
    pub(super) fn recorded(&self) -> Recorded<'_> {
        Recorded { head: &self.head, body: &self.body, body_bytes: self.body_bytes, ended_by: self.ended_by }
    }
}

/// Reads and answers. `None`: nothing came.
pub(super) async fn take(mut stream: TcpStream) -> Option<Request> {
    let mut came = Vec::new();
    let head_bytes = loop {
        if let Some(end) = head_end(&came) {
            break end;
        }
        let wait = Duration::from_millis(MAX_HEAD_MS);
        let more = came.len() < MAX_HEAD_BYTES
            && matches!(timeout(wait, read(&mut stream, &mut came)).await, Ok(true));
        if !more {
            break came.len();
        }
    };
    if came.is_empty() {
        return None;
    }
    let first = came.split_off(head_bytes.min(came.len()));
    let request = body(&mut stream, came, first).await;
    let _ = stream.write_all(ANSWER).await;
    let _ = stream.shutdown().await;
    Some(request)
}

async fn body(stream: &mut TcpStream, head: Vec<u8>, first: Vec<u8>) -> Request {
    let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let length: Option<u64> = field("content-length").and_then(|value| value.parse().ok());
    let chunked = field("transfer-encoding").is_some_and(|value| value.contains("chunked"));
    if field("expect").is_some() {
        let _ = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
    }
    let mut request = Request { head, body_bytes: first.len() as u64, body: first, ended_by: "pause" };
    loop {
        let whole = match length {
            Some(length) if request.body_bytes >= length => Some("content-length"),
            None if chunked && request.body.ends_with(b"0\r\n\r\n") => Some("last chunk"),
            // A request without either has no body, as most readers see it; one that has is heard out.
            _ => None,
        };
        if let Some(ended_by) = whole {
            request.ended_by = ended_by;
            break;
        }
        let mut more = Vec::new();
        let wait = Duration::from_millis(RECORD_PAUSE_MS);
        match timeout(wait, read(stream, &mut more)).await {
            Ok(true) => {
                request.body_bytes += more.len() as u64;
                let room = usize::try_from(MAX_RECORDED_BODY_BYTES).unwrap_or(usize::MAX);
                request.body.extend(more.iter().take(room.saturating_sub(request.body.len())));
            }
            Ok(false) => {
                request.ended_by = "end of connection";
                break;
            }
            Err(_) => break,
        }
    }
    if chunked {
        request.body = without_chunks(&request.body);
    }
    request
}

/// Adds what comes; false at the end.
async fn read(stream: &mut TcpStream, to: &mut Vec<u8>) -> bool {
    matches!(stream.read_buf(to).await, Ok(1..))
}

/// Behind the first empty line, however lines end.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let find = |end: &[u8]| bytes.windows(end.len()).position(|at| at == end).map(|at| at + end.len());
    match (find(b"\r\n\r\n"), find(b"\n\n")) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The bytes of the chunks; what is no chunk ends them.
fn without_chunks(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = body;
    loop {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return out };
        let (line, after) = rest.split_at_checked(end + 1).unwrap_or_default();
        let digits: String =
            line.iter().map(|byte| char::from(*byte)).take_while(char::is_ascii_hexdigit).collect();
        let Ok(size @ 1..) = usize::from_str_radix(&digits, 16) else { return out };
        let chunk = after.get(..size.min(after.len())).unwrap_or_default();
        out.extend_from_slice(chunk);
        let after = after.get(chunk.len()..).unwrap_or_default();
        rest = after.strip_prefix(b"\r\n").or_else(|| after.strip_prefix(b"\n")).unwrap_or(after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_taken_apart_as_far_as_they_go() {
        assert_eq!(without_chunks(b"5\r\nhello\r\n1;x\r\n!\r\n0\r\n\r\n"), b"hello!");
        assert_eq!(without_chunks(b"ff\r\ncut"), b"cut");
        assert_eq!(without_chunks(b"ffffffffffffffffff\r\nx"), b"");
        assert_eq!(without_chunks(b"no chunk"), b"");
    }

    #[test]
    fn heads_end_with_an_empty_line() {
        assert_eq!(head_end(b"a\r\n\r\nb"), Some(5));
        assert_eq!(head_end(b"a\n\nb\r\n\r\n"), Some(3));
        assert_eq!(head_end(b"a\r\n"), None);
    }
}
