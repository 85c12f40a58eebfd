//! Compressed bodies and dumps: gzip, zlib, xz, bzip2, zstd, unpacked piece by piece with limits on what comes out, on how
//! much more that is than went in, on members and on memory. No I/O.

use std::fmt;
use std::io;

use compression_codecs::core::util::PartialBuffer;
use compression_codecs::{BzDecoder, Decode, GzipDecoder, XzDecoder, ZlibDecoder};
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation, OutBuffer};

use crate::limits::{
    FREE_INFLATED_BYTES, INFLATE_STEP_BYTES, MAX_INFLATE_MEMBERS, MAX_INFLATE_MEMORY_BYTES,
    MAX_INFLATE_RATIO, MAX_ZSTD_WINDOW_LOG,
};

/// A form of compression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// gzip.
    Gzip,
    /// zlib, what HTTP calls `deflate`.
    Zlib,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
    /// zstd.
    Zstd,
}

/// Bytes that [`Packing::of_magic`] wants to see.
pub const MAGIC_BYTES: usize = 6;

impl Packing {
    /// By a file's first bytes. zlib has no magic worth the name.
    #[must_use]
    pub fn of_magic(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Self::Bzip2),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    /// By a word of `Content-Encoding`.
    #[must_use]
    pub fn of_token(token: &str) -> Option<Self> {
        match token.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "deflate" => Some(Self::Zlib),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }

    /// The ending of files packed so.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Zlib => ".zz",
            Self::Xz => ".xz",
            Self::Bzip2 => ".bz2",
            Self::Zstd => ".zst",
        }
    }
}

/// Why bytes could not be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// More comes out than is allowed.
    #[error("unpacked, it is larger than the limit of {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// A bomb.
    #[error("unpacked, it is more than {MAX_INFLATE_RATIO} times as large")]
    Ratio,
    /// Too many members.
    #[error("it is put together from more than {MAX_INFLATE_MEMBERS} packed members")]
    TooManyMembers,
    /// Not what it says it is.
    #[error("the packed bytes are damaged, or need too much memory to unpack")]
    Damaged,
    /// It ends too early.
    #[error("the packed bytes end too early")]
    Cut,
}

impl InflateError {
    /// Short stable name.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "unpacked_too_large",
            Self::Ratio => "unpacked_ratio",
            Self::TooManyMembers => "unpacked_members",
            Self::Damaged => "packed_damaged",
            Self::Cut => "packed_cut",
        }
    }
}

enum Engine {
    Gzip(Box<GzipDecoder>),
    Zlib(Box<ZlibDecoder>),
    Xz(Box<XzDecoder>),
    Bzip2(Box<BzDecoder>),
    Zstd(Box<ZstdDecoder<'static>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the beginning of a member; for the first one, nothing has come at all.
    Begin,
    Inside,
}

/// Unpacks. [`Inflater::step`] until it gives nothing more for its input; [`Inflater::end`] when there is no more input.
pub struct Inflater {
    engine: Engine,
    state: State,
    limit_bytes: u64,
    members: u32,
    in_bytes: u64,
    out_bytes: u64,
    step: Vec<u8>,
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("in_bytes", &self.in_bytes)
            .field("out_bytes", &self.out_bytes)
            .finish()
    }
}

impl Inflater {
    /// An unpacking that gives `limit_bytes` at most.
    ///
    /// # Errors
    /// [`InflateError::Damaged`] where there is no memory for it.
    pub fn new(packing: Packing, limit_bytes: u64) -> Result<Self, InflateError> {
        let engine = match packing {
            Packing::Gzip => Engine::Gzip(Box::default()),
            Packing::Zlib => Engine::Zlib(Box::default()),
            Packing::Xz => Engine::Xz(Box::new(XzDecoder::with_memlimit(MAX_INFLATE_MEMORY_BYTES))),
            Packing::Bzip2 => Engine::Bzip2(Box::default()),
            Packing::Zstd => Engine::Zstd(Box::new(zstd_decoder().map_err(|_| InflateError::Damaged)?)),
        };
        let step = vec![0; INFLATE_STEP_BYTES];
        Ok(Self { engine, state: State::Begin, limit_bytes, members: 1, in_bytes: 0, out_bytes: 0, step })
    }

