//! File mappings: `CreateFileMapping`, `OpenFileMapping`, `MapViewOfFile`, `UnmapViewOfFile`.
//!
//! A mapping's handle is the handle of a file: of the caller's, of one in memory, or of one that has a name
//! ([`crate::named`]). What may be done to its memory is decided per view.
#![expect(unsafe_code, reason = "maps memory for the caller")]

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::Mutex;

use core::ffi::c_void;

use rustix::fs::{MemfdFlags, fstat, ftruncate, memfd_create};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use wer_abi::Handle;
use wer_abi::handle::HandleKind;

use crate::error::Win32Error;
use crate::named::{self, Kind};
use crate::object::{borrow, into_number};

/// Views that a process may have.
const MAX_VIEWS: usize = 4096;
const PAGE_BYTES: u64 = 4096;

/// What a view is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ViewAccess {
    /// `FILE_MAP_READ`.
    Read,
    /// `FILE_MAP_WRITE`, which Windows lets read too.
    Write,
    /// `FILE_MAP_COPY`: what is written stays in this process.
    Copy,
}

/// A mapping, and whether it was there before under its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CreatedMapping {
    /// To be closed by the caller.
    pub handle: Handle,
    /// `ERROR_ALREADY_EXISTS`; its size is what it was.
    pub existed: bool,
}

/// Sizes of views by their addresses: to end a view, Windows' callers give its address only.
static VIEWS: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

fn views() -> std::sync::MutexGuard<'static, BTreeMap<usize, usize>> {
    VIEWS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn file_of(mapping: Handle) -> Result<u16, Win32Error> {
    match mapping.kind() {
        Some(HandleKind::File { file_fd }) => Ok(file_fd),
        _ => Err(Win32Error::INVALID_HANDLE),
    }
}

/// `CreateFileMapping`: of `file`, or of `size` bytes of zeros, which may have a name. A file that is shorter than `size`
/// grows; a `size` of 0 is the file's.
///
/// # Errors
/// [`Win32Error::INVALID_PARAMETER`] without file and size, [`Win32Error::FILE_INVALID`] for an empty file,
/// [`Win32Error::NOT_SUPPORTED`] for a file with a name and for any name in a module host, and those of names.
pub fn create_file_mapping(
    file: Option<Handle>,
    size: u64,
    name: Option<&str>,
) -> Result<CreatedMapping, Win32Error> {
    let created =
        |descriptor, existed| Ok(CreatedMapping { handle: Handle::file(into_number(descriptor)?), existed });
    match (file, name) {
        (Some(_), Some(_)) => Err(Win32Error::NOT_SUPPORTED),
        (Some(file), None) => {
            let descriptor = rustix::io::fcntl_dupfd_cloexec(borrow(file_of(file)?), 3)?;
            let length = u64::try_from(fstat(&descriptor)?.st_size).unwrap_or(0);
            if size > length {
                ftruncate(&descriptor, size)?;
            } else if length == 0 {
                return Err(Win32Error::FILE_INVALID);
            }
            created(descriptor, false)
        }
        (None, _) if size == 0 || i64::try_from(size).is_err() => Err(Win32Error::INVALID_PARAMETER),
        (None, None) => {
            let descriptor = memfd_create("wer-mapping", MemfdFlags::CLOEXEC)?;
            ftruncate(&descriptor, size)?;
            created(descriptor, false)
        }
        (None, Some(name)) => {
            let made = named::create(name, Kind::Mapping, |file| Ok(ftruncate(file, size)?))?;
            created(made.descriptor, made.existed)
        }
    }
}

/// `OpenFileMapping`.
///
/// # Errors
/// [`Win32Error::FILE_NOT_FOUND`] when no process has a mapping of this name, [`Win32Error::NOT_SUPPORTED`] in a module
/// host, and those of names.
pub fn open_file_mapping(name: &str) -> Result<Handle, Win32Error> {
    Ok(Handle::file(into_number(named::open(name, Kind::Mapping)?)?))
}

