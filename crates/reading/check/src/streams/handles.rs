//! Handles, and what is known of each object.

use crate::checker::{Checker, SizedList, Stream};
use crate::limits::MAX_OBJECT_INFORMATION;
use crate::violation::Kind;

impl Checker<'_> {
    pub(crate) fn handle_data(&mut self, stream: Stream) {
        let entry = self.file.u32(stream.offset + 4).map_or(0, u64::from);
        // Both forms are right: without and with object information.
        let form = SizedList::usual(16, if entry == 32 { 32 } else { 40 });
        for at in self.sized_list(stream, form, "handle list") {
            self.optional_string(at + 8);
            self.optional_string(at + 12);
            if entry >= 40 {
                self.object_information(at + 32);
            }
        }
    }

    fn object_information(&mut self, at: u64) {
        let mut next = self.file.u32(at).map_or(0, u64::from);
        let mut blocks = 0;
        while next != 0 {
            let size = self.file.u32(next + 8).map_or(0, u64::from);
            if !self.own(next, 12 + size, "object information") {
                return;
            }
            blocks += 1;
            if blocks > MAX_OBJECT_INFORMATION {
                self.wrong(Kind::Value, at, || "a handle's object information has no end".to_owned());
                return;
            }
            next = self.file.u32(next).map_or(0, u64::from);
        }
    }
}
