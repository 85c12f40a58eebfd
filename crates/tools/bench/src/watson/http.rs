//! As little HTTP as a client needs.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};

use crate::watson::load::Style;

/// A level 1 request, as Windows sends it.
pub(super) fn level1(address: SocketAddr, body: &[u8], style: Style) -> Vec<u8> {
    let connection = if style == Style::Kept { "Keep-Alive" } else { "close" };
    let mut bytes = format!(
        "POST /stage2.htm HTTP/1.1\r\nConnection: {connection}\r\nUser-Agent: MSDW\r\nContent-Length: {}\r\nHost: {address}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The bucket that a level 1 answer names.
pub(super) fn bucket_of(body: &[u8]) -> Result<u64> {
    let text = std::str::from_utf8(body).context("an answer that is no text")?;
    let bucket =
        text.lines().find_map(|line| line.strip_prefix("Bucket=")).context("an answer without a bucket")?;
    bucket.trim().parse().with_context(|| format!("{bucket} is no bucket"))
}

/// Where an answer's body is, once it is whole. The answer must be 200.
pub(super) fn body_of(answer: &[u8]) -> Result<Option<(usize, usize)>> {
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