/// `MapViewOfFile`: `size` bytes, or all that follow `offset`. The memory stays until [`unmap_view_of_file`].
///
/// # Errors
/// [`Win32Error::INVALID_HANDLE`]; [`Win32Error::MAPPED_ALIGNMENT`] for an offset within a page;
/// [`Win32Error::ACCESS_DENIED`] for bytes beyond the mapping and where the file does not allow it.
pub fn map_view_of_file(
    mapping: Handle,
    access: ViewAccess,
    offset: u64,
    size: usize,
) -> Result<NonNull<c_void>, Win32Error> {
    let file = borrow(file_of(mapping)?);
    let whole = u64::try_from(fstat(file)?.st_size).unwrap_or(0);
    if !offset.is_multiple_of(PAGE_BYTES) {
        return Err(Win32Error::MAPPED_ALIGNMENT);
    }
    // Beyond its end a view would be a trap for whoever reads it.
    let left = whole.checked_sub(offset).filter(|left| *left > 0).ok_or(Win32Error::ACCESS_DENIED)?;
    let size = if size == 0 { left } else { size as u64 };
    if size > left {
        return Err(Win32Error::ACCESS_DENIED);
    }
    let size = usize::try_from(size).map_err(|_| Win32Error::NOT_ENOUGH_MEMORY)?;
    let (protection, flags) = match access {
        ViewAccess::Read => (ProtFlags::READ, MapFlags::SHARED),
        ViewAccess::Write => (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED),
        ViewAccess::Copy => (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE),
    };
    let mut views = views();
    if views.len() >= MAX_VIEWS {
        return Err(Win32Error::NOT_ENOUGH_MEMORY);
    }
    // SAFETY: a new mapping at a place that the kernel chooses: no memory that anybody has changes.
    let address = unsafe { mmap(core::ptr::null_mut(), size, protection, flags, file, offset) }?;
    views.insert(address.addr(), size);
    NonNull::new(address).ok_or(Win32Error::NOT_ENOUGH_MEMORY)
}

/// `UnmapViewOfFile`.
///
/// # Errors
/// [`Win32Error::INVALID_ADDRESS`] for what is no view's start.
///
/// # Safety
/// Nobody uses the view any more.
pub unsafe fn unmap_view_of_file(address: *mut c_void) -> Result<(), Win32Error> {
    let mut views = views();
    let size = views.remove(&address.addr()).ok_or(Win32Error::INVALID_ADDRESS)?;
    // SAFETY: a mapping of ours of this size, which nobody uses by the caller's promise.
    Ok(unsafe { munmap(address, size) }?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::close_handle;

    #[test]
    fn views_of_one_name_are_the_same_memory_and_outlive_their_handle() {
        let _turn = named::nobody_starts_a_child();
        let name = format!("mapping-{}", std::process::id());
        let made = create_file_mapping(None, 10_000, Some(&name)).unwrap();
        assert!(!made.existed);
        let ours = map_view_of_file(made.handle, ViewAccess::Write, 0, 0).unwrap();
        close_handle(made.handle).unwrap();
        let other = open_file_mapping(&name).unwrap();
        let theirs = map_view_of_file(other, ViewAccess::Read, 4096, 8).unwrap();
        // SAFETY: within a view of 10,000 bytes.
        unsafe { ours.as_ptr().cast::<u8>().wrapping_add(4097).write_volatile(7) };
        // SAFETY: within a view of 8 bytes.
        assert_eq!(unsafe { theirs.as_ptr().cast::<u8>().wrapping_add(1).read_volatile() }, 7);
        close_handle(other).unwrap();
        for view in [ours, theirs] {
            // SAFETY: not used after this.
            assert_eq!(unsafe { unmap_view_of_file(view.as_ptr()) }, Ok(()));
        }
        // SAFETY: what is no view is left alone.
        assert_eq!(unsafe { unmap_view_of_file(ours.as_ptr()) }, Err(Win32Error::INVALID_ADDRESS));
        assert_eq!(open_file_mapping(&name), Err(Win32Error::FILE_NOT_FOUND));
    }

    #[test]
    fn views_end_where_the_mapping_does() {
        let mapping = create_file_mapping(None, 4096, None).unwrap().handle;
        for (offset, size, error) in [
            (1, 1, Win32Error::MAPPED_ALIGNMENT),
            (4096, 0, Win32Error::ACCESS_DENIED),
            (0, 4097, Win32Error::ACCESS_DENIED),
            (!4095, 4096, Win32Error::ACCESS_DENIED),
        ] {
            assert_eq!(
                map_view_of_file(mapping, ViewAccess::Read, offset, size),
                Err(error),
                "{offset} {size}"
            );
        }
        close_handle(mapping).unwrap();
        assert_eq!(map_view_of_file(mapping, ViewAccess::Read, 0, 0), Err(Win32Error::INVALID_HANDLE));
        assert_eq!(create_file_mapping(None, 0, None), Err(Win32Error::INVALID_PARAMETER));
    }
}
