//! The exception that a module gives to `MiniDumpWriteDump`, as it goes to `werfault`: the layouts of the C structures,
//! little-endian, one after another.

use crate::exception::EXCEPTION_MAXIMUM_PARAMETERS;
use crate::{Context, ExceptionRecord};

const RECORD_AT: usize = 8;
const RECORD_BYTES: usize = size_of::<ExceptionRecord>();
const CONTEXT_AT: usize = RECORD_AT + RECORD_BYTES;
const CONTEXT_BYTES: usize = size_of::<Context>();
/// Bytes of the payload.
pub const DUMP_ORDER_BYTES: usize = CONTEXT_AT + CONTEXT_BYTES;

/// Offsets in a `CONTEXT`.
const FLAGS_AT: usize = CONTEXT_AT + 0x30;
const SEGMENTS_AT: usize = CONTEXT_AT + 0x38;
const GENERAL_AT: usize = CONTEXT_AT + 0x78;
const FLOAT_AT: usize = CONTEXT_AT + 0x100;

/// A thread, what happened to it, and its registers then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DumpOrder {
    /// `ThreadId`.
    pub thread_id: u32,
    /// What happened.
    pub record: ExceptionRecord,
    /// The registers; `None` = as captured.
    pub context: Option<Context>,
}

impl DumpOrder {
    /// The payload.
    #[must_use]
    pub fn encode(&self) -> [u8; DUMP_ORDER_BYTES] {
        let mut to = Bytes([0; DUMP_ORDER_BYTES]);
        to.put(0, &self.thread_id.to_le_bytes());
        to.put(4, &u32::from(self.context.is_some()).to_le_bytes());
        let record = &self.record;
        to.put(RECORD_AT, &record.code.to_le_bytes());
        to.put(RECORD_AT + 4, &record.flags.to_le_bytes());
        to.put(RECORD_AT + 8, &record.record.to_le_bytes());
        to.put(RECORD_AT + 16, &record.address.to_le_bytes());
        to.put(RECORD_AT + 24, &record.parameter_count.to_le_bytes());
        for (index, value) in record.information.iter().enumerate() {
            to.put(RECORD_AT + 32 + 8 * index, &value.to_le_bytes());
        }
        if let Some(context) = &self.context {
            to.put(FLAGS_AT, &context.context_flags.to_le_bytes());
            to.put(FLAGS_AT + 4, &context.mx_csr.to_le_bytes());
            for (index, selector) in context.segments.iter().enumerate() {
                to.put(SEGMENTS_AT + 2 * index, &selector.to_le_bytes());
            }
            to.put(SEGMENTS_AT + 12, &context.eflags.to_le_bytes());
            for (index, value) in general(context).iter().enumerate() {
                to.put(GENERAL_AT + 8 * index, &value.to_le_bytes());
            }
            to.put(FLOAT_AT, &context.float_save);
        }
        to.0
    }

    /// From a payload; `None` for another length, or for what no module writes there.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; DUMP_ORDER_BYTES] = bytes.try_into().ok()?;
        let at = |offset: usize| bytes.get(offset..).unwrap_or_default();
        let word = |offset| at(offset).first_chunk().map_or(0, |word| u32::from_le_bytes(*word));
        let long = |offset| at(offset).first_chunk().map_or(0, |long| u64::from_le_bytes(*long));
        let record = ExceptionRecord {
            code: word(RECORD_AT),
            flags: word(RECORD_AT + 4),
            record: long(RECORD_AT + 8),
            address: long(RECORD_AT + 16),
            parameter_count: word(RECORD_AT + 24),
            reserved: 0,
            information: core::array::from_fn(|index| long(RECORD_AT + 32 + 8 * index)),
        };
        if record.parameter_count as usize > EXCEPTION_MAXIMUM_PARAMETERS {
            return None;
        }
        let context = match word(4) {
            0 => None,
            1 => {
                let mut context = Context::zeroed();
                (context.context_flags, context.mx_csr) = (word(FLAGS_AT), word(FLAGS_AT + 4));
                let selector = |index: usize| {
                    at(SEGMENTS_AT + 2 * index).first_chunk().map_or(0, |s| u16::from_le_bytes(*s))
                };
                context.segments = core::array::from_fn(selector);
                context.eflags = word(SEGMENTS_AT + 12);
                set_general(&mut context, core::array::from_fn(|index| long(GENERAL_AT + 8 * index)));
                context.float_save = *at(FLOAT_AT).first_chunk()?;
                Some(context)
            }
            _ => return None,
        };
        Some(Self { thread_id: word(0), record, context })
    }
}

struct Bytes([u8; DUMP_ORDER_BYTES]);

impl Bytes {
    fn put(&mut self, at: usize, bytes: &[u8]) {
        for (to, from) in self.0.iter_mut().skip(at).zip(bytes) {
            *to = *from;
        }
    }
}

/// RAX to RIP, in the order of the structure.
fn general(c: &Context) -> [u64; 17] {
    let [r8, r9, r10, r11, r12, r13, r14, r15] = c.r8_r15;
    [c.rax, c.rcx, c.rdx, c.rbx, c.rsp, c.rbp, c.rsi, c.rdi, r8, r9, r10, r11, r12, r13, r14, r15, c.rip]
}

fn set_general(context: &mut Context, values: [u64; 17]) {
    let [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, rip] = values;
    [context.rax, context.rcx, context.rdx, context.rbx] = [rax, rcx, rdx, rbx];
    [context.rsp, context.rbp, context.rsi, context.rdi] = [rsp, rbp, rsi, rdi];
    context.r8_r15 = [r8, r9, r10, r11, r12, r13, r14, r15];
    context.rip = rip;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> DumpOrder {
        let mut context = Context::zeroed();
        (context.context_flags, context.rax, context.rip, context.eflags) =
            (Context::ALL, 1, 0x40_1000, 0x246);
        context.r8_r15 = [8, 9, 10, 11, 12, 13, 14, 15];
        context.segments = [0x33, 0, 0, 0, 0, 0x2B];
        context.float_save[511] = 7;
        let record = ExceptionRecord {
            code: 0xC000_0005,
            address: 0x40_1000,
            parameter_count: 2,
            information: core::array::from_fn(|index| index as u64),
            ..ExceptionRecord::default()
        };
        DumpOrder { thread_id: 77, record, context: Some(context) }
    }

    #[test]
    fn an_order_comes_back() {
        let back = DumpOrder::decode(&order().encode()).unwrap();
        assert_eq!(format!("{back:?}"), format!("{:?}", order()));
        let bare = DumpOrder { context: None, ..order() };
        assert!(DumpOrder::decode(&bare.encode()).unwrap().context.is_none());
    }

    #[test]
    fn the_context_lies_where_c_has_it() {
        let bytes = order().encode();
        let rip = CONTEXT_AT + core::mem::offset_of!(Context, rip);
        assert_eq!(bytes[rip..rip + 8], 0x40_1000_u64.to_le_bytes());
        assert_eq!(bytes[CONTEXT_AT + core::mem::offset_of!(Context, float_save) + 511], 7);
        assert_eq!(bytes[RECORD_AT + core::mem::offset_of!(ExceptionRecord, information) + 8], 1);
    }

    #[test]
    fn nonsense_is_no_order() {
        assert!(DumpOrder::decode(&[0; 4]).is_none());
        let mut crowded = order().encode();
        crowded[RECORD_AT + 24] = 16;
        assert!(DumpOrder::decode(&crowded).is_none());
        let mut odd = order().encode();
        odd[4] = 2;
        assert!(DumpOrder::decode(&odd).is_none());
    }
}
