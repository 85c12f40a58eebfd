//! The registers of the asking thread, as a tracer would read them.
#![expect(unsafe_code, reason = "registers can only be read by instructions")]

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count};

use wer_capture::AskingThread;
use wer_snapshot::{FpuState, Registers};
use wer_sys::limits::MAX_XSAVE_BYTES;

/// Words of a `user_regs_struct`.
const WORDS: usize = size_of::<Registers>() / 8;

/// An FXSAVE image must lie at a multiple of 16.
#[repr(C, align(16))]
struct Image([u8; 512]);

/// Calls `work` with the registers of this very frame, which lasts for as long as `work` runs: whoever unwinds from them
/// meets the callers of this function.
#[inline(never)]
pub(super) fn with_registers<T>(work: impl FnOnce(&AskingThread) -> T) -> T {
    let mut words = [0_u64; WORDS];
    let mut image = Box::new(Image([0; 512]));
    // SAFETY: `rdi` leads to 27 words and `rsi` to an aligned image, both live and ours; everything else is only read,
    // and what is pushed is popped again.
    unsafe {
        asm!(
            "mov [rdi], r15",
            "mov [rdi + 8], r14",
            "mov [rdi + 16], r13",
            "mov [rdi + 24], r12",
            "mov [rdi + 32], rbp",
            "mov [rdi + 40], rbx",
            "mov [rdi + 48], r11",
            "mov [rdi + 56], r10",
            "mov [rdi + 64], r9",
            "mov [rdi + 72], r8",
            "mov [rdi + 80], rax",
            "mov [rdi + 88], rcx",
            "mov [rdi + 96], rdx",
            "mov [rdi + 104], rsi",
            "mov [rdi + 112], rdi",
            "mov [rdi + 152], rsp",
            "lea rax, [rip]",
            "mov [rdi + 128], rax",
            "pushfq",
            "pop rax",
            "mov [rdi + 144], rax",
            "mov [rdi + 136], cs",
            "mov [rdi + 160], ss",
            "mov [rdi + 184], ds",
            "mov [rdi + 192], es",
            "mov [rdi + 200], fs",
            "mov [rdi + 208], gs",
            "fxsave64 [rsi]",
            in("rdi") words.as_mut_ptr(),
            in("rsi") &raw mut image.0,
            out("rax") _,
        );
    }
    let mut registers = of_words(&words);
    registers.orig_rax = u64::MAX;
    [registers.fs_base, registers.gs_base] = [ARCH_GET_FS, ARCH_GET_GS].map(segment_base);
    let fpu = FpuState { fxsave: Box::new(image.0), xsave: xsave_area() };
    let tid = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
    work(&AskingThread { tid, registers, fpu: Some(fpu) })
}

/// Where the processor keeps more than x87 and SSE: an XSAVE area, at a multiple of 64.
#[repr(C, align(64))]
struct Area([u8; MAX_XSAVE_BYTES]);

/// The XSAVE area as the kernel gives it to a tracer; empty on a processor without, or with a larger one than is known.
/// It is taken after the other registers: of what a call must preserve it holds nothing.
fn xsave_area() -> Vec<u8> {
    /// CPUID leaf 1, ECX: the kernel uses XSAVE.
    const OSXSAVE: u32 = 1 << 27;
    /// Where the kernel tells which components there are, in the part of the image that software may use.
    const COMPONENTS_OFFSET: usize = 464;
    if __cpuid(1).ecx & OSXSAVE == 0 {
        return Vec::new();
    }
    let length = __cpuid_count(0xD, 0).ebx as usize;
    if length > MAX_XSAVE_BYTES {
        return Vec::new();
    }
    let mut area = Box::new(Area([0; MAX_XSAVE_BYTES]));
    let place = &raw mut area.0;
    let (low, high): (u32, u32);
    // SAFETY: the processor has XSAVE, as was asked; the area is aligned and as large as it says that it writes.
    unsafe {
        asm!(
            "xor ecx, ecx",
            "xgetbv",
            "mov r8d, eax",
            "mov r9d, edx",
            "xsave64 [rdi]",
            in("rdi") place, out("rax") _, out("rcx") _, out("rdx") _, out("r8") low, out("r9") high,
        );
    }
    let components = u64::from(low) | u64::from(high) << 32;
    area.0[COMPONENTS_OFFSET..COMPONENTS_OFFSET + 8].copy_from_slice(&components.to_le_bytes());
    area.0[..length].to_vec()
}

fn of_words(words: &[u64; WORDS]) -> Registers {
    let mut bytes = [0; WORDS * 8];
    for (place, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *place = word.to_le_bytes();
    }
    wer_sys::ptrace::registers_from_bytes(&bytes)
}

const ARCH_GET_FS: libc::c_int = 0x1003;
const ARCH_GET_GS: libc::c_int = 0x1004;

fn segment_base(code: libc::c_int) -> u64 {
    let mut base = 0_u64;
    let place = &raw mut base;
    // SAFETY: the kernel writes one word to `base`.
    unsafe { libc::syscall(libc::SYS_arch_prctl, code, place) };
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_this_threads_own() {
        with_registers(|asking| {
            let local = 0_u8;
            let here = (&raw const local).addr() as u64;
            let registers = &asking.registers;
            assert!(
                registers.rsp > here && registers.rsp - here < 1 << 16,
                "{registers:x?} is not around {here:#x}"
            );
            assert_eq!((registers.cs, registers.ss), (0x33, 0x2B));
            assert_ne!((registers.rip, registers.fs_base), (0, 0));
            let mxcsr = asking.fpu.as_ref().map(|fpu| fpu.fxsave[24..28].to_vec());
            assert_eq!(mxcsr, Some(0x1F80_u32.to_le_bytes().to_vec()));
            let xsave = asking.fpu.as_ref().map(|fpu| &fpu.xsave[..]).unwrap_or_default();
            assert!(xsave.is_empty() || xsave.len() > 576, "{} bytes", xsave.len());
            let x87_and_sse = xsave.get(464).map_or(3, |components| components & 3);
            assert_eq!(x87_and_sse, 3, "x87 and SSE are always there");
        });
    }
}
