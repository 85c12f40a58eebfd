//! The list of tokens: entries of any size, one after another, that use up the stream.

use serde_json::Value;

use crate::checker::{Checker, Stream};
use crate::violation::Kind;

const HEADER_BYTES: u64 = 16;
/// The id of an entry of this system.
const LINUX: u32 = 0x8000_0001;

impl Checker<'_> {
    pub(crate) fn token(&mut self, stream: Stream) {
        let number = |at: u64| self.file.u32(stream.offset + at).map_or(0, u64::from);
        let [size, count, header, element] = [0, 4, 8, 12].map(number);
        if stream.size < HEADER_BYTES
            || size != stream.size
            || header < HEADER_BYTES
            || element < HEADER_BYTES
        {
            self.wrong(Kind::Count, stream.offset, || {
                format!(
                    "the token list of {} bytes says {size}, headers of {header} and {element}",
                    stream.size
                )
            });
            return;
        }
        let end = stream.offset + stream.size;
        let mut at = stream.offset + header;
        let mut tokens = 0;
        while tokens < count {
            let Some(bytes) = self.file.u32(at).map(u64::from).filter(|bytes| *bytes >= element) else {
                break;
            };
            let next = at.saturating_add(bytes);
            if next > end {
                break;
            }
            self.token_entry(at, at + element, next);
            at = next;
            tokens += 1;
        }
        if at != end || tokens != count {
            self.wrong(Kind::Count, stream.offset, || format!("{count} tokens have another size"));
        }
    }

    fn token_entry(&mut self, at: u64, data: u64, end: u64) {
        if self.file.u32(at + 4) != Some(LINUX) {
            return;
        }
        let text = self.file.slice(data, end.saturating_sub(data)).unwrap_or_default();
        let text = text
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(&[][..], |last| text.get(..=last).unwrap_or_default());
        if !serde_json::from_slice::<Value>(text).is_ok_and(|json| json.is_object()) {
            self.wrong(Kind::Value, data, || "the Linux token is no JSON object".to_owned());
        }
    }
}
