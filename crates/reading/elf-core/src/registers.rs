//! Registers of a dump's `CONTEXT` as a core has them: `user_regs_struct`, the FXSAVE image, and the XSAVE area.

use wer_dump::Dump;

use crate::limits::MAX_XSAVE_BYTES;

/// Bytes of a `CONTEXT` without what follows it.
pub(crate) const CONTEXT_BYTES: usize = 1232;
/// Bytes of `user_regs_struct`.
pub(crate) const GENERAL_BYTES: usize = 27 * 8;
pub(crate) const FXSAVE_BYTES: usize = 512;
const XSAVE_HEADER_BYTES: usize = 64;
const CONTEXT_FLAGS: usize = 0x30;
const CONTEXT_CONTROL: u32 = 1;
const CONTEXT_FLOATING_POINT: u32 = 8;
const SEGMENTS: usize = 0x38;
const EFLAGS: usize = 0x44;
const GENERAL: usize = 0x78;
const FLOAT_SAVE: usize = 0x100;
/// Where `XState`'s place is in the `CONTEXT_EX` that follows a context.
const XSTATE_CHUNK: usize = CONTEXT_BYTES + 16;
/// Where the kernel tells the enabled components in an FXSAVE image; debuggers look there.
const ENABLED_COMPONENTS: usize = 464;
/// Components of the legacy area: x87 and SSE.
const LEGACY: u64 = 3;
/// The compaction mask's bit that says that components lie one after another.
const COMPACTED: u64 = 1 << 63;
const MISC_INFO: u32 = 15;
/// Where `XSTATE_CONFIG_FEATURE_MSC_INFO` is in misc info 5.
const MISC_INFO_XSTATE: usize = 832;
const FEATURES: usize = 64;

/// Places of the components in the XSAVE area.
#[derive(Clone, Debug)]
pub(crate) struct XSaveLayout {
    /// Offset and size, by bit; size 0 = unknown.
    parts: [(usize, usize); FEATURES],
}

impl XSaveLayout {
    /// From misc info 5; else only AVX, whose place is the same everywhere.
    pub(crate) fn of(dump: &Dump<'_>) -> Self {
        let mut parts = [(0, 0); FEATURES];
        parts[2] = (576, 256);
        let info = dump.raw_stream(MISC_INFO).and_then(|stream| stream.get(MISC_INFO_XSTATE..));
        let enabled = info.and_then(|info| u64_at(info, 8)).unwrap_or(0);
        for (bit, part) in parts.iter_mut().enumerate().skip(2) {
            let place =
                info.and_then(|info| Some((u32_at(info, 16 + bit * 8)?, u32_at(info, 20 + bit * 8)?)));
            if let Some((offset, size)) = place.filter(|(_, size)| enabled >> bit & 1 == 1 && *size != 0) {
                *part = (offset as usize, size as usize);
            }
        }
        Self { parts }
    }
}

/// A thread's registers in the forms of a core.
pub(crate) struct CoreRegisters {
    pub(crate) general: [u8; GENERAL_BYTES],
    pub(crate) fxsave: Option<Vec<u8>>,
    pub(crate) xsave: Option<Vec<u8>>,
}

/// Translates a context; `None` where it has no registers.
pub(crate) fn registers(context: &[u8], thread_pointer: u64, layout: &XSaveLayout) -> Option<CoreRegisters> {
    let flags = u32_at(context, CONTEXT_FLAGS)?;
    if context.len() < CONTEXT_BYTES || flags & CONTEXT_CONTROL == 0 {
        return None;
    }
    let has_float = flags & CONTEXT_FLOATING_POINT != 0;
    let fxsave = context.get(FLOAT_SAVE..FLOAT_SAVE + FXSAVE_BYTES).filter(|_| has_float);
    Some(CoreRegisters {
        general: general(context, thread_pointer),
        fxsave: fxsave.map(<[u8]>::to_vec),
        xsave: fxsave.and_then(|fxsave| xsave(context, fxsave, layout)),
    })
}

