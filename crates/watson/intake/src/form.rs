//! `multipart/form-data`, as crash clients write it: a scanner over pieces of a body, without I/O. What it gives does not
//! depend on how the body was cut into pieces.
//!
//! One leniency: newer Breakpad for Windows writes no line end between a file's bytes and the next boundary. So the
//! boundary ends a part wherever it stands and is followed by a line end or `--`; a line end before it is not the part's.

mod head;

use memchr::memmem::Finder;

pub use head::{PartHead, boundary};

use crate::limits::{MAX_FORM_PARTS, MAX_PART_HEAD_BYTES, MAX_PREAMBLE_BYTES};

/// Bytes after a boundary that say what it means: a line end, or `--`.
const TAIL_BYTES: usize = 2;

/// What comes next in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormEvent {
    /// A part begins.
    Part(PartHead),
    /// Bytes of the part, never none.
    Data(Vec<u8>),
    /// The part is whole.
    PartEnd,
    /// The form is whole; what follows is nobody's.
    End,
}

/// Why a form cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The body ends inside the form.
    #[error("the form has no end: its last boundary is missing")]
    Cut,
    /// No boundary near the beginning.
    #[error("the form does not begin with its boundary")]
    NoBegin,
    /// A part without an end of its head.
    #[error("the head of a part has more than {MAX_PART_HEAD_BYTES} bytes")]
    HeadTooLong,
    /// A part without a name.
    #[error("the head of a part names no field")]
    Head,
    /// Too many parts.
    #[error("the form has more than {MAX_FORM_PARTS} parts")]
    TooManyParts,
}

impl FormError {
    /// Short stable name.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Cut => "form_cut",
            Self::NoBegin | Self::Head => "form",
            Self::HeadTooLong => "form_head",
            Self::TooManyParts => "form_parts",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Preamble,
    Head,
    Data,
    End,
}

/// Takes a form apart. [`FormScanner::push`] what has come, then [`FormScanner::next`] until it wants more.
#[derive(Debug)]
pub struct FormScanner {
    delimiter: Finder<'static>,
    held: Vec<u8>,
    state: State,
    parts: usize,
    whole: bool,
}

/// Where a boundary stands.
enum Found {
    /// From, to (its tail included), whether it is the last.
    At(usize, usize, bool),
    /// Perhaps from there on: its tail has not come.
    Perhaps(usize),
    Nowhere,
}

impl FormScanner {
    /// A scanner for this boundary (without its leading `--`).
    #[must_use]
    pub fn new(boundary: &[u8]) -> Self {
        let delimiter = Finder::new(&[b"--", boundary].concat()).into_owned();
        Self { delimiter, held: Vec::new(), state: State::Preamble, parts: 0, whole: false }
    }

    /// More of the body.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.state != State::End {
            self.held.extend_from_slice(bytes);
        }
    }

    /// There is no more.
    pub fn finish(&mut self) {
        self.whole = true;
    }

    /// What comes next; `None` = more of the body is needed.
    ///
    /// # Errors
    /// [`FormError`]. The scanner is of no use then.
    #[expect(clippy::should_implement_trait, reason = "it wants more bytes between two items")]
    pub fn next(&mut self) -> Result<Option<FormEvent>, FormError> {
        match self.state {
            State::Preamble => self.preamble(),
            State::Head => self.head(),
            State::Data => self.data(),
            State::End => Ok(Some(FormEvent::End)),
        }
    }

    fn preamble(&mut self) -> Result<Option<FormEvent>, FormError> {
        match self.find() {
            Found::At(from, ..) if from > MAX_PREAMBLE_BYTES => Err(FormError::NoBegin),
            Found::At(_, to, last) => {
                self.held.drain(..to);
                self.begin(last)
            }
            _ if self.whole || self.held.len() > MAX_PREAMBLE_BYTES => Err(FormError::NoBegin),
            _ => Ok(None),
        }
    }

    /// After a boundary: another head, or the end.
    fn begin(&mut self, last: bool) -> Result<Option<FormEvent>, FormError> {
        if last {
            self.state = State::End;
            self.held = Vec::new();
            return Ok(Some(FormEvent::End));
        }
        self.parts += 1;
        if self.parts > MAX_FORM_PARTS {
            return Err(FormError::TooManyParts);
        }
        self.state = State::Head;
        self.head()
    }

    fn head(&mut self) -> Result<Option<FormEvent>, FormError> {
        let within = self.held.get(..MAX_PART_HEAD_BYTES).unwrap_or(&self.held);
        let Some(end) = memchr::memmem::find(within, b"\r\n\r\n") else {
            return match () {
                () if self.held.len() >= MAX_PART_HEAD_BYTES => Err(FormError::HeadTooLong),
                () if self.whole => Err(FormError::Cut),
                () => Ok(None),
            };
        };
        let head = within.get(..end).and_then(PartHead::parse).ok_or(FormError::Head)?;
        self.held.drain(..end + 4);
        self.state = State::Data;
        Ok(Some(FormEvent::Part(head)))
    }

    fn data(&mut self) -> Result<Option<FormEvent>, FormError> {
        let (sure, to, last) = match self.find() {
            Found::At(0, to, last) => {
                self.held.drain(..to);
                return self.part_end(last);
            }
            Found::At(from, to, last) => (self.without_line_end(from), Some(to), last),
            _ if self.whole => return Err(FormError::Cut),
            // A line end before it may be the boundary's.
            Found::Perhaps(from) => (from.saturating_sub(2), None, false),
            Found::Nowhere => {
                let kept = self.delimiter.needle().len() + 1;
                (self.held.len().saturating_sub(kept), None, false)
            }
        };
        if sure > 0 {
            return Ok(Some(FormEvent::Data(self.held.drain(..sure).collect())));
        }
        let Some(to) = to else { return Ok(None) };
        self.held.drain(..to);
        self.part_end(last)
    }

    /// The part's end is told before what the boundary opens.
    fn part_end(&mut self, last: bool) -> Result<Option<FormEvent>, FormError> {
        if last {
            self.state = State::End;
            self.held = Vec::new();
        } else {
            self.parts += 1;
            if self.parts > MAX_FORM_PARTS {
                return Err(FormError::TooManyParts);
            }
            self.state = State::Head;
        }
        Ok(Some(FormEvent::PartEnd))
    }

    fn without_line_end(&self, from: usize) -> usize {
        let before = self.held.get(..from).unwrap_or_default();
        if before.ends_with(b"\r\n") { from - 2 } else { from }
    }

    fn find(&self) -> Found {
        for from in self.delimiter.find_iter(&self.held) {
            let to = from + self.delimiter.needle().len();
            let tail = self.held.get(to..).unwrap_or_default();
            match tail.get(..TAIL_BYTES) {
                Some(b"\r\n") => return Found::At(from, to + TAIL_BYTES, false),
                Some(b"--") => return Found::At(from, to + TAIL_BYTES, true),
                None if matches!(tail, b"" | b"\r" | b"-") => return Found::Perhaps(from),
                // A longer boundary of somebody else, or the part's own bytes.
                _ => {}
            }
        }
        Found::Nowhere
    }
}

#[cfg(test)]
mod tests;
