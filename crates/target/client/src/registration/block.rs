//! Finds the process's registration block, or makes it, and gives access to its parts.
//!
//! The block is a private mapping of a memfd without a descriptor. Where memfd is refused it is anonymous memory
//! between two inaccessible pages: then its line in `maps` has exactly its size, and it starts with its magic.
#![expect(unsafe_code, reason = "maps the block and reaches into it by address")]

use core::ffi::c_void;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, AtomicU16, AtomicU64, Ordering};

use rustix::fs::MemfdFlags;
use rustix::io::Errno;
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags};
use rustix::path::Arg;
use rustix::process::Resource;
use wer_abi::Hresult;
use wer_abi::registration::{
    Entry, Header, INDEX_SLOTS, LastWordsArea, MAGIC, MAPPING_NAME, ModuleEntry, RegistrationBlock,
    TextPayload, VERSION,
};

use super::Result;
use super::creation::CreationMutex;
use super::identity::Identity;
use crate::maps::{self, Mapping};

/// Bytes of the block, a whole number of pages.
pub(super) const BLOCK_BYTES: usize = size_of::<RegistrationBlock>();
const PAGE_BYTES: usize = 4096;
const _: () = assert!(BLOCK_BYTES.is_multiple_of(PAGE_BYTES));

/// What this copy of the client uses; null before its first call.
static BLOCK: AtomicPtr<RegistrationBlock> = AtomicPtr::new(core::ptr::null_mut());

/// The process's block. It is never unmapped.
#[derive(Clone, Copy)]
pub(crate) struct Block(NonNull<RegistrationBlock>);

// SAFETY: the block is never unmapped, what is read without its lock is atomic, and the rest is written under its lock.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

/// The block of this process, looked for or made on the first call.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] when there is none and none can be mapped.
pub(crate) fn block() -> Result<Block> {
    match NonNull::new(BLOCK.load(Ordering::Acquire)) {
        Some(block) => Ok(Block(block)),
        None => first_call(),
    }
}

/// Where the block of this process is; it is made if there is none.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] when it cannot be mapped.
pub fn block_address() -> Result<usize> {
    Ok(block()?.0.as_ptr() as usize)
}

#[cold]
fn first_call() -> Result<Block> {
    let _only_one = CreationMutex::enter();
    let found = find_in(maps::OWN_MAPS, has_own_magic).and_then(|address| NonNull::new(address as *mut _));
    let block = match found {
        Some(block) => block,
        None => {
            let block = map_memfd().or_else(|_| map_anonymous()).map_err(|_| Hresult::E_OUTOFMEMORY)?;
            initialize(Block(block));
            block
        }
    };
    BLOCK.store(block.as_ptr(), Ordering::Release);
    Ok(Block(block))
}

/// Address of the block that the file `maps` shows; `has_magic` answers for anonymous candidates.
pub(super) fn find_in(maps: impl Arg, mut has_magic: impl FnMut(usize) -> bool) -> Option<usize> {
    maps::find(maps, |mapping| {
        let wanted = is_shaped_like_block(mapping) && (is_named(mapping) || mapping.path.is_empty());
        (wanted && has_magic(mapping.start)).then_some(mapping.start)
    })
}

fn is_shaped_like_block(mapping: &Mapping<'_>) -> bool {
    mapping.permissions == b"rw-p" && mapping.end.checked_sub(mapping.start) == Some(BLOCK_BYTES)
}

fn is_named(mapping: &Mapping<'_>) -> bool {
    [&b"/memfd:"[..], b"[anon:"].iter().any(|prefix| {
        mapping.path.strip_prefix(*prefix).is_some_and(|name| name.starts_with(MAPPING_NAME.as_bytes()))
    })
}

/// Whether a mapping of this process starts with magic and version. Asks the kernel to read it: a mapping that is not
/// ours may be gone by now.
fn has_own_magic(address: usize) -> bool {
    const BYTES: usize = 12;
    let mut start = [0_u8; BYTES];
    let local = libc::iovec { iov_base: start.as_mut_ptr().cast(), iov_len: BYTES };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: BYTES };
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    // SAFETY: writes at most BYTES bytes to `start`; a bad remote address is an error, not a fault.
    let count = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    count == BYTES as isize && is_magic(&start)
}

