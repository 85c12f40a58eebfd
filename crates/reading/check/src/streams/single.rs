//! Streams of one record.

use crate::checker::{Checker, Stream};
use crate::violation::Kind;

const LINUX: u32 = 0x8201;
const AMD64: u16 = 9;
/// Bytes of the five versions of misc info.
const MISC_INFO_BYTES: [u64; 5] = [24, 44, 232, 832, 1_364];
/// Flags of misc info with the bytes that a record must have for them.
const MISC_INFO_FLAGS: [(u32, u64); 8] =
    [(0x1, 24), (0x2, 24), (0x4, 44), (0x10, 232), (0x40, 232), (0x80, 232), (0x100, 832), (0x200, 1_364)];

impl Checker<'_> {
    /// A record of one of several sizes; another's may be longer than the last.
    pub(crate) fn least(&mut self, stream: Stream, sizes: &[u64], what: &str) {
        let longer = !self.ours && sizes.last().is_some_and(|last| stream.size >= *last);
        if !sizes.contains(&stream.size) && !longer {
            self.wrong(Kind::Count, stream.offset, || format!("{what} of {} bytes", stream.size));
        }
    }

    pub(crate) fn exception(&mut self, stream: Stream) {
        if stream.size != 168 {
            self.wrong(Kind::Count, stream.offset, || format!("exception stream of {} bytes", stream.size));
            return;
        }
        if self.file.u32(stream.offset + 32).is_none_or(|count| count > 15) {
            self.wrong(Kind::Value, stream.offset + 32, || "more than 15 exception parameters".to_owned());
        }
        let Some(context) = self.context_at(stream.offset + 160) else { return };
        let tid = self.file.u32(stream.offset).unwrap_or_default();
        let thread = self.threads.iter().find(|(id, _)| *id == tid).map(|(_, context)| *context);
        if !self.threads.is_empty() && thread.is_none() {
            self.wrong(Kind::Value, stream.offset, || {
                format!("the exception's thread {tid} is not in the list")
            });
        }
        if self.ours && thread.is_some_and(|of_thread| of_thread != context) {
            self.wrong(Kind::Context, stream.offset, || {
                format!("the exception's context is not that of thread {tid}")
            });
        }
    }

    pub(crate) fn system_info(&mut self, stream: Stream) {
        if stream.size != 56 {
            self.wrong(Kind::Count, stream.offset, || format!("system info of {} bytes", stream.size));
            return;
        }
        if self.ours && self.file.u16(stream.offset) != Some(AMD64) {
            self.wrong(Kind::Value, stream.offset, || "the processor is not AMD64".to_owned());
        }
        if self.ours && self.file.u32(stream.offset + 20) != Some(LINUX) {
            self.wrong(Kind::Value, stream.offset + 20, || "the platform is not Linux".to_owned());
        }
        if let Some(version) = self.file.u32(stream.offset + 24).filter(|version| self.ours || *version != 0)
        {
            self.string(u64::from(version));
        }
    }

    pub(crate) fn misc_info(&mut self, stream: Stream) {
        let at = stream.offset;
        let size = self.file.u32(at).map_or(0, u64::from);
        // Crashpad rounds the last version up.
        let known = MISC_INFO_BYTES.contains(&size) || size > 1_364;
        let right = known && size <= stream.size;
        let exact = size == 1_364 && size == stream.size;
        if !right || self.ours && !exact {
            self.wrong(Kind::Count, at, || {
                format!("misc info of {} bytes says that it has {size}", stream.size)
            });
            return;
        }
        let flags = self.file.u32(at + 4).unwrap_or_default();
        for (flag, needs) in MISC_INFO_FLAGS {
            if flags & flag != 0 && size < needs {
                self.wrong(Kind::Value, at + 4, || {
                    format!("misc info of {size} bytes has no room for what flag {flag:#x} promises")
                });
            }
        }
        if flags & 0x40 != 0 && size >= 232 {
            self.fixed_text(at + 64, 32, "name of the standard time");
            self.fixed_text(at + 148, 32, "name of the daylight time");
        }
        if flags & 0x100 != 0 && size >= 832 {
            self.fixed_text(at + 232, 260, "build string");
            self.fixed_text(at + 752, 40, "debug build string");
        }
        if size >= 1_364 {
            self.xstate(at + 832);
        }
    }

    /// Where misc info says that parts of the extended state lie: apart from one another.
    fn xstate(&mut self, at: u64) {
        let enabled = self.file.u64(at + 8).unwrap_or_default();
        if enabled == 0 {
            return;
        }
        if self.file.u32(at) != Some(528) {
            self.wrong(Kind::Count, at, || "the extended state's layout does not have 528 bytes".to_owned());
        }
        let place = |index: u64| -> Option<(u64, u64)> {
            let start = u64::from(self.file.u32(at + 16 + index * 8)?);
            Some((start, start + u64::from(self.file.u32(at + 20 + index * 8)?)))
        };
        let parts = (2..64).filter(|index| enabled >> index & 1 == 1).filter_map(place);
        let mut parts: Vec<(u64, u64)> = parts.filter(|(start, end)| start != end).collect();
        parts.sort_unstable();
        let overlap = parts.windows(2).any(|pair| matches!(pair, [first, second] if second.0 < first.1));
        if overlap {
            self.wrong(Kind::Overlap, at, || "two parts of the extended state lie in one place".to_owned());
        }
    }

    pub(crate) fn vm_counters(&mut self, stream: Stream) {
        self.least(stream, &[80, 152], "virtual memory counters");
        let revision = self.file.u16(stream.offset);
        let expected = if stream.size >= 152 { Some(2) } else { Some(1) };
        if revision != expected {
            self.wrong(Kind::Value, stream.offset, || {
                format!("virtual memory counters of {} bytes and another revision", stream.size)
            });
        }
    }

    pub(crate) fn comment(&mut self, stream: Stream) {
        let last = stream.size.checked_sub(2).and_then(|at| self.file.u16(stream.offset + at));
        if !stream.size.is_multiple_of(2) {
            self.wrong(Kind::String, stream.offset, || format!("a comment of {} bytes", stream.size));
        } else if last != Some(0) {
            self.wrong(Kind::Terminator, stream.offset, || "the comment has no terminator".to_owned());
        }
    }

    pub(crate) fn comment_ansi(&mut self, stream: Stream) {
        let text = self.file.slice(stream.offset, stream.size).unwrap_or_default();
        if text.last() != Some(&0) {
            self.wrong(Kind::Terminator, stream.offset, || "the comment has no terminator".to_owned());
        }
    }

    /// Tables follow one another, each with its entries behind it, until the stream ends.
    pub(crate) fn function_table(&mut self, stream: Stream) {
        let number = |at: u64| self.file.u32(at).map_or(0, u64::from);
        let [header, descriptor, native, function, count, pad] =
            [0, 4, 8, 12, 16, 20].map(|at| number(stream.offset + at));
        if stream.size < 24 || header < 24 || descriptor < 32 {
            self.wrong(Kind::Count, stream.offset, || {
                format!(
                    "the function table says that its header has {header} bytes and an entry {descriptor}"
                )
            });
            return;
        }
        let end = stream.offset + stream.size;
        let mut at = stream.offset + header + pad;
        let mut tables = 0;
        while tables < count && at.checked_add(descriptor).is_some_and(|next| next <= end) {
            tables += 1;
            let entries = number(at + 24) * function;
            at += descriptor + native + entries + number(at + 28);
        }
        if at != end || tables != count {
            self.wrong(Kind::Count, stream.offset, || format!("{count} function tables have another size"));
        }
    }
}
