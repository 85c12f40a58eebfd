//! `siginfo_t` and `ucontext_t` as the kernel lays them out on x86-64, read from bytes of the target.
//!
//! Offsets come from `asm-generic/siginfo.h` and `asm/sigcontext.h`. (`signalfd_siginfo` is another structure, with the
//! address elsewhere.)

use wer_snapshot::{FpuState, MemoryReader, Registers, SignalInfo};
use wer_sys::limits::MAX_XSAVE_BYTES;
use wer_sys::ptrace::SIGINFO_BYTES;

use crate::bytes::{i32_at, u32_at, u64_at};
use crate::classify::has_fault_address;

/// Bytes of a `ucontext_t` up to and with its `sigcontext`.
const UCONTEXT_BYTES: usize = 40 + 256;
/// Offset of the general registers in a `ucontext_t`.
const GREGS: usize = 40;
/// Offset of the pointer to the floating point area.
const FPREGS: usize = GREGS + 23 * 8;
/// Offset of the words in an FXSAVE image that tell of the larger area.
const SW_RESERVED: usize = 464;
/// `FP_XSTATE_MAGIC1`: an XSAVE area follows the FXSAVE image.
const FP_XSTATE_MAGIC1: u32 = 0x4650_5853;

/// Reads the fields of a `siginfo_t`.
pub(crate) fn parse_siginfo(bytes: &[u8; SIGINFO_BYTES]) -> SignalInfo {
    let number = i32_at(bytes, 0).unwrap_or(0);
    let code = i32_at(bytes, 8).unwrap_or(0);
    let address = if has_fault_address(number, code) { u64_at(bytes, 16).unwrap_or(0) } else { 0 };
    SignalInfo { number, errno: i32_at(bytes, 4).unwrap_or(0), code, address }
}

/// Reads a `siginfo_t` of the target.
pub(crate) fn read_siginfo(memory: &dyn MemoryReader, address: u64) -> Option<SignalInfo> {
    let bytes = memory.read_exact(address, SIGINFO_BYTES)?;
    Some(parse_siginfo(bytes.first_chunk::<SIGINFO_BYTES>()?))
}

/// What a signal's frame tells of the moment of the fault.
#[derive(Clone, Debug)]
pub(crate) struct SignalFrame {
    pub(crate) registers: Registers,
    pub(crate) fpu: Option<FpuState>,
    /// `trapno` and error code.
    pub(crate) trap: (u64, u64),
}

/// Reads a `ucontext_t` of the target and the floating point area that it points to.
pub(crate) fn read_ucontext(memory: &dyn MemoryReader, address: u64) -> Option<SignalFrame> {
    let bytes = memory.read_exact(address, UCONTEXT_BYTES)?;
    let word = |index: usize| u64_at(&bytes, GREGS + index * 8);
    let segments = word(18)?;
    let registers = Registers {
        r8: word(0)?,
        r9: word(1)?,
        r10: word(2)?,
        r11: word(3)?,
        r12: word(4)?,
        r13: word(5)?,
        r14: word(6)?,
        r15: word(7)?,
        rdi: word(8)?,
        rsi: word(9)?,
        rbp: word(10)?,
        rbx: word(11)?,
        rdx: word(12)?,
        rax: word(13)?,
        rcx: word(14)?,
        rsp: word(15)?,
        rip: word(16)?,
        eflags: word(17)?,
        cs: segments & 0xFFFF,
        gs: segments >> 16 & 0xFFFF,
        fs: segments >> 32 & 0xFFFF,
        ss: segments >> 48,
        orig_rax: u64::MAX,
        ..Registers::default()
    };
    let trap = (word(20)?, word(19)?);
    let fpu = u64_at(&bytes, FPREGS).filter(|pointer| *pointer != 0).and_then(|at| read_fpu(memory, at));
    Some(SignalFrame { registers, fpu, trap })
}

