//! Sentry's envelope: a line of JSON about the event, then items, each a line of JSON and a payload that is as long as
//! that line says, or ends with its line. A scanner over pieces, without I/O.

use serde_json::{Map, Value};

use crate::limits::{MAX_ENVELOPE_ITEMS, MAX_ENVELOPE_LINE_BYTES};

/// A header line.
pub type Header = Map<String, Value>;

/// What comes next in an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvelopeEvent {
    /// The envelope's own header; comes first, once.
    Header(Header),
    /// An item begins.
    Item(Header),
    /// Bytes of the item, never none.
    Data(Vec<u8>),
    /// The item is whole.
    ItemEnd,
    /// The envelope is whole.
    End,
}

/// Why an envelope cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// A header that is no JSON object, or whose length is none.
    #[error("a header of the envelope is no JSON object, or its length is no number")]
    Header,
    /// A header without an end.
    #[error("a header of the envelope has more than {MAX_ENVELOPE_LINE_BYTES} bytes")]
    LineTooLong,
    /// It ends inside an item.
    #[error("the envelope ends before its last item does")]
    Cut,
    /// Bytes between an item and the next line.
    #[error("an item of the envelope is longer than its header says")]
    Length,
    /// Too many items.
    #[error("the envelope has more than {MAX_ENVELOPE_ITEMS} items")]
    TooManyItems,
}

impl EnvelopeError {
    /// Short stable name.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Header | Self::LineTooLong => "envelope_header",
            Self::Cut => "envelope_cut",
            Self::Length => "envelope_length",
            Self::TooManyItems => "envelope_items",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begin,
    Item,
    /// Bytes that are still to come.
    Sized(u64),
    /// To the end of the line.
    Line,
    /// The line end after a payload whose length was told.
    Gap,
    End,
}

/// Takes an envelope apart. [`EnvelopeScanner::push`] what has come, then [`EnvelopeScanner::next`] until it wants more.
#[derive(Debug)]
pub struct EnvelopeScanner {
    held: Vec<u8>,
    state: State,
    items: usize,
    whole: bool,
}

impl Default for EnvelopeScanner {
    fn default() -> Self {
        Self { held: Vec::new(), state: State::Begin, items: 0, whole: false }
    }
}

impl EnvelopeScanner {
    /// More of the body.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// There is no more.
    pub fn finish(&mut self) {
        self.whole = true;
    }

    /// What comes next; `None` = more of the body is needed.
    ///
    /// # Errors
    /// [`EnvelopeError`]. The scanner is of no use then.
    #[expect(clippy::should_implement_trait, reason = "it wants more bytes between two items")]
    pub fn next(&mut self) -> Result<Option<EnvelopeEvent>, EnvelopeError> {
        match self.state {
            State::Begin => self.begin(),
            State::Item => self.item(),
            State::Sized(left) => self.sized(left),
            State::Line => self.line_data(),
            State::Gap => self.gap(),
            State::End => Ok(Some(EnvelopeEvent::End)),
        }
    }

    fn begin(&mut self) -> Result<Option<EnvelopeEvent>, EnvelopeError> {
        let Some(line) = self.line()? else { return Ok(None) };
        self.state = State::Item;
        Ok(Some(EnvelopeEvent::Header(object(&line)?)))
    }

    fn item(&mut self) -> Result<Option<EnvelopeEvent>, EnvelopeError> {
        // Empty lines between items, and after the last, are nothing.
        let blank = self.held.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        self.held.drain(..blank);
        if self.held.is_empty() {
            if self.whole {
                self.state = State::End;
            }
            return Ok(self.whole.then_some(EnvelopeEvent::End));
        }
        let Some(line) = self.line()? else { return Ok(None) };
        self.items += 1;
        if self.items > MAX_ENVELOPE_ITEMS {
            return Err(EnvelopeError::TooManyItems);
        }
        let header = object(&line)?;
        self.state = match header.get("length") {
            None | Some(Value::Null) => State::Line,
            Some(length) => State::Sized(length.as_u64().ok_or(EnvelopeError::Header)?),
        };
        Ok(Some(EnvelopeEvent::Item(header)))
    }

    fn sized(&mut self, left: u64) -> Result<Option<EnvelopeEvent>, EnvelopeError> {
        if left == 0 {
            self.state = State::Gap;
            return Ok(Some(EnvelopeEvent::ItemEnd));
        }
        if self.held.is_empty() {
            return if self.whole { Err(EnvelopeError::Cut) } else { Ok(None) };
        }
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(self.held.len());
        self.state = State::Sized(left - taken as u64);
        Ok(Some(EnvelopeEvent::Data(self.held.drain(..taken).collect())))
    }

