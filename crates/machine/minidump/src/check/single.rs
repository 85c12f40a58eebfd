//! Streams of one record, and strings.

use super::{Checker, Stream};

/// No name, path or version text is longer; it bounds the search for a terminator.
const MAX_STRING_BYTES: u64 = 1 << 20;

impl Checker<'_> {
    /// A `MINIDUMP_STRING`.
    pub(super) fn string(&mut self, offset: u64) {
        self.aligned(offset, 4, "string");
        let Some(length) = self.file.u32(offset).map(u64::from) else {
            self.wrong(offset, || "a string reaches beyond the file".to_owned());
            return;
        };
        if !length.is_multiple_of(2) || length > MAX_STRING_BYTES {
            self.wrong(offset, || format!("a string of {length} bytes"));
        } else if self.own(offset, 4 + length + 2, "string") && self.file.u16(offset + 4 + length) != Some(0)
        {
            self.wrong(offset, || "a string has no terminator".to_owned());
        }
    }

    pub(super) fn exception(&mut self, stream: Stream) {
        if stream.size != 168 {
            self.wrong(stream.offset, || format!("exception stream of {} bytes", stream.size));
            return;
        }
        if self.file.u32(stream.offset + 32).is_none_or(|count| count > 15) {
            self.wrong(stream.offset + 32, || "more than 15 exception parameters".to_owned());
        }
        let Some(context) = self.context_at(stream.offset + 160) else { return };
        let tid = self.file.u32(stream.offset).unwrap_or_default();
        let thread = self.threads.iter().find(|(id, _)| *id == tid).map(|(_, context)| *context);
        let known = self.threads.is_empty() || thread.is_some();
        if !known || thread.is_some_and(|of_thread| of_thread != context) {
            self.wrong(stream.offset, || format!("the exception's context is not that of thread {tid}"));
        }
    }

    pub(super) fn system_info(&mut self, stream: Stream) {
        if stream.size != 56 {
            self.wrong(stream.offset, || format!("system info of {} bytes", stream.size));
            return;
        }
        if self.file.u16(stream.offset) != Some(9) {
            self.wrong(stream.offset, || "the processor is not AMD64".to_owned());
        }
        if self.file.u32(stream.offset + 20) != Some(0x8201) {
            self.wrong(stream.offset + 20, || "the platform is not Linux".to_owned());
        }
        let version = self.file.u32(stream.offset + 24).unwrap_or_default();
        self.string(u64::from(version));
    }

    pub(super) fn misc_info(&mut self, stream: Stream) {
        let size = self.file.u32(stream.offset).map(u64::from);
        if size != Some(stream.size) || stream.size != 1364 {
            self.wrong(stream.offset, || format!("misc info of {} bytes", stream.size));
        }
    }

    pub(super) fn comment(&mut self, stream: Stream) {
        let last = stream.size.checked_sub(2).and_then(|at| self.file.u16(stream.offset + at));
        if !stream.size.is_multiple_of(2) || last != Some(0) {
            self.wrong(stream.offset, || "the comment has no terminator".to_owned());
        }
    }

    pub(super) fn dso_debug(&mut self, stream: Stream) {
        let (Some(list), Some(count)) =
            (self.file.u32(stream.offset + 4), self.file.u32(stream.offset + 8).map(u64::from))
        else {
            self.wrong(stream.offset, || "the loader's list is cut".to_owned());
            return;
        };
        if stream.size < 36 || !(stream.size - 36).is_multiple_of(16) {
            self.wrong(stream.offset, || format!("loader's list of {} bytes", stream.size));
        }
        let list = u64::from(list);
        if count == 0 || !self.own(list, count * 20, "link maps") {
            return;
        }
        for at in (0..count).map(|index| list + index * 20) {
            if let Some(name) = self.file.u32(at + 8) {
                self.string(u64::from(name));
            }
        }
    }
}
