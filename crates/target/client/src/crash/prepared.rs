//! What the crash path needs, prepared by [`attach`](super::attach): one mapping that is made read-only when it is
//! complete, so that an application that runs wild does not change it, and two small stacks.
#![expect(unsafe_code, reason = "lays out C strings and arrays in a mapping of its own")]

use core::ffi::{CStr, c_char, c_void};
use core::ptr::null;
use core::sync::atomic::{AtomicPtr, Ordering};

use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use wer_abi::registration::RegistrationBlock;

use super::syscalls::{KernelSigaction, disposition};

/// The signals that are crashes.
pub(super) const SIGNALS: [i32; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT, libc::SIGTRAP, libc::SIGSYS];

/// Bytes of environment that `werfault` is given at most.
const MAX_ENVIRONMENT_BYTES: usize = 256 * 1024;
/// Variables that it is given at most.
const MAX_VARIABLES: usize = 4096;
/// Bytes of each of the two stacks on which `werfault` is started; a few hundred are used.
const STACK_BYTES: usize = 16 * 1024;
const PAGE_BYTES: usize = 4096;

/// Everything the crash path reads. Never changed once published, never freed.
#[repr(C)]
pub(super) struct Prepared {
    /// The block's address, null = none.
    pub(super) block: *const RegistrationBlock,
    /// Path of `werfault`.
    pub(super) werfault: *const c_char,
    /// Its length.
    pub(super) werfault_bytes: usize,
    /// `werfault --crash`, null at the end.
    pub(super) argv: [*const c_char; 3],
    /// The environment, null at the end.
    pub(super) envp: *const *const c_char,
    /// Where the stack of the middle child begins.
    pub(super) middle_stack_top: *mut c_void,
    /// Where the stack of the child that becomes `werfault` begins.
    pub(super) werfault_stack_top: *mut c_void,
    /// What each of [`SIGNALS`] did before.
    pub(super) previous: [KernelSigaction; SIGNALS.len()],
}

static PREPARED: AtomicPtr<Prepared> = AtomicPtr::new(core::ptr::null_mut());

/// What was prepared, if anything.
pub(super) fn prepared() -> Option<&'static Prepared> {
    // SAFETY: null, or what `prepare` published: complete, read-only, never unmapped.
    unsafe { PREPARED.load(Ordering::Acquire).as_ref() }
}

/// Prepares; whether the memory for it could be had.
pub(super) fn prepare(block: *const RegistrationBlock, werfault: &CStr) -> bool {
    let environment = environment();
    let text_bytes: usize = environment.iter().map(|variable| variable.len() + 1).sum();
    let pointer_bytes = (environment.len() + 1) * size_of::<*const c_char>();
    let names = [c"werfault", c"--crash"];
    let names_bytes: usize = names.iter().map(|name| name.count_bytes() + 1).sum();
    let total = size_of::<Prepared>() + pointer_bytes + werfault.count_bytes() + 1 + names_bytes + text_bytes;

    let Some(stacks) = map(2 * (STACK_BYTES + PAGE_BYTES)) else { return false };
    let Some(memory) = map(total.next_multiple_of(PAGE_BYTES)) else { return false };
    let middle_stack = stacks.wrapping_byte_add(PAGE_BYTES);
    let werfault_stack = middle_stack.wrapping_byte_add(STACK_BYTES + PAGE_BYTES);
    for guard in [stacks, middle_stack.wrapping_byte_add(STACK_BYTES)] {
        // SAFETY: the page below each stack, in the mapping made above.
        let _ = unsafe { rustix::mm::mprotect(guard, PAGE_BYTES, MprotectFlags::empty()) };
    }

    let place = memory.cast::<Prepared>();
    let pointers = place.wrapping_add(1).cast::<*const c_char>();
    let mut text = Text(pointers.wrapping_add(environment.len() + 1).cast());
    let strings = environment.iter().map(|variable| text.add(variable));
    for (number, string) in strings.enumerate() {
        // SAFETY: `pointers` has room for one pointer per variable, and a null one, which is there already.
        unsafe { pointers.wrapping_add(number).write(string) };
    }
    let value = Prepared {
        block,
        werfault: text.add(werfault.to_bytes()),
        werfault_bytes: werfault.count_bytes(),
        argv: [text.add(names[0].to_bytes()), text.add(names[1].to_bytes()), null()],
        envp: pointers,
        middle_stack_top: middle_stack.wrapping_byte_add(STACK_BYTES),
        werfault_stack_top: werfault_stack.wrapping_byte_add(STACK_BYTES),
        previous: SIGNALS.map(|signal| disposition(signal).unwrap_or(KernelSigaction::DEFAULT)),
    };
    // SAFETY: the start of the new mapping, which is aligned to a page and large enough.
    unsafe { place.write(value) };
    // SAFETY: the mapping made above, which is complete; its address is known to nobody yet.
    let _ = unsafe { rustix::mm::mprotect(memory, total, MprotectFlags::READ) };
    PREPARED.store(place, Ordering::Release);
    true
}

/// Lays C strings one behind the other into zeroed memory.
struct Text(*mut u8);

impl Text {
    fn add(&mut self, bytes: &[u8]) -> *const c_char {
        let start = self.0;
        // SAFETY: `prepare` sized the mapping for all strings with their terminators.
        unsafe { start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.0 = start.wrapping_add(bytes.len() + 1);
        start.cast_const().cast()
    }
}

fn map(bytes: usize) -> Option<*mut c_void> {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address that the kernel chooses.
    unsafe { rustix::mm::mmap_anonymous(core::ptr::null_mut(), bytes, access, MapFlags::PRIVATE) }.ok()
}

/// The environment as it is now, without what would load other code into `werfault` (`LD_PRELOAD` above all, which
/// `wer run` sets for the application). None in a process that runs with more rights than its user, who wrote it.
pub(super) fn environment() -> Vec<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    if super::werfault_path::is_privileged() {
        return Vec::new();
    }
    let mut room = MAX_ENVIRONMENT_BYTES;
    std::env::vars_os()
        .filter(|(name, _)| !name.as_bytes().starts_with(b"LD_"))
        .map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat())
        .filter(|variable| {
            let fits = variable.len() < room;
            room -= if fits { variable.len() + 1 } else { 0 };
            fits
        })
        .take(MAX_VARIABLES)
        .collect()
}
