//! Crashpad's stream: dictionaries and lists that name one another by offset.

use crate::checker::{Checker, List, Stream};
use crate::violation::Kind;

const LEAST_BYTES: u64 = 52;
const MODULE_INFO_BYTES: u64 = 28;

impl Checker<'_> {
    pub(crate) fn crashpad_info(&mut self, stream: Stream) {
        if stream.size < LEAST_BYTES {
            self.wrong(Kind::Count, stream.offset, || format!("Crashpad info of {} bytes", stream.size));
            return;
        }
        if self.file.u32(stream.offset) == Some(0) {
            self.wrong(Kind::Value, stream.offset, || "Crashpad info of version 0".to_owned());
        }
        self.dictionary(stream.offset + 36);
        let Some(place) = self.located(stream.offset + 44, "list of modules' annotations") else { return };
        for link in self.counted(place, 12, "list of modules' annotations") {
            self.module_info(link + 4);
        }
    }

    fn module_info(&mut self, at: u64) {
        let Some((info, size)) = self.located(at, "module's annotations") else { return };
        if size < MODULE_INFO_BYTES {
            self.wrong(Kind::Count, info, || format!("a module's annotations of {size} bytes"));
            return;
        }
        if let Some(place) = self.located(info + 4, "list of annotations") {
            for at in self.counted(place, 4, "list of annotations") {
                self.text_at(at);
            }
        }
        self.dictionary(info + 12);
        if let Some(place) = self.located(info + 20, "list of annotation objects") {
            for at in self.counted(place, 12, "list of annotation objects") {
                self.text_at(at);
                self.byte_array(at + 8);
            }
        }
    }

    /// Keys and values.
    fn dictionary(&mut self, at: u64) {
        let Some(place) = self.located(at, "dictionary") else { return };
        for at in self.counted(place, 8, "dictionary") {
            self.text_at(at);
            self.text_at(at + 4);
        }
    }

    fn counted(&mut self, (at, size): (u64, u64), entry: u64, what: &'static str) -> Vec<u64> {
        let count = self.file.u32(at).map_or(0, u64::from);
        self.list(List { at, size, header: 4, entry, count }, what)
    }

    fn text_at(&mut self, at: u64) {
        if let Some(offset) = self.file.u32(at) {
            self.utf8_string(u64::from(offset));
        }
    }

    fn byte_array(&mut self, at: u64) {
        let offset = self.file.u32(at).map_or(0, u64::from);
        let size = self.file.u32(offset).map_or(0, u64::from);
        if offset != 0 {
            self.own(offset, 4 + size, "annotation's value");
        }
    }
}