/// Magic and version as a reader finds them.
pub(super) fn is_magic(start: &[u8; 12]) -> bool {
    start[..8] == MAGIC.to_le_bytes() && start[8..] == VERSION.to_le_bytes()
}

fn map_memfd() -> core::result::Result<NonNull<RegistrationBlock>, Errno> {
    // To grow a file beyond this limit is a SIGXFSZ, which nobody asked for.
    let limit = rustix::process::getrlimit(Resource::Fsize).current;
    if limit.is_some_and(|limit| limit < BLOCK_BYTES as u64) {
        return Err(Errno::FBIG);
    }
    let sealed = MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL;
    let memfd = rustix::fs::memfd_create(MAPPING_NAME, sealed)
        .or_else(|_| rustix::fs::memfd_create(MAPPING_NAME, MemfdFlags::CLOEXEC))?;
    rustix::fs::ftruncate(&memfd, BLOCK_BYTES as u64)?;
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping at an address that the kernel chooses.
    let mapped = unsafe {
        rustix::mm::mmap(core::ptr::null_mut(), BLOCK_BYTES, access, MapFlags::PRIVATE, &memfd, 0)
    }?;
    NonNull::new(mapped.cast()).ok_or(Errno::NOMEM)
}

fn map_anonymous() -> core::result::Result<NonNull<RegistrationBlock>, Errno> {
    // SAFETY: a new mapping at an address that the kernel chooses.
    let mapped = unsafe {
        rustix::mm::mmap_anonymous(
            core::ptr::null_mut(),
            BLOCK_BYTES + 2 * PAGE_BYTES,
            ProtFlags::empty(),
            MapFlags::PRIVATE,
        )
    }?;
    let block = mapped.wrapping_byte_add(PAGE_BYTES);
    // SAFETY: the pages between the two outer ones of the mapping made above, which nobody else knows.
    unsafe { rustix::mm::mprotect(block, BLOCK_BYTES, MprotectFlags::READ | MprotectFlags::WRITE) }?;
    // SAFETY: the same pages, readable by now, and named before anybody writes to them.
    let region = unsafe { core::slice::from_raw_parts(block.cast::<u8>(), BLOCK_BYTES) };
    // Not in every kernel; the size and the magic tell it too.
    let _ = rustix::process::set_virtual_memory_region_name(region, Some(c"wer-registration"));
    NonNull::new(block.cast()).ok_or(Errno::NOMEM)
}

/// Fills a new block, which is all zero. The magic comes last: until then nobody takes it for a block.
fn initialize(block: Block) {
    // SAFETY: computes an address within the mapping.
    let block_bytes = unsafe { &raw mut (*block.0.as_ptr()).header.block_bytes };
    // SAFETY: the block was just mapped writable and is known to this thread only.
    unsafe { block_bytes.write(BLOCK_BYTES as u64) };
    let header = block.header();
    header.version.store(VERSION, Ordering::Relaxed);
    header.next_sequence.store(1, Ordering::Relaxed);
    header.owner_pid.store(Identity::current().pid, Ordering::Relaxed);
    let slots = block.free_entries();
    for (place, slot) in slots.iter().zip((0..slots.len() as u16).rev()) {
        place.store(slot, Ordering::Relaxed);
    }
    header.free_count.store(slots.len() as u32, Ordering::Relaxed);
    header.magic.store(MAGIC, Ordering::Release);
}

