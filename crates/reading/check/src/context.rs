//! Register contexts: their size by processor, their flags, and the extended state behind them.

use crate::checker::Checker;
use crate::violation::Kind;

const AMD64: u16 = 9;
const AMD64_BYTES: u64 = 1_232;
const AMD64_FLAGS_AT: u64 = 0x30;
const AMD64_BIT: u32 = 0x0010_0000;
const XSTATE_BIT: u32 = 0x40;
const CONTEXT_EX_BYTES: u64 = 24;
const XSAVE_HEADER_BYTES: u64 = 64;
/// x87 and SSE, which are in the classic context.
const LEGACY_FEATURES: u64 = 3;
const COMPACTED: u64 = 1 << 63;

/// Other processors: code, bytes, where the flags are, and the processor's bit in them.
const OTHERS: [(u16, u64, u64, u32); 5] = [
    (0, 716, 0, 0x0001_0000),
    (10, 716, 0, 0x0001_0000),
    (5, 368, 0, 0x4000_0000),
    (12, 912, 0, 0x0040_0000),
    (0x8003, 796, 0, 0x8000_0000),
];

impl Checker<'_> {
    /// The context that a location descriptor names.
    pub(crate) fn context_at(&mut self, at: u64) -> Option<u64> {
        let size = u64::from(self.file.u32(at)?);
        let offset = u64::from(self.file.u32(at + 4)?);
        if size == 0 && !self.ours {
            return None;
        }
        let processor = self.processor.unwrap_or(AMD64);
        let other = OTHERS.iter().find(|(code, ..)| *code == processor).copied();
        match (processor, other) {
            (AMD64, _) if size < AMD64_BYTES => {
                self.wrong(Kind::Context, at, || {
                    format!("a context of {size} bytes; AMD64 has {AMD64_BYTES}")
                });
                return None;
            }
            (_, Some((_, bytes, ..))) if size != bytes => {
                self.wrong(Kind::Context, at, || {
                    format!("a context of {size} bytes; this processor has {bytes}")
                });
                return None;
            }
            _ => {}
        }
        self.aligned(offset, 16, "context");
        if !self.own(offset, size, "context") {
            return None;
        }
        match other {
            Some((_, _, flags_at, bit)) => self.flags(offset + flags_at, bit),
            None if processor == AMD64 => self.amd64(offset, size),
            None => {}
        }
        Some(offset)
    }

    fn flags(&mut self, at: u64, bit: u32) {
        let flags = self.file.u32(at).unwrap_or_default();
        if flags & bit == 0 {
            self.wrong(Kind::Context, at, || {
                format!("context flags {flags:#x} are not those of the processor")
            });
        }
    }

    fn amd64(&mut self, offset: u64, size: u64) {
        let flags_at = offset + AMD64_FLAGS_AT;
        self.flags(flags_at, AMD64_BIT);
        let flags = self.file.u32(flags_at).unwrap_or_default();
        match (flags & XSTATE_BIT != 0, size > AMD64_BYTES) {
            (true, true) => self.extended(offset, size),
            (false, true) => {
                self.wrong(Kind::Context, offset, || {
                    format!("a context of {size} bytes without the flag of extended state")
                });
            }
            (true, false) => {
                self.wrong(Kind::Context, offset, || {
                    "a context with the flag of extended state, and none behind it".to_owned()
                });
            }
            (false, false) => {}
        }
    }

    /// `CONTEXT_EX`: three chunks, each an offset from the `CONTEXT_EX` and a length.
    fn extended(&mut self, offset: u64, size: u64) {
        let ex = offset + AMD64_BYTES;
        if size < AMD64_BYTES + CONTEXT_EX_BYTES + XSAVE_HEADER_BYTES {
            self.wrong(Kind::Context, ex, || format!("{size} bytes have no room for extended state"));
            return;
        }
        let chunk = |at: u64| -> Option<(i64, u64)> {
            let start = self.file.u32(ex + at)?.cast_signed();
            Some((i64::from(start), u64::from(self.file.u32(ex + at + 4)?)))
        };
        let (Some(all), Some(legacy), Some(state)) = (chunk(0), chunk(8), chunk(16)) else { return };
        let base = -AMD64_BYTES.cast_signed();
        if all.0 != base || all.1 > size || legacy.0 != base || legacy.1 < AMD64_BYTES {
            self.wrong(Kind::Context, ex, || "the CONTEXT_EX does not cover the context".to_owned());
        }
        let start = u64::try_from(state.0).ok().filter(|start| *start >= CONTEXT_EX_BYTES);
        let end = start.and_then(|start| start.checked_add(state.1));
        let room = size - AMD64_BYTES;
        let Some(start) =
            start.filter(|_| end.is_some_and(|end| end <= room) && state.1 >= XSAVE_HEADER_BYTES)
        else {
            self.wrong(Kind::Context, ex + 16, || "the extended state is not within the context".to_owned());
            return;
        };
        self.xsave_header(ex + start);
    }

    fn xsave_header(&mut self, at: u64) {
        let mask = self.file.u64(at).unwrap_or_default();
        let compaction = self.file.u64(at + 8).unwrap_or_default();
        let known = self.xstate_features.map(|features| features | LEGACY_FEATURES | COMPACTED);
        if known.is_some_and(|known| mask & !known != 0) {
            self.wrong(Kind::Context, at, || {
                format!("extended state of parts {mask:#x} that the misc info does not name")
            });
        }
        if compaction != 0 && (compaction & COMPACTED == 0 || mask & !compaction != 0) {
            self.wrong(Kind::Context, at + 8, || {
                format!("a compaction mask of {compaction:#x} for {mask:#x}")
            });
        }
    }
}
