//! Breakpad's streams.

use crate::checker::{Checker, Stream};
use crate::violation::Kind;

/// Header, link and place of a link's name: packed, and as Breakpad has aligned them.
const PACKED: (u64, u64) = (36, 20);
const ALIGNED: (u64, u64) = (40, 24);

impl Checker<'_> {
    pub(crate) fn assertion(&mut self, stream: Stream) {
        self.least(stream, &[776], "assertion");
        if stream.size >= 776 {
            for (index, what) in ["expression", "function", "file"].into_iter().enumerate() {
                self.fixed_text(stream.offset + index as u64 * 256, 128, what);
            }
        }
    }

    /// Pairs of numbers, the last of them zero.
    pub(crate) fn auxiliary_vector(&mut self, stream: Stream) {
        if !stream.size.is_multiple_of(16) {
            self.wrong(Kind::Count, stream.offset, || format!("auxiliary vector of {} bytes", stream.size));
            return;
        }
        let ends = (0..stream.size / 16).any(|index| self.file.u64(stream.offset + index * 16) == Some(0));
        if !ends && stream.size > 0 {
            self.wrong(Kind::Terminator, stream.offset, || "the auxiliary vector has no end".to_owned());
        }
    }

    pub(crate) fn dso_debug(&mut self, stream: Stream) {
        if self.processor.is_some_and(|processor| matches!(processor, 0 | 5 | 10)) {
            return;
        }
        let fits =
            |(header, _): (u64, u64)| stream.size >= header && (stream.size - header).is_multiple_of(16);
        let aligned = !self.ours && fits(ALIGNED);
        if !fits(PACKED) && !aligned {
            self.wrong(Kind::Count, stream.offset, || format!("loader's list of {} bytes", stream.size));
            return;
        }
        let (_, link) = if aligned { ALIGNED } else { PACKED };
        let list = u64::from(self.file.u32(stream.offset + 4).unwrap_or_default());
        let count = u64::from(self.file.u32(stream.offset + 8).unwrap_or_default());
        if count == 0 || !self.own(list, count * link, "link maps") {
            return;
        }
        for at in (0..count).map(|index| list + index * link) {
            if let Some(name) = self.file.u32(at + 8) {
                self.string(u64::from(name));
            }
        }
    }
}
