//! Where an injected system call leads when nobody is there to catch it: a signal frame that gives the thread
//! everything back, made before its registers are touched.
//!
//! While a system call is injected, the thread's registers are not its own. Should we be killed then, the thread runs
//! on with them: it returns from the call into two instructions (`pop rax; ret`) that lead to `rt_sigreturn`, and that
//! one restores registers, floating point and signal mask from the frame. The copy that the call made has a stack
//! pointer of its own, at which the same two instructions lead to `exit_group`. In the ordinary course neither runs.
//!
//! Pure: values in, bytes out. The frame lies below the thread's red zone, as a signal's would.

use wer_snapshot::Registers;

/// The two pieces of the target's own code that an injection needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pieces {
    /// `syscall; ret`.
    pub(crate) system_call: u64,
    /// `pop rax; ret`.
    pub(crate) pop_rax: u64,
}

/// A frame on its way into the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Landing {
    /// Where it is to lie.
    pub(crate) base: u64,
    /// The frame.
    pub(crate) bytes: Vec<u8>,
    /// Stack pointer of the thread during the call.
    pub(crate) stack: u64,
    /// Stack pointer of a copy that the call makes.
    pub(crate) copy_stack: u64,
}

/// Below a stack pointer the ABI keeps this many bytes for the function that runs.
const RED_ZONE_BYTES: u64 = 128;
/// Three words lead from a `ret` to a system call.
const CHAIN_BYTES: u64 = 24;
/// `struct ucontext` as `rt_sigreturn` reads it.
const CONTEXT_BYTES: u64 = 304;
const FXSAVE_BYTES: usize = 512;
/// What the kernel keeps for itself in an FXSAVE image (`struct _fpx_sw_bytes`).
const SOFTWARE_BYTES_OFFSET: usize = 464;
const FP_XSTATE_MAGIC1: u32 = 0x4650_5853;
const FP_XSTATE_MAGIC2: u32 = 0x4650_5845;
/// Contents of the AMX tiles: only in the frames of threads that asked for them, at this offset.
const TILE_DATA: (u64, usize) = (1 << 18, 2816);
const UC_FP_XSTATE: u64 = 1;
const UC_SIGCONTEXT_SS_STRICT: u64 = 2 | 4;
/// No stack has these flags: `rt_sigreturn` leaves the alternate stack as it is.
const NO_STACK_FLAGS: u64 = 0x4000;

/// Makes the frame. `xsave` is the thread's XSAVE area (or FXSAVE image); `None` when there can be no room for it.
pub(crate) fn landing(registers: &Registers, mask: u64, xsave: &[u8], pieces: Pieces) -> Option<Landing> {
    let float = floating_point(xsave)?;
    let top = registers.rsp.checked_sub(RED_ZONE_BYTES)?;
    let float_at = top.checked_sub(float.len() as u64)? & !63;
    let stack = float_at.checked_sub(CHAIN_BYTES + CONTEXT_BYTES)?;
    let copy_stack = stack.checked_sub(CHAIN_BYTES)?;
    let mut bytes = Vec::with_capacity(usize::try_from(float_at - copy_stack).ok()? + float.len());
    put(&mut bytes, &chain(pieces, libc::SYS_exit_group));
    put(&mut bytes, &chain(pieces, libc::SYS_rt_sigreturn));
    let has_extended = xsave.len() > FXSAVE_BYTES;
    put(&mut bytes, &[UC_SIGCONTEXT_SS_STRICT | if has_extended { UC_FP_XSTATE } else { 0 }, 0]);
    put(&mut bytes, &[0, NO_STACK_FLAGS, 0]);
    put(&mut bytes, &machine_context(registers, float_at));
    put(&mut bytes, &[mask]);
    bytes.resize(usize::try_from(float_at - copy_stack).ok()?, 0);
    bytes.extend(float);
    Some(Landing { base: copy_stack, bytes, stack, copy_stack })
}

