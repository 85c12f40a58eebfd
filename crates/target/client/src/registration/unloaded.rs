//! The ring of modules that went away, in memory of its own that the block's header leads to.
//!
//! It is mapped when the first module goes, so that a program that unloads nothing pays nothing, and blocks of older
//! writers and readers stay what they were. Written under the block's lock; an entry's sequence comes last, and is 0
//! while the entry changes.
#![expect(unsafe_code, reason = "maps the list and reaches into it by address")]

use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags};
use wer_abi::Hresult;
use wer_abi::registration::{UNLOADED_MAGIC, UNLOADED_SLOTS, UNLOADED_VERSION, UnloadedEntry, UnloadedList};

use super::Result;
use super::entries::withdraw;
use super::lock::WriteGuard;

/// A module that went away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnloadedModule<'a> {
    pub(crate) base: u64,
    pub(crate) size: u64,
    /// Bytes of the whole path.
    pub(crate) path_bytes: usize,
    /// The last bytes of it that the list has room for, or all.
    pub(crate) path_end: &'a [u8],
}

/// Adds modules that were there when the loader's count of unloaded modules was `unloads_before`, and are gone now that
/// it is `unloads_now`. What another call remembered since then is not remembered again.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] without block or list; [`Hresult::WER_E_INVALID_STATE`] without the lock.
pub(crate) fn remember<'a>(
    gone: impl Iterator<Item = UnloadedModule<'a>>,
    unloads_before: u64,
    unloads_now: u64,
) -> Result<()> {
    let mut gone = gone.peekable();
    if gone.peek().is_none() {
        return Ok(());
    }
    let guard = WriteGuard::take()?;
    let list = list_of(&guard.block().header().unloaded)?;
    for module in gone {
        if !has_since(list, &module, unloads_before) {
            add(list, &module, unloads_now);
        }
    }
    Ok(())
}

/// The list at the address in `place`, made if there is none. For the holder of the lock.
fn list_of(place: &AtomicU64) -> Result<&'static UnloadedList> {
    if let Some(known) = NonNull::new(place.load(Ordering::Acquire) as *mut UnloadedList) {
        // SAFETY: only `list_of` stores addresses there; its mapping is never unmapped, and all of it is atomic.
        let list = unsafe { known.as_ref() };
        // Another version's list is left to its writers.
        let is_ours = list.magic.load(Ordering::Acquire) == UNLOADED_MAGIC
            && list.version.load(Ordering::Relaxed) == UNLOADED_VERSION;
        return if is_ours { Ok(list) } else { Err(Hresult::WER_E_INVALID_STATE) };
    }
    let access = ProtFlags::READ | ProtFlags::WRITE;
    let bytes = size_of::<UnloadedList>();
    // SAFETY: a new mapping at an address that the kernel chooses.
    let mapped =
        unsafe { rustix::mm::mmap_anonymous(core::ptr::null_mut(), bytes, access, MapFlags::PRIVATE) };
    let mapped = mapped.ok().and_then(|mapped| NonNull::new(mapped.cast::<UnloadedList>()));
    let mapped = mapped.ok_or(Hresult::E_OUTOFMEMORY)?;
    // SAFETY: just mapped, large enough, aligned to a page, all zero, which is valid, and never unmapped.
    let list = unsafe { mapped.as_ref() };
    initialize(list);
    place.store(mapped.as_ptr() as u64, Ordering::Release);
    Ok(list)
}

/// Fills a new list, which is all zero. The magic comes last.
fn initialize(list: &UnloadedList) {
    list.version.store(UNLOADED_VERSION, Ordering::Relaxed);
    list.header_bytes.store(offset_of!(UnloadedList, entries) as u32, Ordering::Relaxed);
    list.entry_bytes.store(size_of::<UnloadedEntry>() as u32, Ordering::Relaxed);
    list.entry_count.store(UNLOADED_SLOTS as u32, Ordering::Relaxed);
    list.magic.store(UNLOADED_MAGIC, Ordering::Release);
}

/// The slot of the module that went away as number `number`, from 0.
fn slot(list: &UnloadedList, number: u64) -> &UnloadedEntry {
    &list.entries[number as usize % UNLOADED_SLOTS]
}

