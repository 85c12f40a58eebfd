//! One head, from its first byte to the empty line.

use axum::http::StatusCode;

use crate::Refusal;

/// How the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
}

/// What is to be done with a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The library may have it as it came.
    Pass(Framing),
    /// The library gets these bytes instead, and nothing behind this request's body.
    Normalised(Vec<u8>, Framing),
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// A line ends without CR, or a CR stands alone.
    #[error("a line of the head does not end with CR LF")]
    LineEnd,
    /// Not a method, a target and a version, with one blank between them.
    #[error("the first line is no request line")]
    RequestLine,
    /// Neither HTTP/1.1 nor HTTP/1.0.
    #[error("the version is neither HTTP/1.1 nor HTTP/1.0")]
    Version,
    /// A line that continues the one before.
    #[error("a header line begins with a blank")]
    Folded,
    /// No name, a blank before the colon, or a character that names do not have.
    #[error("a header's name is malformed")]
    FieldName,
    /// A control character.
    #[error("a header's value has a control character")]
    FieldValue,
    /// `Content-Length` twice, or no plain number.
    #[error("Content-Length is given twice, or is no plain number")]
    ContentLength,
    /// `Transfer-Encoding` twice, or something else than `chunked`.
    #[error("Transfer-Encoding is given twice, or is not chunked")]
    TransferEncoding,
    /// A length and chunks.
    #[error("there is a Content-Length beside Transfer-Encoding")]
    LengthConflict,
    /// More bytes than the limit.
    #[error("the head is larger than the limit")]
    TooLarge,
    /// A chunk's head or the lines behind the last one.
    #[error("the chunks of the body are malformed")]
    Chunk,
}

impl DoorError {
    /// Short stable name, for the counters.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::LineEnd => "head_line_end",
            Self::RequestLine => "request_line",
            Self::Version => "http_version",
            Self::Folded => "folded_header",
            Self::FieldName => "header_name",
            Self::FieldValue => "header_value",
            Self::ContentLength => "content_length",
            Self::TransferEncoding => "transfer_encoding",
            Self::LengthConflict => "length_conflict",
            Self::TooLarge => "head_too_large",
            Self::Chunk => "chunk",
        }
    }
}

impl From<DoorError> for Refusal {
    fn from(error: DoorError) -> Self {
        let status = match error {
            DoorError::TooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            DoorError::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.reason(), error.to_string())
    }
}

/// Judges a whole head: from the method to the empty line, its CR LF included. Empty lines before it are let through.
///
/// # Errors
/// [`DoorError`], see there.
pub fn judge(head: &[u8]) -> Result<Verdict, DoorError> {
    let mut lines = Lines { rest: head };
    let first = loop {
        match lines.next()? {
            Some([]) => {}
            Some(line) => break line,
            None => return Err(DoorError::RequestLine),
        }
    };
    let request = RequestLine::read(first)?;
    let mut fields = Fields::default();
    let begin_of_fields = lines.rest;
    while let Some(line) = lines.next()? {
        if line.is_empty() {
            break;
        }
        fields.read(line)?;
    }
    let framing = fields.framing()?;
    let chunked_1_0 = request.version == b"HTTP/1.0" && framing == Framing::Chunked;
    let target = (request.method == b"PUT").then(|| plain_target(request.target)).flatten();
    if !chunked_1_0 && target.is_none() {
        return Ok(Verdict::Pass(framing));
    }
    let target = target.unwrap_or_else(|| request.target.to_vec());
    let version: &[u8] = if chunked_1_0 { b"HTTP/1.1" } else { request.version };
    let mut head = [request.method, b" ", &target, b" ", version, b"\r\n"].concat();
    if !fields.host {
        // Crashpad's raw client names none, and HTTP/1.1 wants one. A browser, which may be led here under a strange
        // name, always sends its own.
        head.extend_from_slice(b"Host: localhost\r\n");
    }
    write_fields(&mut head, begin_of_fields)?;
    Ok(Verdict::Normalised(head, framing))
}