    /// Takes from the front of `input` what one step needs, and gives what came out. Nothing: the input is used up.
    ///
    /// # Errors
    /// [`InflateError`].
    pub fn step(&mut self, input: &mut &[u8]) -> Result<&[u8], InflateError> {
        let mut written = 0;
        loop {
            let before = input.len();
            let (output, ended) = self.decode(input)?;
            self.in_bytes += (before - input.len()) as u64;
            written += output;
            if ended {
                self.next_member()?;
            }
            // An engine that neither takes nor gives would be asked for ever.
            let stuck = output == 0 && before == input.len() && !ended;
            if written > 0 || input.is_empty() || stuck {
                if stuck && !input.is_empty() {
                    return Err(InflateError::Damaged);
                }
                break;
            }
        }
        self.count(written)?;
        Ok(self.step.get(..written).unwrap_or_default())
    }

    /// Whether the packed bytes were whole.
    ///
    /// # Errors
    /// [`InflateError::Cut`].
    pub fn end(&self) -> Result<(), InflateError> {
        if self.state == State::Begin && self.members > 1 { Ok(()) } else { Err(InflateError::Cut) }
    }

    /// Bytes out, and whether a member has ended.
    fn decode(&mut self, input: &mut &[u8]) -> Result<(usize, bool), InflateError> {
        if self.state == State::Begin {
            if input.is_empty() {
                return Ok((0, false));
            }
            self.state = State::Inside;
        }
        let decoded = match &mut self.engine {
            Engine::Gzip(engine) => decode(engine.as_mut(), input, &mut self.step),
            Engine::Zlib(engine) => decode(engine.as_mut(), input, &mut self.step),
            Engine::Xz(engine) => decode(engine.as_mut(), input, &mut self.step),
            Engine::Bzip2(engine) => decode(engine.as_mut(), input, &mut self.step),
            Engine::Zstd(engine) => decode_zstd(engine.as_mut(), input, &mut self.step),
        };
        decoded.map_err(|_| InflateError::Damaged)
    }

    fn next_member(&mut self) -> Result<(), InflateError> {
        if self.members > MAX_INFLATE_MEMBERS {
            return Err(InflateError::TooManyMembers);
        }
        self.members += 1;
        self.state = State::Begin;
        let begun = match &mut self.engine {
            Engine::Gzip(engine) => Decode::reinit(engine.as_mut()),
            Engine::Zlib(engine) => Decode::reinit(engine.as_mut()),
            Engine::Xz(engine) => Decode::reinit(engine.as_mut()),
            Engine::Bzip2(engine) => Decode::reinit(engine.as_mut()),
            Engine::Zstd(engine) => Operation::reinit(engine.as_mut()),
        };
        begun.map_err(|_| InflateError::Damaged)
    }

    fn count(&mut self, written: usize) -> Result<(), InflateError> {
        self.out_bytes += written as u64;
        if self.out_bytes > self.limit_bytes {
            return Err(InflateError::TooLarge { limit_bytes: self.limit_bytes });
        }
        let fair = self.in_bytes.saturating_mul(MAX_INFLATE_RATIO).saturating_add(FREE_INFLATED_BYTES);
        if self.out_bytes > fair { Err(InflateError::Ratio) } else { Ok(()) }
    }
}

fn zstd_decoder() -> io::Result<ZstdDecoder<'static>> {
    let mut decoder = ZstdDecoder::new()?;
    decoder.set_parameter(DParameter::WindowLogMax(MAX_ZSTD_WINDOW_LOG))?;
    Ok(decoder)
}

fn decode(engine: &mut impl Decode, input: &mut &[u8], step: &mut Vec<u8>) -> io::Result<(usize, bool)> {
    let mut output = PartialBuffer::new(step);
    // With nothing to take, an engine still has what did not fit into the last step.
    if input.is_empty() {
        engine.flush(&mut output)?;
        return Ok((output.written_len(), false));
    }
    let mut taken = PartialBuffer::new(*input);
    let ended = engine.decode(&mut taken, &mut output)?;
    let used = taken.written_len();
    *input = input.get(used..).unwrap_or_default();
    Ok((output.written_len(), ended))
}

fn decode_zstd(
    engine: &mut ZstdDecoder<'static>,
    input: &mut &[u8],
    step: &mut Vec<u8>,
) -> io::Result<(usize, bool)> {
    let mut taken = InBuffer::around(input);
    let mut output = OutBuffer::around(step.as_mut_slice());
    let left = engine.run(&mut taken, &mut output)?;
    let (used, written) = (taken.pos(), output.pos());
    *input = input.get(used..).unwrap_or_default();
    Ok((written, left == 0))
}

#[cfg(test)]
mod tests;
