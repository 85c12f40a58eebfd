//! A client's connection: writes a request, reads one answer. As small as can be, since it shares the machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// No answer within this is a failure.
const LIMIT: Duration = Duration::from_secs(60);

/// An open connection.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("cannot reach {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    /// The body of the answer to a request, which must be 200.
    pub(super) fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request)?;
        self.buffer.clear();
        let mut chunk = [0; 4096];
        loop {
            let read = self.stream.read(&mut chunk)?;
            ensure!(read > 0, "the server closed the connection");
            self.buffer.extend_from_slice(&chunk[..read]);
            if let Some((start, end)) = body_of(&self.buffer)? {
                return self.buffer.get(start..end).context("an answer without its body");
            }
        }
    }
}

/// Where the body is, once it is whole.
fn body_of(answer: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&answer[..head]).context("an answer that is no text")?;
    ensure!(text.starts_with("HTTP/1.1 200"), "refused: {text}");
    let length: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .context("an answer without a length")?
        .parse()?;
    let end = head + 4 + length;
    Ok((answer.len() >= end).then_some((head + 4, end)))
}