fn read_fpu(memory: &dyn MemoryReader, address: u64) -> Option<FpuState> {
    let image = memory.read_exact(address, 512)?;
    let fxsave = Box::new(*image.first_chunk::<512>()?);
    let has_xsave = u32_at(&image, SW_RESERVED) == Some(FP_XSTATE_MAGIC1);
    let size = u32_at(&image, SW_RESERVED + 16)
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| has_xsave && (512 + 64..=MAX_XSAVE_BYTES).contains(size));
    let xsave = size.and_then(|size| memory.read_exact(address, size)).unwrap_or_default();
    Some(FpuState { fxsave, xsave })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_memory::TestMemory;

    fn siginfo(number: i32, code: i32, address: u64) -> [u8; SIGINFO_BYTES] {
        let mut bytes = [0; SIGINFO_BYTES];
        bytes[0..4].copy_from_slice(&number.to_le_bytes());
        bytes[8..12].copy_from_slice(&code.to_le_bytes());
        bytes[16..24].copy_from_slice(&address.to_le_bytes());
        bytes
    }

    #[test]
    fn a_faults_address_is_at_offset_16() {
        for address in [0, 0x1234, 0x7fff_1234_5678] {
            assert_eq!(parse_siginfo(&siginfo(11, 1, address)).address, address);
        }
        assert_eq!(parse_siginfo(&siginfo(11, 0x80, 0x99)).address, 0, "SI_KERNEL has none");
        assert_eq!(
            parse_siginfo(&siginfo(6, -6, 0x3e8_0000_1234)).address,
            0,
            "that is a sender, no address"
        );
    }

    #[test]
    fn registers_are_found_in_their_places() {
        let mut frame = vec![0; UCONTEXT_BYTES];
        for index in 0..23usize {
            let value = if index == 18 { 0x002b_0053_0063_0033 } else { 100 + index as u64 };
            frame[GREGS + index * 8..][..8].copy_from_slice(&value.to_le_bytes());
        }
        frame[FPREGS..][..8].copy_from_slice(&0x2000u64.to_le_bytes());
        let mut area = vec![7; 1024];
        area[SW_RESERVED..][..4].copy_from_slice(&FP_XSTATE_MAGIC1.to_le_bytes());
        area[SW_RESERVED + 16..][..4].copy_from_slice(&832u32.to_le_bytes());
        let memory = TestMemory::new([(0x1000, frame), (0x2000, area)]);
        let found = read_ucontext(&memory, 0x1000).expect("a frame");
        let registers = found.registers;
        assert_eq!((registers.r8, registers.rdi, registers.rsp, registers.rip), (100, 108, 115, 116));
        assert_eq!((registers.cs, registers.gs, registers.fs, registers.ss), (0x33, 0x63, 0x53, 0x2b));
        assert_eq!(found.trap, (120, 119));
        let fpu = found.fpu.expect("an area");
        assert_eq!((fpu.fxsave[0], fpu.xsave.len()), (7, 832));
    }

    #[test]
    fn a_lying_frame_gives_less_not_more() {
        let mut frame = vec![0; UCONTEXT_BYTES];
        frame[FPREGS..][..8].copy_from_slice(&u64::MAX.to_le_bytes());
        let memory = TestMemory::new([(0x1000, frame)]);
        assert!(read_ucontext(&memory, 0x1000).expect("a frame").fpu.is_none());
        assert!(read_ucontext(&memory, 0x1001).is_none());
        let mut area = vec![0; 512];
        area[SW_RESERVED..][..4].copy_from_slice(&FP_XSTATE_MAGIC1.to_le_bytes());
        area[SW_RESERVED + 16..][..4].copy_from_slice(&u32::MAX.to_le_bytes());
        let memory = TestMemory::new([(0x2000, area)]);
        assert!(read_fpu(&memory, 0x2000).expect("an image").xsave.is_empty());
    }
}