    fn line_data(&mut self) -> Result<Option<EnvelopeEvent>, EnvelopeError> {
        match memchr::memchr(b'\n', &self.held) {
            Some(0) => {
                self.held.drain(..1);
                self.state = State::Item;
                Ok(Some(EnvelopeEvent::ItemEnd))
            }
            Some(end) => Ok(Some(EnvelopeEvent::Data(self.held.drain(..end).collect()))),
            None if !self.held.is_empty() => Ok(Some(EnvelopeEvent::Data(core::mem::take(&mut self.held)))),
            None if self.whole => {
                self.state = State::Item;
                Ok(Some(EnvelopeEvent::ItemEnd))
            }
            None => Ok(None),
        }
    }

    fn gap(&mut self) -> Result<Option<EnvelopeEvent>, EnvelopeError> {
        match self.held.as_slice() {
            [b'\n', ..] | [b'\r', b'\n', ..] => {}
            [] | [b'\r'] if self.whole => {}
            [] | [b'\r'] => return Ok(None),
            _ => return Err(EnvelopeError::Length),
        }
        self.state = State::Item;
        self.item()
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, EnvelopeError> {
        let end = match memchr::memchr(b'\n', &self.held) {
            Some(end) => end,
            None if self.whole => self.held.len(),
            None if self.held.len() > MAX_ENVELOPE_LINE_BYTES => return Err(EnvelopeError::LineTooLong),
            None => return Ok(None),
        };
        if end > MAX_ENVELOPE_LINE_BYTES {
            return Err(EnvelopeError::LineTooLong);
        }
        let line = self.held.drain(..end).collect();
        self.held.drain(..self.held.len().min(1));
        Ok(Some(line))
    }
}

fn object(line: &[u8]) -> Result<Header, EnvelopeError> {
    serde_json::from_slice(line).map_err(|_| EnvelopeError::Header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8], step: usize) -> Result<Vec<(String, Vec<u8>)>, EnvelopeError> {
        let mut scanner = EnvelopeScanner::default();
        let mut pieces = body.chunks(step);
        let mut items: Vec<(String, Vec<u8>)> = Vec::new();
        loop {
            match scanner.next()? {
                Some(EnvelopeEvent::Header(_)) => assert!(items.is_empty()),
                Some(EnvelopeEvent::Item(header)) => {
                    items.push((header["type"].as_str().unwrap_or_default().into(), vec![]));
                }
                Some(EnvelopeEvent::Data(data)) => items.last_mut().unwrap().1.extend(data),
                Some(EnvelopeEvent::ItemEnd) => {}
                Some(EnvelopeEvent::End) => return Ok(items),
                None => match pieces.next() {
                    Some(piece) => scanner.push(piece),
                    None => scanner.finish(),
                },
            }
        }
    }

    fn both(body: &str) -> Result<Vec<(String, Vec<u8>)>, EnvelopeError> {
        let whole = read(body.as_bytes(), usize::MAX);
        for step in 1..9 {
            assert_eq!(read(body.as_bytes(), step), whole, "in pieces of {step}");
        }
        whole
    }

    #[test]
    fn items_come_whole_however_the_body_is_cut() {
        let items = both(
            "{\"event_id\":\"a\"}\n{\"type\":\"event\"}\n{\"x\":1}\n{\"type\":\"attachment\",\"length\":5}\na\nb\nc\n\
             {\"type\":\"none\",\"length\":0}\n\n{\"type\":\"last\"}\nrest",
        )
        .unwrap();
        let expected: [(&str, &[u8]); 4] =
            [("event", b"{\"x\":1}"), ("attachment", b"a\nb\nc"), ("none", b""), ("last", b"rest")];
        assert_eq!(items, expected.map(|(kind, data)| (kind.to_owned(), data.to_vec())));
        assert_eq!(both("{}").unwrap(), []);
        assert_eq!(both("{}\n").unwrap(), []);
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        for (body, error) in [
            ("", EnvelopeError::Header),
            ("no json\n", EnvelopeError::Header),
            ("{}\n{\"type\":\"a\",\"length\":-1}\nx", EnvelopeError::Header),
            ("{}\n{\"type\":\"a\",\"length\":\"5\"}\nx", EnvelopeError::Header),
            ("{}\n{\"type\":\"a\",\"length\":5}\nabc", EnvelopeError::Cut),
            ("{}\n{\"type\":\"a\",\"length\":18446744073709551615}\nabc", EnvelopeError::Cut),
            ("{}\n{\"type\":\"a\",\"length\":2}\nabc\n", EnvelopeError::Length),
        ] {
            assert_eq!(both(body), Err(error), "{body}");
        }
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let many = format!("{{}}\n{}", "{\"type\":\"a\",\"length\":0}\n\n".repeat(MAX_ENVELOPE_ITEMS + 1));
        assert_eq!(read(many.as_bytes(), 4096), Err(EnvelopeError::TooManyItems));
        let long = format!("{{\"a\":\"{}\"}}\n", "a".repeat(MAX_ENVELOPE_LINE_BYTES));
        assert_eq!(read(long.as_bytes(), 4096), Err(EnvelopeError::LineTooLong));
        assert_eq!(read(long.as_bytes(), usize::MAX), Err(EnvelopeError::LineTooLong));
    }
}
