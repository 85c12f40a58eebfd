//! Register contexts with values that tell where they came from.

use crate::section::Section;

/// A context of x86-64. Every register that is not given here has a value of its own.
#[derive(Clone, Copy, Debug)]
pub struct Amd64 {
    /// `ContextFlags`.
    pub flags: u32,
    /// Instruction pointer.
    pub rip: u64,
    /// Stack pointer.
    pub rsp: u64,
}

impl Amd64 {
    /// A context with general, segment and floating point registers.
    #[must_use]
    pub const fn new(rip: u64, rsp: u64) -> Self {
        Self { flags: 0x0010_000F, rip, rsp }
    }

    /// Its 1,232 bytes.
    #[must_use]
    pub fn section(self) -> Section {
        let homes = Section::new().zeros(48).u32(self.flags).u32(0x1F80);
        let segments = [0x33_u16, 0x2B, 0x2B, 0x53, 0x2B, 0x2B].iter().fold(homes, |s, value| s.u16(*value));
        // rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15, rip.
        let mut general: Vec<u64> = (0..16).map(|index| 0x1111_0000_0000_0000 | index).collect();
        general[4] = self.rsp;
        let float =
            segments.u32(0x246).zeros(48).u64s(&general).u64(self.rip).u16(0x37F).zeros_to(0x100 + 24);
        let stack = float.u32(0x1F80).u32(0xFFFF).zeros(128);
        let xmm = (0..16_u8).fold(stack, |section, index| section.bytes(&[0xA0 | index; 16]));
        xmm.zeros_to(1_232)
    }
}

/// A context with the state that AVX-512 machines have: `ymm`, `zmm`, `k` and PKRU, in the standard form; its `XSAVE` header
/// lies at the next multiple of 64 behind the `CONTEXT_EX`.
#[must_use]
pub fn amd64_extended(context: Amd64) -> Section {
    let flags = context.flags | 0x40;
    let base = 1_232_u32;
    let header_at = 1_280_u32;
    // The state's length: from the header to the end of PKRU at 2,696 of the area, less the area's first 512 bytes.
    let length = 2_696 - 512;
    let place = |offset: i32, length: u32| [offset.cast_unsigned(), length];
    let all = place(-1_232, header_at + length);
    let legacy = place(-1_232, base);
    let state = place((header_at - base).cast_signed(), length);
    let section = Amd64 { flags, ..context }.section();
    let ex = section.u32s(&all).u32s(&legacy).u32s(&state).zeros_to(header_at as usize);
    let header = ex.u64(0x2E7).u64(0).zeros(48);
    let high_ymm = (0..16_u8).fold(header, |section, index| section.bytes(&[0xB0 | index; 16]));
    let from_header = |area_offset: usize| header_at as usize - 512 + area_offset;
    let masks = (0..8_u64).fold(high_ymm.zeros_to(from_header(1_088)), |section, k| section.u64(0xC0 | k));
    let high_zmm =
        (0..16_u8).fold(masks.zeros_to(from_header(1_152)), |s, index| s.bytes(&[0xD0 | index; 32]));
    let upper =
        (0..16_u8).fold(high_zmm.zeros_to(from_header(1_664)), |s, index| s.bytes(&[0xE0 | index; 64]));
    upper.zeros_to(from_header(2_688)).u64(0x5555_5554)
}

/// A context of 32-bit x86: 716 bytes.
#[must_use]
pub fn x86(eip: u32, esp: u32) -> Section {
    let general = [1, 2, 3, 4, 5, 6, 7, eip, 0x23, 0x246, esp, 0x2B];
    Section::new().u32(0x0001_0007).zeros_to(140).u32s(&[0, 0x53, 0x2B, 0x2B]).u32s(&general).zeros_to(716)
}