/// Adds a module. For the holder of the lock.
fn add(list: &UnloadedList, module: &UnloadedModule<'_>, unloads: u64) {
    let number = list.total.load(Ordering::Relaxed);
    // First: a writer that is lost half way leaves a gap, and never one sequence twice.
    list.total.store(number + 1, Ordering::Relaxed);
    let entry = slot(list, number);
    withdraw(&entry.sequence);
    entry.base.store(module.base, Ordering::Relaxed);
    entry.size.store(module.size, Ordering::Relaxed);
    entry.unloads.store(unloads, Ordering::Relaxed);
    entry.path_bytes.store(u32::try_from(module.path_bytes).unwrap_or(u32::MAX), Ordering::Relaxed);
    for (place, byte) in entry.path.iter().zip(module.path_end) {
        place.store(*byte, Ordering::Relaxed);
    }
    entry.sequence.store(number + 1, Ordering::Release);
}

/// Whether this module was remembered by somebody who saw it gone after the loader's count was `unloads_before`: it is
/// the same going away. For the holder of the lock.
fn has_since(list: &UnloadedList, module: &UnloadedModule<'_>, unloads_before: u64) -> bool {
    list.entries.iter().any(|entry| {
        entry.sequence.load(Ordering::Relaxed) != 0
            && entry.unloads.load(Ordering::Relaxed) > unloads_before
            && entry.base.load(Ordering::Relaxed) == module.base
            && entry.size.load(Ordering::Relaxed) == module.size
            && entry.path_bytes.load(Ordering::Relaxed) as usize == module.path_bytes
            && entry.path.iter().zip(module.path_end).all(|(place, b)| place.load(Ordering::Relaxed) == *b)
    })
}

#[cfg(test)]
mod tests {
    use wer_abi::registration::UNLOADED_PATH_BYTES;

    use super::*;

    fn module(base: u64, path: &[u8]) -> UnloadedModule<'_> {
        let path_end = &path[path.len().saturating_sub(UNLOADED_PATH_BYTES)..];
        UnloadedModule { base, size: 0x3000, path_bytes: path.len(), path_end }
    }

    fn list() -> &'static UnloadedList {
        list_of(&AtomicU64::new(0)).unwrap()
    }

    #[test]
    fn the_last_64_are_kept() {
        let list = list();
        for number in 0..1000 {
            add(list, &module(number << 12, b"/lib/x.so"), number);
        }
        assert_eq!(list.total.load(Ordering::Relaxed), 1000);
        let mut kept: Vec<u64> =
            list.entries.iter().map(|entry| entry.sequence.load(Ordering::Relaxed)).collect();
        kept.sort_unstable();
        assert_eq!(kept, (937..=1000).collect::<Vec<_>>());
        let last = slot(list, 999);
        assert_eq!(
            (last.base.load(Ordering::Relaxed), last.sequence.load(Ordering::Relaxed)),
            (999 << 12, 1000)
        );
    }

    #[test]
    fn long_paths_keep_their_end() {
        let list = list();
        let path = [&b"/"[..], &[b'd'; 600], b"/end.so"].concat();
        add(list, &module(0x1000, &path), 1);
        let entry = slot(list, 0);
        assert_eq!(entry.path_bytes.load(Ordering::Relaxed) as usize, path.len());
        let kept: Vec<u8> = entry.path.iter().map(|byte| byte.load(Ordering::Relaxed)).collect();
        assert_eq!(kept, path[path.len() - UNLOADED_PATH_BYTES..]);
    }

    #[test]
    fn one_going_away_is_remembered_once_and_the_next_one_again() {
        let list = list();
        let gone = module(0x1000, b"/lib/x.so");
        add(list, &gone, 8);
        assert!(has_since(list, &gone, 7), "seen by two that looked before");
        assert!(!has_since(list, &gone, 8), "loaded again since, and gone again");
        assert!(!has_since(list, &module(0x1000, b"/lib/y.so"), 7));
        assert!(!has_since(list, &module(0x2000, b"/lib/x.so"), 7));
    }

    #[test]
    fn a_list_of_another_version_is_left_alone() {
        let place = AtomicU64::new(0);
        let list = list_of(&place).unwrap();
        assert!(core::ptr::eq(list, list_of(&place).unwrap()));
        list.version.store(UNLOADED_VERSION + 1, Ordering::Relaxed);
        assert_eq!(list_of(&place).err(), Some(Hresult::WER_E_INVALID_STATE));
    }
}
