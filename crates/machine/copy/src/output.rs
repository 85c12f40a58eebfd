//! Where a dump goes. Its header is written last, so what is interrupted before has no signature.

mod compressed;
mod custom;
mod file;
mod limited;

use std::fs::File;
use std::io;

use crate::copied::{Copied, Placement};
use crate::error::CopyError;
use crate::limits::{HEADER_BYTES, MAX_POSITION};
use crate::packer::Feed;
use crate::ring::{direct, threaded};

use compressed::Compressed;
use custom::Custom;
use file::PlainFile;

/// A caller's own I/O.
pub trait WriteAt {
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// When not all could be written; the dump is given up then.
    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
}

/// Where a dump goes.
pub struct Output<'a> {
    kind: Kind<'a>,
}

enum Kind<'a> {
    File(PlainFile<'a>),
    Compressed(Compressed<'a>),
    Custom(Custom<'a>),
}

/// A finished dump's parts.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    /// The header, which comes last.
    header: &'a [u8],
    /// What follows the header.
    streams: &'a [u8],
    /// Where memory begins.
    base: u64,
    /// Memory, when it is not in the output already.
    held: &'a [u8],
    /// Of all of it, not compressed.
    size: u64,
}

impl<'a> Parts<'a> {
    /// Header and streams end before memory begins, and memory begins where it was put.
    fn of(head: &'a [u8], base: u64, copied: &'a Copied) -> io::Result<Self> {
        let (header, streams) = head.split_at_checked(HEADER_BYTES).ok_or(io::ErrorKind::InvalidInput)?;
        let held = match &copied.placement {
            Placement::Held(held) => held.as_slice(),
            Placement::Output { base: fixed } if *fixed == base => &[],
            Placement::Output { .. } => return Err(io::ErrorKind::InvalidInput.into()),
        };
        let size = base.checked_add(copied.bytes).filter(|size| *size <= MAX_POSITION);
        let size = size.ok_or(io::ErrorKind::FileTooLarge)?;
        if head.len() as u64 > base {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the streams reach into the memory"));
        }
        Ok(Self { header, streams, base, held, size })
    }

    /// Zeros between the streams and the memory.
    fn gap_bytes(&self) -> u64 {
        self.base - (self.header.len() + self.streams.len()) as u64
    }
}

impl<'a> Output<'a> {
    /// A file, with holes for pages of zeros.
    #[must_use]
    pub fn file(file: &'a File) -> Self {
        Self { kind: Kind::File(PlainFile::new(file)) }
    }

    /// A file of zstd frames that together decompress to the dump. `level` is zstd's, 1 (fast) to 19.
    #[must_use]
    pub fn compressed(file: &'a File, level: i32) -> Self {
        Self { kind: Kind::Compressed(Compressed::new(file, level)) }
    }

    /// A caller's own I/O, on the caller's own thread. Every byte is written through it, zeros too, each once.
    #[must_use]
    pub fn custom(writer: &'a mut dyn WriteAt) -> Self {
        Self { kind: Kind::Custom(Custom { writer }) }
    }

    /// Nothing is in it.
    pub(crate) fn empty(&mut self, needed_bytes: u64) -> Result<(), CopyError> {
        let emptied = match &mut self.kind {
            Kind::File(file) => file.empty(),
            Kind::Compressed(compressed) => compressed.empty(),
            Kind::Custom(_) => Ok(()),
        };
        emptied.map_err(|error| CopyError::of_write(error, needed_bytes))
    }

    /// Takes memory from `base` on, while `work` reads it.
    pub(crate) fn stream(
        &mut self,
        base: u64,
        needed_bytes: u64,
        work: impl FnOnce(&mut dyn Feed) -> Result<(), CopyError>,
    ) -> Result<(), CopyError> {
        match &mut self.kind {
            Kind::File(file) => threaded(file, needed_bytes, work),
            Kind::Compressed(compressed) => {
                compressed.start(base);
                threaded(compressed, needed_bytes, work)
            }
            Kind::Custom(custom) => direct(custom, needed_bytes, work),
        }
    }

    /// Writes the rest of the dump: memory where it is held, `head` (header, directory, streams) without its header,
    /// and the header last. Memory begins at `base`. Nothing is synced to disk: that is the store's. Returns the dump's
    /// size, as it is when it is not compressed.
    ///
    /// # Errors
    /// The output cannot be written, or `head` reaches beyond `base`; the output is abandoned then.
    pub fn finish(&mut self, head: &[u8], base: u64, copied: &Copied) -> Result<u64, CopyError> {
        let finished = Parts::of(head, base, copied).and_then(|parts| {
            match &mut self.kind {
                Kind::File(file) => file.finish(&parts),
                Kind::Compressed(compressed) => compressed.finish(&parts),
                Kind::Custom(custom) => custom.finish(&parts),
            }?;
            Ok(parts.size)
        });
        finished.map_err(|error| {
            self.abandon();
            CopyError::of_write(error, base.saturating_add(copied.bytes))
        })
    }

    /// Leaves nothing behind that looks like a dump: a file is emptied, which gives its space back too. A caller's own
    /// output was not given the header.
    pub fn abandon(&mut self) {
        match &mut self.kind {
            // The header is written last, so a file that cannot be emptied is no dump either.
            Kind::File(file) => drop(file.empty()),
            Kind::Compressed(compressed) => drop(compressed.empty()),
            Kind::Custom(_) => {}
        }
    }
}

impl std::fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.kind {
            Kind::File(_) => "Output::file",
            Kind::Compressed(_) => "Output::compressed",
            Kind::Custom(_) => "Output::custom",
        })
    }
}
