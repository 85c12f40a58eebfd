//! A context with AVX and later state, as Windows lays it out: behind the classic 1,232 bytes a `CONTEXT_EX`, which says
//! where the rest is, then an XSAVE header and the parts of the XSAVE area above x87 and SSE, at their standard offsets.
//! A context ends with the last part that is in use, so a thread without AVX state costs little.

use wer_snapshot::{SystemInfo, ThreadSnapshot, XStateFeature};

use crate::context::{CONTEXT_BYTES, FLAGS_OFFSET, context_of, put};
use crate::layout::Put;
use crate::limits::CONTEXT_MAX_BYTES;

/// `CONTEXT_XSTATE` without the processor's bit.
const CONTEXT_XSTATE: u8 = 0x40;
const CONTEXT_EX_BYTES: usize = 24;
/// Where the XSAVE header is: the next multiple of 64.
const XSAVE_HEADER_OFFSET: usize = (CONTEXT_BYTES + CONTEXT_EX_BYTES).next_multiple_of(64);
const XSAVE_HEADER_BYTES: usize = 64;
/// x87 and SSE, before the header in an XSAVE area.
const LEGACY_BYTES: usize = 512;
/// First part above them.
const FIRST_PART_OFFSET: usize = LEGACY_BYTES + XSAVE_HEADER_BYTES;
/// Bits of x87 and SSE.
pub(crate) const LEGACY_FEATURES: u64 = 3;

/// The parts that a dump can name: those whose place in the area is known and sensible.
pub(crate) fn features(system: &SystemInfo) -> impl Iterator<Item = XStateFeature> + '_ {
    system.xstate.iter().copied().filter(|feature| {
        let end = feature.offset as usize + feature.size as usize;
        (2..63).contains(&feature.bit)
            && feature.size > 0
            && feature.offset as usize >= FIRST_PART_OFFSET
            && bytes_for(end) <= CONTEXT_MAX_BYTES
    })
}

/// Bytes of a context with an XSAVE area of so many.
pub(crate) const fn bytes_for(area_bytes: usize) -> usize {
    XSAVE_HEADER_OFFSET + area_bytes.saturating_sub(LEGACY_BYTES)
}

/// The context with extended state; the classic one where there is no such state.
pub(crate) fn extended_context_of(thread: Option<&ThreadSnapshot>, system: &SystemInfo) -> Vec<u8> {
    let mut context = context_of(thread).to_vec();
    let area = thread.and_then(|thread| thread.fpu.as_ref()).map(|fpu| fpu.xsave.as_slice());
    let registers = thread.is_some_and(|thread| thread.registers.is_some());
    let Some(area) = area.filter(|area| registers && area.len() >= FIRST_PART_OFFSET) else { return context };
    if system.xstate.is_empty() {
        return context;
    }
    let in_use = area.get(LEGACY_BYTES..).and_then(|header| header.first_chunk::<8>());
    let in_use = in_use.map_or(0, |word| u64::from_le_bytes(*word));
    let parts: Vec<(XStateFeature, &[u8])> = features(system)
        .filter(|feature| in_use >> feature.bit & 1 == 1)
        .filter_map(|feature| {
            Some((feature, area.get(feature.offset as usize..)?.get(..feature.size as usize)?))
        })
        .collect();
    let end = parts.iter().map(|(feature, part)| feature.offset as usize + part.len()).max();
    let total = bytes_for(end.unwrap_or(FIRST_PART_OFFSET));
    put_context_ex(&mut context, total);
    context.resize(total, 0);
    let mask = parts.iter().fold(0_u64, |mask, (feature, _)| mask | 1 << feature.bit);
    put(&mut context, XSAVE_HEADER_OFFSET, &mask.to_le_bytes());
    for (feature, part) in parts {
        put(&mut context, XSAVE_HEADER_OFFSET + feature.offset as usize - LEGACY_BYTES, part);
    }
    if let Some(flags) = context.get_mut(FLAGS_OFFSET) {
        *flags |= CONTEXT_XSTATE;
    }
    context
}

/// Three chunks, each by its offset from here and its length: all, the classic context, the rest.
fn put_context_ex(context: &mut Vec<u8>, total: usize) {
    let classic = (CONTEXT_BYTES as i32).wrapping_neg() as u32;
    let words = [
        classic,
        total as u32,
        classic,
        CONTEXT_BYTES as u32,
        (XSAVE_HEADER_OFFSET - CONTEXT_BYTES) as u32,
        (total - XSAVE_HEADER_OFFSET) as u32,
    ];
    words.into_iter().for_each(|word| context.put_u32(word));
}
