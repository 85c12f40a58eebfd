//! File mappings.

use core::ffi::{c_char, c_void};

use wer_abi::Handle;
use wer_winbase::mapping::{
    ViewAccess, create_file_mapping, map_view_of_file, open_file_mapping, unmap_view_of_file,
};
use wer_winbase::{Win32Error, set_last_error};

use crate::text::{narrow, wide};
use crate::{answer, answer_bool, handle, pointer};

/// `PAGE_READONLY`, `PAGE_READWRITE`, `PAGE_WRITECOPY`.
const PROTECTIONS: [u32; 3] = [0x2, 0x4, 0x8];
/// `SEC_COMMIT`, which says what is so anyhow.
const SEC_COMMIT: u32 = 0x0800_0000;
const FILE_MAP_COPY: u32 = 0x1;
const FILE_MAP_WRITE: u32 = 0x2;
const FILE_MAP_READ: u32 = 0x4;

fn whole(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn create(
    file: *mut c_void,
    protection: u32,
    size: u64,
    name: impl FnOnce() -> Result<Option<String>, Win32Error>,
) -> *mut c_void {
    pointer(answer(Handle::NULL, || {
        if !PROTECTIONS.contains(&(protection & !SEC_COMMIT)) {
            return Err(Win32Error::INVALID_PARAMETER);
        }
        // INVALID_HANDLE_VALUE, which is also the current process.
        let file = Some(handle(file)).filter(|file| *file != Handle::CURRENT_PROCESS);
        let created = create_file_mapping(file, size, name()?.as_deref())?;
        set_last_error(if created.existed { Win32Error::ALREADY_EXISTS.0 } else { 0 });
        Ok(created.handle)
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinCreateFileMappingW(
    file: *mut c_void,
    _attributes: *mut c_void,
    protection: u32,
    size_high: u32,
    size_low: u32,
    name: *const u16,
) -> *mut c_void {
    create(file, protection, whole(size_high, size_low), || {
        // SAFETY: null or a wide string, by the contract of the function.
        (!name.is_null()).then(|| unsafe { wide(name) }).transpose()
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinCreateFileMappingA(
    file: *mut c_void,
    _attributes: *mut c_void,
    protection: u32,
    size_high: u32,
    size_low: u32,
    name: *const c_char,
) -> *mut c_void {
    create(file, protection, whole(size_high, size_low), || {
        // SAFETY: null or a C string, by the contract of the function.
        (!name.is_null()).then(|| unsafe { narrow(name) }).transpose()
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinOpenFileMappingW(_access: u32, _inherit: i32, name: *const u16) -> *mut c_void {
    // SAFETY: null or a wide string, by the contract of the function.
    pointer(answer(Handle::NULL, || open_file_mapping(&unsafe { wide(name) }?)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinOpenFileMappingA(_access: u32, _inherit: i32, name: *const c_char) -> *mut c_void {
    // SAFETY: null or a C string, by the contract of the function.
    pointer(answer(Handle::NULL, || open_file_mapping(&unsafe { narrow(name) }?)))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinMapViewOfFile(
    mapping: *mut c_void,
    access: u32,
    offset_high: u32,
    offset_low: u32,
    size: usize,
) -> *mut c_void {
    answer(core::ptr::null_mut(), || {
        let access = match access {
            _ if access & FILE_MAP_WRITE != 0 => ViewAccess::Write,
            _ if access & FILE_MAP_COPY != 0 => ViewAccess::Copy,
            _ if access & FILE_MAP_READ != 0 => ViewAccess::Read,
            _ => return Err(Win32Error::INVALID_PARAMETER),
        };
        let view = map_view_of_file(handle(mapping), access, whole(offset_high, offset_low), size)?;
        Ok(view.as_ptr())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinUnmapViewOfFile(view: *const c_void) -> i32 {
    // SAFETY: the caller gives the view up by the contract of the function.
    answer_bool(|| unsafe { unmap_view_of_file(view.cast_mut()) })
}