impl Block {
    /// The header. All its fields that change are atomic, except the text of `capture`, which only `werfault` writes
    /// and nobody in this process reads.
    pub(crate) fn header(self) -> &'static Header {
        // SAFETY: the mapping is never unmapped and any bytes are valid for these fields.
        unsafe { &(*self.0.as_ptr()).header }
    }

    /// The entries' fixed parts.
    pub(super) fn entries(self) -> &'static [Entry] {
        // SAFETY: as for `header`.
        unsafe { &(*self.0.as_ptr()).entries }
    }

    /// The stack of free slots.
    pub(super) fn free_entries(self) -> &'static [AtomicU16] {
        // SAFETY: as for `header`.
        unsafe { &(*self.0.as_ptr()).free_entries }
    }

    /// The address index.
    pub(super) fn address_index(self) -> &'static [AtomicU16; INDEX_SLOTS] {
        // SAFETY: as for `header`.
        unsafe { &(*self.0.as_ptr()).address_index }
    }

    /// Text of the entry in `slot`.
    pub(super) fn payload(self, slot: usize) -> Option<*mut TextPayload> {
        // SAFETY: computes an address within the mapping.
        let payloads = unsafe { &raw mut (*self.0.as_ptr()).payloads };
        (slot < self.entries().len()).then(|| payloads.cast::<TextPayload>().wrapping_add(slot))
    }

    /// The last words.
    pub(super) fn last_words(self) -> *mut LastWordsArea {
        // SAFETY: computes an address within the mapping.
        unsafe { &raw mut (*self.0.as_ptr()).last_words }
    }

    /// The slots for runtime exception modules.
    pub(super) fn modules(self) -> impl Iterator<Item = ModuleSlot> {
        // SAFETY: computes an address within the mapping.
        let modules = unsafe { &raw mut (*self.0.as_ptr()).modules };
        let first = modules.cast::<ModuleEntry>();
        (0..MODULE_SLOTS).map(move |slot| ModuleSlot(first.wrapping_add(slot)))
    }

    /// Address of the block.
    pub(crate) fn address(self) -> *const RegistrationBlock {
        self.0.as_ptr()
    }
}

const MODULE_SLOTS: usize = wer_abi::limits::WER_MAX_REGISTERED_RUNTIME_EXCEPTION_MODULES;

/// One slot for a runtime exception module.
#[derive(Clone, Copy)]
pub(super) struct ModuleSlot(*mut ModuleEntry);

impl ModuleSlot {
    /// 0 = free.
    pub(super) fn sequence(self) -> &'static AtomicU64 {
        // SAFETY: a slot of the block, which is never unmapped.
        unsafe { &(*self.0).sequence }
    }

    /// The context.
    pub(super) fn context(self) -> &'static AtomicU64 {
        // SAFETY: as for `sequence`.
        unsafe { &(*self.0).context }
    }

    /// The path.
    pub(super) fn path(self) -> *mut TextPayload {
        // SAFETY: computes an address within the block.
        unsafe { &raw mut (*self.0).path }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A block of its own for one test, in heap memory, where nobody looks for it. Leaks it.
    pub(in crate::registration) fn private_block() -> Block {
        let layout = std::alloc::Layout::new::<RegistrationBlock>();
        // SAFETY: the layout is not empty.
        let memory = unsafe { std::alloc::alloc_zeroed(layout) };
        let block = Block(NonNull::new(memory.cast()).unwrap());
        initialize(block);
        block
    }

    #[test]
    fn anonymous_memory_has_a_line_of_its_own() {
        let mapped = map_anonymous().unwrap().as_ptr() as usize;
        assert_eq!(find_in(maps::OWN_MAPS, |address| address == mapped), Some(mapped));
        assert!(!has_own_magic(mapped));
        assert!(has_own_magic(block_address().unwrap()));
    }

    #[test]
    fn the_memfd_is_found_by_its_name_and_only_one_is_made() {
        let address = block_address().unwrap();
        let line = maps::find(maps::OWN_MAPS, |mapping| {
            (mapping.start == address).then(|| (is_shaped_like_block(mapping), mapping.path.to_vec()))
        });
        assert_eq!(line.unwrap(), (true, b"/memfd:wer-registration (deleted)".to_vec()));
        BLOCK.store(core::ptr::null_mut(), Ordering::Release);
        assert_eq!(first_call().unwrap().address() as usize, address);
    }

    #[test]
    fn nothing_is_read_where_nothing_is() {
        assert!(!has_own_magic(PAGE_BYTES));
        assert!(find_in("/nonexistent/maps", |_| true).is_none());
    }
}