fn general(context: &[u8], thread_pointer: u64) -> [u8; GENERAL_BYTES] {
    // In a context: rax rcx rdx rbx rsp rbp rsi rdi r8 to r15 rip.
    let word = |index: usize| u64_at(context, GENERAL + index * 8).unwrap_or(0);
    // In a context: cs ds es fs gs ss.
    let segment = |index: usize| u64::from(u16_at(context, SEGMENTS + index * 2).unwrap_or(0));
    let eflags = u64::from(u32_at(context, EFLAGS).unwrap_or(0));
    // r15 to r12, rbp rbx, r11 to r8, rax rcx rdx rsi rdi, the number of no system call, rip, ...
    let words: [u64; 27] = [
        word(15),
        word(14),
        word(13),
        word(12),
        word(5),
        word(3),
        word(11),
        word(10),
        word(9),
        word(8),
        word(0),
        word(1),
        word(2),
        word(6),
        word(7),
        u64::MAX,
        word(16),
        segment(0),
        eflags,
        word(4),
        segment(5),
        thread_pointer,
        0,
        segment(1),
        segment(2),
        segment(3),
        segment(4),
    ];
    let mut bytes = [0; GENERAL_BYTES];
    for (into, word) in bytes.chunks_exact_mut(8).zip(words) {
        into.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// The area in its standard form, from what follows the context.
fn xsave(context: &[u8], fxsave: &[u8], layout: &XSaveLayout) -> Option<Vec<u8>> {
    let offset = i32::from_le_bytes(*context.get(XSTATE_CHUNK..)?.first_chunk()?);
    let length = u32_at(context, XSTATE_CHUNK + 4)? as usize;
    let start = CONTEXT_BYTES.checked_add_signed(offset as isize)?;
    let chunk = context.get(start..)?.get(..length).filter(|chunk| chunk.len() >= XSAVE_HEADER_BYTES)?;
    let (mask, compaction) = (u64_at(chunk, 0)?, u64_at(chunk, 8)?);
    let known = |bit: &usize| layout.parts.get(*bit).is_some_and(|(_, size)| *size > 0);
    let enabled: u64 = (2..FEATURES - 1).filter(known).fold(LEGACY, |set, bit| set | 1 << bit);
    let end = layout.parts.iter().map(|(offset, size)| offset.saturating_add(*size)).max()?;
    if !(FXSAVE_BYTES + XSAVE_HEADER_BYTES..=MAX_XSAVE_BYTES).contains(&end) {
        return None;
    }
    let mut area = vec![0; end];
    area.get_mut(..FXSAVE_BYTES)?.copy_from_slice(fxsave.get(..FXSAVE_BYTES)?);
    area.get_mut(ENABLED_COMPONENTS..)?.first_chunk_mut().map(|into| *into = enabled.to_le_bytes())?;
    let present = mask & enabled | LEGACY;
    area.get_mut(FXSAVE_BYTES..)?.first_chunk_mut().map(|into| *into = present.to_le_bytes())?;
    let mut next = XSAVE_HEADER_BYTES;
    for bit in 2..FEATURES - 1 {
        let Some((offset, size)) = layout.parts.get(bit).copied().filter(|(_, size)| *size > 0) else {
            continue;
        };
        let is_compacted = compaction & COMPACTED != 0;
        if is_compacted && compaction >> bit & 1 == 0 {
            continue;
        }
        let from = if is_compacted { next } else { offset.saturating_sub(FXSAVE_BYTES) };
        next = next.saturating_add(size);
        if mask >> bit & 1 == 0 {
            continue;
        }
        let part = chunk.get(from..).and_then(|rest| rest.get(..size));
        let into = area.get_mut(offset..).and_then(|rest| rest.get_mut(..size));
        if let (Some(part), Some(into)) = (part, into) {
            into.copy_from_slice(part);
        }
    }
    Some(area)
}

fn u16_at(bytes: &[u8], offset: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], offset: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(offset..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context() -> Vec<u8> {
        let mut bytes = vec![0; CONTEXT_BYTES];
        bytes[CONTEXT_FLAGS..][..4].copy_from_slice(&0x10_000fu32.to_le_bytes());
        for index in 0..17u64 {
            bytes[GENERAL + index as usize * 8..][..8].copy_from_slice(&(100 + index).to_le_bytes());
        }
        bytes[FLOAT_SAVE] = 0x7f;
        bytes
    }

    fn layout() -> XSaveLayout {
        let mut parts = [(0, 0); FEATURES];
        parts[2] = (576, 256);
        parts[9] = (2688, 8);
        XSaveLayout { parts }
    }

    #[test]
    fn registers_are_in_the_kernels_order() {
        let found = registers(&context(), 0x7000, &layout()).expect("registers");
        let word = |index: usize| u64_at(&found.general, index * 8).expect("27 words");
        assert_eq!(
            (word(0), word(4), word(10), word(15), word(16), word(19)),
            (115, 105, 100, u64::MAX, 116, 104)
        );
        assert_eq!(word(21), 0x7000);
        assert_eq!(found.fxsave.map(|image| image[0]), Some(0x7f));
        assert!(found.xsave.is_none());
        assert!(registers(&context()[..1000], 0, &layout()).is_none());
        let mut empty = context();
        empty[CONTEXT_FLAGS] = 0;
        assert!(registers(&empty, 0, &layout()).is_none());
    }

    #[test]
    fn extended_state_is_laid_out_as_the_processor_does() {
        for compacted in [false, true] {
            let mut bytes = context();
            let chunk_bytes = if compacted { 64 + 264 } else { 2696 - 512 };
            bytes.extend([0; 16]);
            bytes.extend(24i32.to_le_bytes());
            bytes.extend((chunk_bytes as u32).to_le_bytes());
            let mut chunk = vec![0; chunk_bytes];
            chunk[..8].copy_from_slice(&(1u64 << 2 | 1 << 9).to_le_bytes());
            if compacted {
                chunk[8..16].copy_from_slice(&(COMPACTED | 1 << 2 | 1 << 9).to_le_bytes());
            }
            chunk[64] = 0xaa;
            let pkru = if compacted { 64 + 256 } else { 2688 - 512 };
            chunk[pkru] = 0xbb;
            bytes.extend(chunk);
            let area = registers(&bytes, 0, &layout()).and_then(|found| found.xsave).expect("an area");
            assert_eq!((area.len(), area[0], area[576], area[2688]), (2696, 0x7f, 0xaa, 0xbb));
            assert_eq!(u64_at(&area, 464), Some(0x207));
            assert_eq!(u64_at(&area, 512), Some(0x207));
            // A place outside of the context is no place.
            bytes[XSTATE_CHUNK..][..4].copy_from_slice(&i32::MIN.to_le_bytes());
            assert!(registers(&bytes, 0, &layout()).expect("registers").xsave.is_none());
        }
    }
}
