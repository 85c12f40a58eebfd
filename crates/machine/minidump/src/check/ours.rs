//! Our private streams (`docs/formats/private-streams.md`).

use serde_json::Value;

use super::{Checker, Stream};

/// `WER_MAX_MEM_BLOCK_SIZE`.
const MAX_BLOCK_BYTES: u32 = 65_536;

impl Checker<'_> {
    pub(super) fn registered_blocks(&mut self, stream: Stream) {
        let words: Vec<u64> = (0..4)
            .map(|index| self.file.u32(stream.offset + 4 * index).map_or(u64::MAX, u64::from))
            .collect();
        let [1, 16, 24, count] = words[..] else {
            self.wrong(stream.offset, || "the registered blocks' header is not of version 1".to_owned());
            return;
        };
        if count.checked_mul(24).and_then(|bytes| bytes.checked_add(16)) != Some(stream.size) {
            self.wrong(stream.offset, || format!("{count} registered blocks have another size"));
            return;
        }
        for at in (0..count).map(|index| stream.offset + 16 + 24 * index) {
            self.registered_block(at);
        }
    }

    /// What is said to be present is in the memory list.
    fn registered_block(&mut self, at: u64) {
        let Some(address) = self.file.u64(at + 8) else { return };
        let size = self.file.u32(at + 16).unwrap_or_default();
        let present = self.file.u32(at + 20).unwrap_or_default();
        if present > size || size > MAX_BLOCK_BYTES {
            self.wrong(at, || format!("a registered block of {size} bytes, {present} of them present"));
            return;
        }
        let mut left = u64::from(present);
        let mut next = address;
        while left > 0 {
            let index = self.memory.partition_point(|run| run.address <= next).checked_sub(1);
            let run = index.and_then(|index| self.memory.get(index));
            let Some(bytes) = run.map(|run| (run.address + run.size).saturating_sub(next)).filter(|b| *b > 0)
            else {
                self.wrong(at, || format!("the registered block at {address:#x} is not in the memory list"));
                return;
            };
            next = next.saturating_add(bytes);
            left = left.saturating_sub(bytes);
        }
    }

    pub(super) fn wer_info(&mut self, stream: Stream) {
        let text = self.file.slice(stream.offset, stream.size).unwrap_or_default();
        let version = serde_json::from_slice::<Value>(text).ok().map(|info| info["version"].clone());
        if version != Some(Value::from(1)) {
            self.wrong(stream.offset, || "the WER info is no JSON object of version 1".to_owned());
        }
    }
}
