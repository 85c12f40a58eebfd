//! What the loader has loaded at one moment, as `dl_iterate_phdr` tells it.
//!
//! The loader holds its lock while it calls back. So nothing is allocated there: an allocator that takes stack traces
//! may be waiting for that lock with its own held. Room is made before, by counting first.
#![expect(unsafe_code, reason = "calls dl_iterate_phdr and reads what it hands over")]

use core::ffi::{CStr, c_int, c_void};

use wer_abi::registration::UNLOADED_PATH_BYTES;

/// Times that the modules are counted and then did not fit, because other threads loaded more meanwhile.
const MAX_ROUNDS: usize = 4;
/// Room for so many more modules than were counted.
const SPARE_MODULES: usize = 8;

/// One module.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadedModule {
    /// First address of its first segment.
    pub(super) base: u64,
    /// Bytes to the end of its last segment.
    pub(super) size: u64,
    /// Bytes of its whole path.
    pub(super) path_bytes: usize,
    /// Where the end of its path begins in `paths`.
    path_start: usize,
}

/// All modules of the loader's first namespace.
#[derive(Debug, Default)]
pub(super) struct LoadedModules {
    unload_count: u64,
    modules: Vec<LoadedModule>,
    paths: Vec<u8>,
    /// What there was no room for.
    left_out: usize,
}

/// Modules and bytes of paths.
#[derive(Default)]
struct Count {
    modules: usize,
    path_bytes: usize,
}

impl LoadedModules {
    /// What is loaded now; nothing when there is no memory for it.
    pub(super) fn now() -> Self {
        let mut list = Self::default();
        for _ in 0..MAX_ROUNDS {
            let mut count = Count::default();
            for_each(|info| {
                count.modules += 1;
                count.path_bytes += path_of(info).len().min(UNLOADED_PATH_BYTES);
                true
            });
            list = Self::default();
            let modules = list.modules.try_reserve_exact(count.modules + SPARE_MODULES);
            let room = count.path_bytes + SPARE_MODULES * UNLOADED_PATH_BYTES;
            if modules.and_then(|()| list.paths.try_reserve_exact(room)).is_err() {
                return Self::default();
            }
            for_each(|info| {
                list.take(info);
                true
            });
            if list.left_out == 0 {
                break;
            }
        }
        list
    }

    /// The loader's count of modules unloaded so far.
    pub(super) const fn unload_count(&self) -> u64 {
        self.unload_count
    }

    /// The modules that `later` does not have.
    pub(super) fn without<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = &'a LoadedModule> {
        // A later list that is not whole would make modules look gone.
        let known = if later.left_out == 0 && !later.modules.is_empty() { &self.modules[..] } else { &[] };
        known.iter().filter(|module| {
            !later.modules.iter().any(|other| {
                (other.base, other.size, other.path_bytes) == (module.base, module.size, module.path_bytes)
                    && later.path_end(other) == self.path_end(module)
            })
        })
    }

    /// The last bytes of a module's path.
    pub(super) fn path_end(&self, module: &LoadedModule) -> &[u8] {
        let length = module.path_bytes.min(UNLOADED_PATH_BYTES);
        self.paths.get(module.path_start..).and_then(|rest| rest.get(..length)).unwrap_or_default()
    }

    /// Adds a module if there is room; allocates nothing.
    fn take(&mut self, info: &libc::dl_phdr_info) {
        self.unload_count = info.dlpi_subs;
        let path = path_of(info);
        let end = &path[path.len().saturating_sub(UNLOADED_PATH_BYTES)..];
        let fits = self.modules.len() < self.modules.capacity()
            && end.len() <= self.paths.capacity() - self.paths.len();
        if !fits {
            self.left_out += 1;
            return;
        }
        let (base, size) = extent(info);
        let path_start = self.paths.len();
        self.paths.extend_from_slice(end);
        self.modules.push(LoadedModule { base, size, path_bytes: path.len(), path_start });
    }
}

/// The loader's count of modules unloaded so far.
pub(super) fn unload_count() -> u64 {
    let mut unloaded = 0;
    for_each(|info| {
        unloaded = info.dlpi_subs;
        false
    });
    unloaded
}

/// First address and bytes of what a module's segments take.
fn extent(info: &libc::dl_phdr_info) -> (u64, u64) {
    const PAGE_MASK: u64 = 4095;
    let headers = match info.dlpi_phdr.is_null() {
        true => &[][..],
        // SAFETY: the loader hands over as many headers as it says, which stay while it calls back.
        false => unsafe { core::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) },
    };
    let loaded = || headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
    let start = loaded().map(|header| header.p_vaddr & !PAGE_MASK).min().unwrap_or(0);
    let end = loaded().map(|header| header.p_vaddr.saturating_add(header.p_memsz)).max().unwrap_or(0);
    let end = end.saturating_add(PAGE_MASK) & !PAGE_MASK;
    (info.dlpi_addr.wrapping_add(start), end.saturating_sub(start))
}

fn path_of(info: &libc::dl_phdr_info) -> &[u8] {
    if info.dlpi_name.is_null() {
        return &[];
    }
    // SAFETY: the loader's own string, which stays while it calls back.
    unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes()
}

/// Shows `look` every module until it answers no.
fn for_each<F: FnMut(&libc::dl_phdr_info) -> bool>(mut look: F) {
    unsafe extern "C" fn call<F: FnMut(&libc::dl_phdr_info) -> bool>(
        info: *mut libc::dl_phdr_info,
        _size: libc::size_t,
        look: *mut c_void,
    ) -> c_int {
        // SAFETY: the closure that `for_each` lent.
        let look = unsafe { &mut *look.cast::<F>() };
        // SAFETY: the loader's own description of a module, which stays while it calls back.
        c_int::from(!look(unsafe { &*info }))
    }
    // SAFETY: `call` gets the closure back as what it is, and only until this call ends.
    unsafe { libc::dl_iterate_phdr(Some(call::<F>), (&raw mut look).cast()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_loaded_is_there_with_its_extent_and_path() {
        let here = what_is_loaded_is_there_with_its_extent_and_path as fn() as usize as u64;
        let all = LoadedModules::now();
        assert!(all.modules.iter().any(|module| (module.base..module.base + module.size).contains(&here)));
        let libc = all.modules.iter().find(|module| all.path_end(module).ends_with(b"libc.so.6")).unwrap();
        let open = libc::open as unsafe extern "C" fn(_, _, ...) -> _ as usize as u64;
        assert!((libc.base..libc.base + libc.size).contains(&open));
        assert_eq!(all.without(&LoadedModules::now()).count(), 0);
        assert_eq!(all.unload_count(), unload_count());
    }

    #[test]
    fn what_a_later_list_lacks_went_away_but_nothing_is_known_without_a_whole_list() {
        let all = LoadedModules::now();
        let mut later = LoadedModules::now();
        let gone = later.modules.pop().unwrap();
        let names: Vec<u64> = all.without(&later).map(|module| module.base).collect();
        assert_eq!(names, [gone.base]);
        later.left_out = 1;
        assert_eq!(all.without(&later).count(), 0);
        assert_eq!(all.without(&LoadedModules::default()).count(), 0);
    }
}
