//! A thread's registers as the `CONTEXT` of x64 Windows, 1232 bytes: what every reader of AMD64 dumps expects.

mod extended;

use wer_abi::Context;
use wer_snapshot::{FpuState, Registers, ThreadSnapshot};

pub(crate) use extended::{LEGACY_FEATURES, bytes_for, extended_context_of, features};

/// Bytes of a context.
pub(crate) const CONTEXT_BYTES: usize = size_of::<Context>();
/// `CONTEXT_AMD64`: marks the processor; alone, no part is valid.
const CONTEXT_AMD64: u32 = 0x0010_0000;
/// `CONTROL | INTEGER | SEGMENTS`.
const CONTEXT_GENERAL: u32 = 0x7;
/// `FLOATING_POINT`.
const CONTEXT_FLOATING_POINT: u32 = 0x8;

const FLAGS_OFFSET: usize = 0x30;
const MXCSR_OFFSET: usize = 0x34;
const SEGMENTS_OFFSET: usize = 0x38;
const EFLAGS_OFFSET: usize = 0x44;
const GENERAL_OFFSET: usize = 0x78;
const FLOAT_SAVE_OFFSET: usize = 0x100;
/// Of MXCSR in an FXSAVE image.
const FXSAVE_MXCSR_OFFSET: usize = 24;

/// The context of a thread. Without a thread or its registers: marked as AMD64 with no part valid, all zero.
pub(crate) fn context_of(thread: Option<&ThreadSnapshot>) -> [u8; CONTEXT_BYTES] {
    let mut bytes = [0; CONTEXT_BYTES];
    let mut flags = CONTEXT_AMD64;
    if let Some(registers) = thread.and_then(|thread| thread.registers.as_ref()) {
        flags |= CONTEXT_GENERAL;
        put_registers(&mut bytes, registers);
        if let Some(fpu) = thread.and_then(|thread| thread.fpu.as_ref()) {
            flags |= CONTEXT_FLOATING_POINT;
            put_fpu(&mut bytes, fpu);
        }
    }
    put(&mut bytes, FLAGS_OFFSET, &flags.to_le_bytes());
    bytes
}

fn put(bytes: &mut [u8], offset: usize, value: &[u8]) {
    if let Some(room) = bytes.get_mut(offset..offset + value.len()) {
        room.copy_from_slice(value);
    }
}

fn put_registers(bytes: &mut [u8; CONTEXT_BYTES], r: &Registers) {
    for (i, segment) in [r.cs, r.ds, r.es, r.fs, r.gs, r.ss].into_iter().enumerate() {
        put(bytes, SEGMENTS_OFFSET + 2 * i, &(segment as u16).to_le_bytes());
    }
    put(bytes, EFLAGS_OFFSET, &(r.eflags as u32).to_le_bytes());
    let general = [
        r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13,
        r.r14, r.r15, r.rip,
    ];
    for (i, register) in general.into_iter().enumerate() {
        put(bytes, GENERAL_OFFSET + 8 * i, &register.to_le_bytes());
    }
}

fn put_fpu(bytes: &mut [u8; CONTEXT_BYTES], fpu: &FpuState) {
    put(bytes, FLOAT_SAVE_OFFSET, fpu.fxsave.as_slice());
    let mxcsr: [u8; 4] = std::array::from_fn(|i| fpu.fxsave[FXSAVE_MXCSR_OFFSET + i]);
    put(bytes, MXCSR_OFFSET, &mxcsr);
}