/// The client's fields, and that the connection ends.
fn write_fields(head: &mut Vec<u8>, fields: &[u8]) -> Result<(), DoorError> {
    let mut lines = Lines { rest: fields };
    while let Some(line) = lines.next()?.filter(|line| !line.is_empty()) {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        if !name.eq_ignore_ascii_case(b"connection") {
            head.extend_from_slice(line);
            head.extend_from_slice(b"\r\n");
        }
    }
    head.extend_from_slice(b"Connection: close\r\n\r\n");
    Ok(())
}

/// The lines of a head, without their CR LF.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<Option<&'a [u8]>, DoorError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let end = memchr::memchr(b'\n', self.rest).ok_or(DoorError::LineEnd)?;
        let (line, rest) = self.rest.split_at_checked(end + 1).ok_or(DoorError::LineEnd)?;
        self.rest = rest;
        let line = line.strip_suffix(b"\r\n").ok_or(DoorError::LineEnd)?;
        if memchr::memchr(b'\r', line).is_some() { Err(DoorError::LineEnd) } else { Ok(Some(line)) }
    }
}

struct RequestLine<'a> {
    method: &'a [u8],
    target: &'a [u8],
    version: &'a [u8],
}

impl<'a> RequestLine<'a> {
    fn read(line: &'a [u8]) -> Result<Self, DoorError> {
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(DoorError::RequestLine);
        };
        let visible = target.iter().all(|byte| *byte > b' ' && *byte != 0x7f);
        if !is_token(method) || target.is_empty() || !visible {
            return Err(DoorError::RequestLine);
        }
        if !matches!(version, b"HTTP/1.1" | b"HTTP/1.0") {
            return Err(DoorError::Version);
        }
        Ok(Self { method, target, version })
    }
}

/// The target as it should have been; `None` where it is not one of the two forms.
fn plain_target(target: &[u8]) -> Option<Vec<u8>> {
    const PREFIX: &[u8] = b"DumpFile=";
    let rest = match target.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ if target.first() == Some(&b'\\') => target,
        _ => return None,
    };
    let slashed = rest.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte });
    let bare: Vec<u8> = slashed.skip_while(|byte| *byte == b'/').collect();
    Some([b"/", bare.as_slice()].concat())
}

/// What the header lines say about the body.
#[derive(Default)]
struct Fields {
    length: Option<u64>,
    chunked: bool,
    host: bool,
}

impl Fields {
    fn read(&mut self, line: &[u8]) -> Result<(), DoorError> {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return Err(DoorError::Folded);
        }
        let colon = memchr::memchr(b':', line).ok_or(DoorError::FieldName)?;
        let (name, value) = line.split_at_checked(colon).ok_or(DoorError::FieldName)?;
        if !is_token(name) {
            return Err(DoorError::FieldName);
        }
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f) {
            return Err(DoorError::FieldValue);
        }
        self.host |= name.eq_ignore_ascii_case(b"host");
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = plain_number(value).ok_or(DoorError::ContentLength)?;
            if self.length.replace(length).is_some() {
                return Err(DoorError::ContentLength);
            }
        }
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(DoorError::TransferEncoding);
            }
            self.chunked = true;
        }
        Ok(())
    }

    fn framing(&self) -> Result<Framing, DoorError> {
        match (self.length, self.chunked) {
            (Some(_), true) => Err(DoorError::LengthConflict),
            (None, true) => Ok(Framing::Chunked),
            (length, false) => Ok(Framing::Length(length.unwrap_or(0))),
        }
    }
}

/// Digits only: no sign, no list, no blank inside.
fn plain_number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let text = core::str::from_utf8(text).ok().filter(|_| digits)?;
    // The library keeps two values for itself.
    text.parse().ok().filter(|length| *length < u64::MAX - 2)
}

fn is_token(name: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !name.is_empty() && name.iter().all(plain)
}

#[cfg(test)]
#[path = "head/tests.rs"]
mod tests;
