//! A connection's requests, one after the other: heads are judged, bodies are followed to their ends, so that the next
//! head is found where the library will find it.

use super::chunks::Chunks;
use super::{DoorError, Framing, Verdict, judge};

/// What comes next of the bytes at hand.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// The first so many pass as they are.
    Pass(usize),
    /// The first so many are a head; these bytes take its place.
    Replace(usize, Vec<u8>),
    /// A head is not whole yet.
    More,
    /// Nothing behind this counts.
    Closed,
}

/// Where a connection stands.
#[derive(Debug)]
pub struct DoorTracker {
    place: Place,
    max_head_bytes: usize,
    /// Bytes of the head that have been looked at.
    scanned: usize,
    /// Where the line begins that is being looked at.
    line_begin: usize,
    /// The request line has come.
    begun: bool,
    last_request: bool,
}

#[derive(Debug)]
enum Place {
    Head,
    Length(u64),
    Chunked(Chunks),
    Closed,
}

impl DoorTracker {
    /// A new connection, whose heads have so many bytes at most.
    #[must_use]
    pub fn new(max_head_bytes: usize) -> Self {
        Self {
            place: Place::Head,
            max_head_bytes,
            scanned: 0,
            line_begin: 0,
            begun: false,
            last_request: false,
        }
    }

    /// Looks at `bytes`, which begin where the last step ended ([`Step::More`] takes none).
    ///
    /// # Errors
    /// A head that is refused, or malformed chunks; the connection is of no use after that.
    pub fn step(&mut self, bytes: &[u8]) -> Result<Step, DoorError> {
        let step = self.try_step(bytes);
        if step.is_err() {
            self.place = Place::Closed;
        }
        step
    }

    fn try_step(&mut self, bytes: &[u8]) -> Result<Step, DoorError> {
        match &mut self.place {
            Place::Closed => Ok(Step::Closed),
            Place::Length(left) => {
                let here = u64::try_from(bytes.len()).unwrap_or(u64::MAX).min(*left);
                *left -= here;
                let ended = *left == 0;
                self.after_body(ended);
                Ok(Step::Pass(usize::try_from(here).unwrap_or(bytes.len())))
            }
            Place::Chunked(chunks) => {
                let (taken, ended) = chunks.follow(bytes)?;
                self.after_body(ended);
                Ok(Step::Pass(taken))
            }
            Place::Head => self.head(bytes),
        }
    }

    /// The next byte belongs to a head.
    #[must_use]
    pub fn is_in_head(&self) -> bool {
        matches!(self.place, Place::Head)
    }

    /// Nothing that comes counts.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self.place, Place::Closed)
    }

    fn head(&mut self, bytes: &[u8]) -> Result<Step, DoorError> {
        let Some(end) = self.head_end(bytes)? else {
            return if bytes.len() < self.max_head_bytes { Ok(Step::More) } else { Err(DoorError::TooLarge) };
        };
        if end > self.max_head_bytes {
            return Err(DoorError::TooLarge);
        }
        (self.scanned, self.line_begin, self.begun) = (0, 0, false);
        let (step, framing) = match judge(bytes.get(..end).unwrap_or_default())? {
            Verdict::Pass(framing) => (Step::Pass(end), framing),
            Verdict::Normalised(head, framing) => {
                self.last_request = true;
                (Step::Replace(end, head), framing)
            }
        };
        self.place = match framing {
            Framing::Length(length) => Place::Length(length),
            Framing::Chunked => Place::Chunked(Chunks::default()),
        };
        if matches!(self.place, Place::Length(0)) {
            self.after_body(true);
        }
        Ok(step)
    }

    /// Where the head ends, if it does. Each byte is looked at once; a line that ends wrongly is known at once, and not
    /// waited behind.
    fn head_end(&mut self, bytes: &[u8]) -> Result<Option<usize>, DoorError> {
        while let Some(found) = bytes.get(self.scanned..).and_then(|rest| memchr::memchr(b'\n', rest)) {
            let end = self.scanned + found;
            let line = bytes.get(self.line_begin..end).and_then(|line| line.strip_suffix(b"\r"));
            let is_empty = line.ok_or(DoorError::LineEnd)?.is_empty();
            (self.scanned, self.line_begin) = (end + 1, end + 1);
            // Empty lines before a head are let through.
            if is_empty && self.begun {
                return Ok(Some(end + 1));
            }
            self.begun = !is_empty;
        }
        self.scanned = bytes.len();
        Ok(None)
    }

    fn after_body(&mut self, ended: bool) {
        if ended {
            self.place = if self.last_request { Place::Closed } else { Place::Head };
        }
    }
}