fn put(bytes: &mut Vec<u8>, words: &[u64]) {
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

const fn chain(pieces: Pieces, call: libc::c_long) -> [u64; 3] {
    [pieces.pop_rax, call.cast_unsigned(), pieces.system_call]
}

/// `struct sigcontext_64`.
fn machine_context(registers: &Registers, float_at: u64) -> [u64; 32] {
    let (rip, rax) = resumption(registers);
    let r = registers;
    let selector = |value: u64| value & 0xffff;
    let selectors = selector(r.cs) | selector(r.gs) << 16 | selector(r.fs) << 32 | selector(r.ss) << 48;
    let mut words = [0; 32];
    words[..19].copy_from_slice(&[
        r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rdi, r.rsi, r.rbp, r.rbx, r.rdx, rax, r.rcx,
        r.rsp, rip, r.eflags, selectors,
    ]);
    words[23] = float_at;
    words
}

/// Where a thread goes on, and its RAX: what the kernel itself does to a system call that a stop interrupted.
fn resumption(registers: &Registers) -> (u64, u64) {
    const SYSCALL_INSTRUCTION_BYTES: u64 = 2;
    let again = registers.rip.wrapping_sub(SYSCALL_INSTRUCTION_BYTES);
    if registers.orig_rax.cast_signed() < 0 {
        return (registers.rip, registers.rax);
    }
    match registers.rax.cast_signed() {
        // ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND.
        -514..=-512 => (again, registers.orig_rax),
        // ERESTART_RESTARTBLOCK: `rt_sigreturn` drops the block, so this one ends with EINTR.
        -516 => (again, libc::SYS_restart_syscall.cast_unsigned()),
        _ => (registers.rip, registers.rax),
    }
}

/// The floating point state as a signal's frame holds it.
fn floating_point(xsave: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| Some(u64::from_le_bytes(*xsave.get(at..)?.first_chunk()?));
    if xsave.len() <= FXSAVE_BYTES {
        let mut bytes = xsave.get(..FXSAVE_BYTES)?.to_vec();
        bytes[SOFTWARE_BYTES_OFFSET..].fill(0);
        return Some(bytes);
    }
    let (mut features, in_use) = (word(SOFTWARE_BYTES_OFFSET)?, word(FXSAVE_BYTES)?);
    let mut size = xsave.len();
    if features & TILE_DATA.0 != 0 && in_use & TILE_DATA.0 == 0 {
        (features, size) = (features & !TILE_DATA.0, size.min(TILE_DATA.1));
    }
    let mut bytes = xsave.get(..size)?.to_vec();
    let size = u32::try_from(size).ok()?;
    let mut own = Vec::with_capacity(FXSAVE_BYTES - SOFTWARE_BYTES_OFFSET);
    own.extend(FP_XSTATE_MAGIC1.to_le_bytes());
    own.extend((size + 4).to_le_bytes());
    own.extend(features.to_le_bytes());
    own.extend(size.to_le_bytes());
    own.resize(FXSAVE_BYTES - SOFTWARE_BYTES_OFFSET, 0);
    bytes[SOFTWARE_BYTES_OFFSET..FXSAVE_BYTES].copy_from_slice(&own);
    bytes.extend(FP_XSTATE_MAGIC2.to_le_bytes());
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIECES: Pieces = Pieces { system_call: 0x1111, pop_rax: 0x2222 };

    fn word(landing: &Landing, address: u64) -> u64 {
        let at = usize::try_from(address - landing.base).expect("within the frame");
        u64::from_le_bytes(landing.bytes[at..at + 8].try_into().expect("eight bytes"))
    }

    #[test]
    fn both_chains_lead_to_their_call() {
        let registers = Registers { rsp: 0x7fff_0000_1238, rip: 5, ..Registers::default() };
        let landing = landing(&registers, 0xabcd, &[0; 1088], PIECES).expect("a frame");
        for (stack, call) in [(landing.stack, 15), (landing.copy_stack, 231)] {
            let chain = [0, 8, 16].map(|offset| word(&landing, stack + offset));
            assert_eq!(chain, [0x2222, call, 0x1111]);
        }
        let context = landing.stack + 24;
        assert_eq!(word(&landing, context), 7);
        assert_eq!(word(&landing, context + 40 + 15 * 8), registers.rsp);
        assert_eq!(word(&landing, context + 40 + 16 * 8), 5);
        assert_eq!(word(&landing, context + 296), 0xabcd);
        let float = word(&landing, context + 40 + 23 * 8);
        assert_eq!(float % 64, 0);
        assert_eq!(landing.base + landing.bytes.len() as u64, float + 1088 + 4);
        assert!(float + 1088 + 4 <= registers.rsp - 128, "the red zone is kept");
        assert_eq!(word(&landing, float + 464) as u32, FP_XSTATE_MAGIC1);
        assert_eq!(word(&landing, float + 1084) >> 32, u64::from(FP_XSTATE_MAGIC2));
    }

    #[test]
    fn interrupted_calls_are_begun_again() {
        let call = |rax: i64, orig: i64| {
            let (rax, orig_rax) = (rax.cast_unsigned(), orig.cast_unsigned());
            resumption(&Registers { rip: 100, rax, orig_rax, ..Registers::default() })
        };
        for code in [-512, -513, -514] {
            assert_eq!(call(code, 23), (98, 23));
        }
        assert_eq!(call(-516, 35), (98, 219));
        assert_eq!(call(-4, 23), (100, (-4i64).cast_unsigned()));
        assert_eq!(call(-512, -1), (100, (-512i64).cast_unsigned()), "a value of its own, not a code");
    }

    #[test]
    fn unused_tiles_are_left_out() {
        let mut xsave = vec![0; 11_008];
        xsave[464..472].copy_from_slice(&(7u64 | TILE_DATA.0).to_le_bytes());
        assert_eq!(floating_point(&xsave).expect("a frame").len(), 2816 + 4);
        xsave[512..520].copy_from_slice(&TILE_DATA.0.to_le_bytes());
        assert_eq!(floating_point(&xsave).expect("a frame").len(), 11_008 + 4);
    }

    #[test]
    fn a_stack_at_the_bottom_of_memory_has_no_room() {
        let registers = Registers { rsp: 300, ..Registers::default() };
        assert_eq!(landing(&registers, 0, &[0; 1088], PIECES), None);
        assert_eq!(landing(&Registers::default(), 0, &[0; 100], PIECES), None);
    }
}
