//! The payload of [`Tag::Dump`](super::Tag::Dump) and [`Tag::Fault`](super::Tag::Fault): whose dump, and what happened
//! there. Little endian, in the caller's own pid namespace.

use crate::dump_options::WerDumpCustomOptions;
use crate::module_host::{DUMP_ORDER_BYTES, DumpOrder};

/// Bytes before the exception.
const SUBJECT_BYTES: usize = 24;

/// Whose dump is asked for. The start time tells the process from a later one of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DumpSubject {
    /// The process.
    pub process_id: u32,
    /// Its thread that matters most; 0 = none was named.
    pub thread_id: u32,
    /// When the process started, in clock ticks after boot, as `/proc/PID/stat` has it.
    pub start_ticks: u64,
}

/// What happened, as far as it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a few at a time; nothing here allocates")]
pub enum DumpException {
    /// Nothing.
    None,
    /// The values themselves, with the subject's thread.
    Values(DumpOrder),
    /// Address of the `EXCEPTION_POINTERS` in the process.
    Client(u64),
}

/// A dump that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DumpPayload<'a> {
    /// Of whom.
    pub subject: DumpSubject,
    /// Why.
    pub exception: DumpException,
    /// A `WER_DUMP_CUSTOM_OPTIONS` of any version as its caller had it; empty = none.
    pub options: &'a [u8],
}

impl<'a> DumpPayload<'a> {
    /// Gives the bytes, piece by piece, to `put`.
    pub fn encode(&self, mut put: impl FnMut(&[u8])) {
        let kind: u32 = match self.exception {
            DumpException::None => 0,
            DumpException::Values(_) => 1,
            DumpException::Client(_) => 2,
        };
        put(&self.subject.process_id.to_le_bytes());
        put(&self.subject.thread_id.to_le_bytes());
        put(&self.subject.start_ticks.to_le_bytes());
        put(&kind.to_le_bytes());
        put(&(self.options.len() as u32).to_le_bytes());
        match &self.exception {
            DumpException::None => {}
            DumpException::Values(order) => put(&order.encode()),
            DumpException::Client(pointers) => put(&pointers.to_le_bytes()),
        }
        put(self.options);
    }

    /// `None` for what no caller of ours writes.
    #[must_use]
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (head, rest) = bytes.split_at_checked(SUBJECT_BYTES)?;
        let [process_id, thread_id, low, high, kind, options_bytes] = super::numbers(head)?;
        let exception_bytes = match kind {
            0 => 0,
            1 => DUMP_ORDER_BYTES,
            2 => 8,
            _ => return None,
        };
        let (exception, options) = rest.split_at_checked(exception_bytes)?;
        let exception = match kind {
            0 => DumpException::None,
            1 => DumpException::Values(DumpOrder::decode(exception)?),
            _ => DumpException::Client(u64::from_le_bytes(exception.try_into().ok()?)),
        };
        let are_options = options.is_empty() || WerDumpCustomOptions::read(options).is_some();
        if !are_options || options.len() != options_bytes as usize {
            return None;
        }
        let start_ticks = u64::from(low) | u64::from(high) << 32;
        Some(Self { subject: DumpSubject { process_id, thread_id, start_ticks }, exception, options })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExceptionRecord;
    use crate::dump_options::WER_DUMP_CUSTOM_OPTIONS_V1_BYTES;

    const SUBJECT: DumpSubject = DumpSubject { process_id: 7, thread_id: 8, start_ticks: 9 | 10 << 32 };

    fn bytes(payload: &DumpPayload<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        payload.encode(|piece| bytes.extend_from_slice(piece));
        bytes
    }

    #[test]
    fn every_kind_comes_back_and_what_is_cut_does_not() {
        let record = ExceptionRecord { code: 0xC000_0005, ..ExceptionRecord::default() };
        let mut options = [0; WER_DUMP_CUSTOM_OPTIONS_V1_BYTES];
        options[..4].copy_from_slice(&(WER_DUMP_CUSTOM_OPTIONS_V1_BYTES as u32).to_le_bytes());
        let order = DumpOrder { thread_id: 8, record, context: None };
        for exception in [DumpException::None, DumpException::Values(order), DumpException::Client(77)] {
            for options in [&[][..], &options] {
                let payload = DumpPayload { subject: SUBJECT, exception, options };
                let bytes = bytes(&payload);
                assert_eq!(DumpPayload::decode(&bytes), Some(payload));
                assert_eq!(DumpPayload::decode(&bytes[..bytes.len() - 1]), None);
                assert_eq!(DumpPayload::decode(&[&bytes[..], &[0]].concat()), None);
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let payload = DumpPayload { subject: SUBJECT, exception: DumpException::None, options: &[] };
        let mut unknown = bytes(&payload);
        unknown[16] = 3;
        assert_eq!(DumpPayload::decode(&unknown), None);
        let of_no_version = DumpPayload { options: &[4, 0, 0, 0], ..payload };
        assert_eq!(DumpPayload::decode(&bytes(&of_no_version)), None);
    }
}
