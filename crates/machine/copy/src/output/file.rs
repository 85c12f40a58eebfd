//! A plain file: pages of zeros are not written, so they are holes where the file system has such.
//!
//! Space on ext4 is reserved right before it is written: its buffered writes to reserved space were measured to be a
//! third faster. Never more than is written, so that holes stay holes.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use rustix::fs::{FallocateFlags, fallocate, fstatfs};

use crate::buffer::is_zero;
use crate::limits::{HEADER_BYTES, HELD_HOLE_MIN_BYTES, MAX_POSITION, RESERVE_MIN_BYTES};
use crate::output::{Parts, limited};
use crate::packer::{Content, Piece};
use crate::ring::Destination;

/// `statfs`'s type of ext2, ext3 and ext4.
const EXT4_MAGIC: i64 = 0xEF53;

/// A plain file.
pub(crate) struct PlainFile<'a> {
    file: &'a File,
    /// Whether space is reserved before it is written.
    reserves: bool,
}

impl<'a> PlainFile<'a> {
    pub(crate) fn new(file: &'a File) -> Self {
        let reserves = fstatfs(file).is_ok_and(|system| i128::from(system.f_type) == i128::from(EXT4_MAGIC));
        Self { file, reserves }
    }

    /// Best effort: where there is no space, writing says so.
    fn reserve(&mut self, offset: u64, bytes: usize) {
        let allowed = || limited::within_limit(offset.saturating_add(bytes as u64)).is_ok();
        if self.reserves && bytes >= RESERVE_MIN_BYTES && allowed() {
            self.reserves = fallocate(self.file, FallocateFlags::KEEP_SIZE, offset, bytes as u64).is_ok();
        }
    }

    pub(crate) fn empty(&self) -> io::Result<()> {
        empty(self.file)
    }

    /// Length first, which makes a hole of what ends in zeros; header last.
    pub(crate) fn finish(&self, parts: &Parts<'_>) -> io::Result<()> {
        limited::set_len(self.file, parts.size)?;
        for filled in filled(parts.held) {
            let bytes = parts.held.get(filled.clone()).unwrap_or_default();
            limited::write_all_at(self.file, bytes, parts.base + filled.start as u64)?;
        }
        limited::write_all_at(self.file, parts.streams, HEADER_BYTES as u64)?;
        limited::write_all_at(self.file, parts.header, 0)
    }
}

impl Destination for PlainFile<'_> {
    fn put(&mut self, piece: &Piece) -> io::Result<()> {
        let Content::Bytes(buffer) = &piece.content else { return Ok(()) };
        for filled in buffer.filled() {
            let end = position(piece.offset, filled.end as u64)?;
            let offset = end - filled.len() as u64;
            self.reserve(offset, filled.len());
            limited::write_all_at(self.file, buffer.bytes().get(filled).unwrap_or_default(), offset)?;
        }
        Ok(())
    }
}

/// Where something is in held memory, to [`HELD_HOLE_MIN_BYTES`].
fn filled(held: &[u8]) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let piece = |start: usize| held.get(start..held.len().min(start + HELD_HOLE_MIN_BYTES));
        let starts = |from: usize| (from..held.len()).step_by(HELD_HOLE_MIN_BYTES);
        let start = starts(rest).find(|start| !piece(*start).is_none_or(is_zero))?;
        rest = starts(start).find(|start| piece(*start).is_none_or(is_zero)).unwrap_or(held.len());
        Some(start..rest)
    })
}

/// Empties a file; what cannot be written at a position is no file, and cannot hold a dump.
///
/// An empty file is left as it is: ext4 takes the truncation of a file for its replacement, and would begin to write all
/// of it to disk when it is closed.
pub(super) fn empty(file: &File) -> io::Result<()> {
    match file.metadata()?.len() {
        0 => file.write_at(&[], 0).map(drop),
        _ => file.set_len(0),
    }
}

/// A position that a file can have.
pub(super) fn position(base: u64, offset: u64) -> io::Result<u64> {
    let position = base.checked_add(offset).filter(|position| *position <= MAX_POSITION);
    position.ok_or_else(|| io::ErrorKind::FileTooLarge.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_zeros_are_left_out_in_large_pieces() {
        let of = |held: &[u8]| filled(held).map(|range| (range.start, range.end)).collect::<Vec<_>>();
        let piece = HELD_HOLE_MIN_BYTES;
        let mut held = vec![0; 5 * piece + 3];
        assert_eq!(of(&held), []);
        held[piece + 7] = 1;
        held[3 * piece - 1] = 1;
        held[5 * piece + 2] = 1;
        assert_eq!(of(&held), [(piece, 3 * piece), (5 * piece, 5 * piece + 3)]);
        held.fill(1);
        assert_eq!(of(&held), [(0, held.len())]);
        assert_eq!(of(&[]), []);
    }
}
