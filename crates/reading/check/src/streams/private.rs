//! This system's streams (`docs/formats/private-streams.md`).

use serde_json::Value;

use crate::checker::{Checker, SizedList, Stream};
use crate::violation::Kind;

/// `WER_MAX_MEM_BLOCK_SIZE`.
const MAX_BLOCK_BYTES: u32 = 65_536;
/// The last kind of file descriptor.
const LAST_HANDLE_KIND: u32 = 12;

/// Version, header's size, entry's size, count.
const fn form(entry: u64) -> SizedList {
    SizedList { header: 16, entry, places: (4, 8, 12), count_is_64_bit: false }
}

impl Checker<'_> {
    fn version_1(&mut self, stream: Stream, what: &str) -> bool {
        let version = self.file.u32(stream.offset).unwrap_or_default();
        if version != 1 {
            self.wrong(Kind::Value, stream.offset, || format!("the {what} are of version {version}"));
        }
        version == 1
    }

    pub(crate) fn registered_blocks(&mut self, stream: Stream) {
        if !self.version_1(stream, "registered blocks") {
            return;
        }
        for at in self.sized_list(stream, form(24), "list of registered blocks") {
            self.registered_block(at);
        }
    }

    /// What is said to be present is in the memory list.
    fn registered_block(&mut self, at: u64) {
        let Some(address) = self.file.u64(at + 8) else { return };
        let size = self.file.u32(at + 16).unwrap_or_default();
        let present = self.file.u32(at + 20).unwrap_or_default();
        if present > size || size > MAX_BLOCK_BYTES {
            self.wrong(Kind::Value, at, || {
                format!("a registered block of {size} bytes, {present} of them present")
            });
        } else if !self.is_in_memory(address, u64::from(present)) {
            self.wrong(Kind::Memory, at, || {
                format!("the registered block at {address:#x} is not in the memory list")
            });
        }
    }

    pub(crate) fn wer_info(&mut self, stream: Stream) {
        let text = self.file.slice(stream.offset, stream.size).unwrap_or_default();
        let version = serde_json::from_slice::<Value>(text).ok().map(|info| info["version"].clone());
        if version != Some(Value::from(1)) {
            self.wrong(Kind::Value, stream.offset, || {
                "the WER info is no JSON object of version 1".to_owned()
            });
        }
    }

    pub(crate) fn linux_handles(&mut self, stream: Stream) {
        if !self.version_1(stream, "file descriptors") {
            return;
        }
        let entries = self.sized_list(stream, form(64), "list of file descriptors");
        let mut descriptors: Vec<(u64, u64)> =
            entries.iter().filter_map(|at| Some((self.file.u64(*at)?, *at))).collect();
        descriptors.sort_unstable();
        for pair in descriptors.windows(2) {
            if let [(first, _), (second, at)] = pair
                && first == second
            {
                self.wrong(Kind::Duplicate, *at, || format!("file descriptor {first} is there twice"));
            }
        }
        for at in entries {
            let kind = self.file.u32(at + 8).unwrap_or_default();
            if kind > LAST_HANDLE_KIND {
                self.wrong(Kind::Value, at + 8, || format!("a file descriptor of kind {kind}"));
            }
            self.optional_string(at + 56);
            self.optional_string(at + 60);
        }
    }
}
