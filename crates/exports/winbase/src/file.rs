//! Files.

use core::ffi::{CStr, c_char, c_void};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use wer_abi::Handle;
use wer_winbase::path::to_linux;
use wer_winbase::{
    Creation, Win32Error, create_file, file_size, handle_from_descriptor, set_last_error, write_file,
};

use crate::text::wide;
use crate::{answer, answer_bool, handle, pointer, store};

/// `INVALID_HANDLE_VALUE`, which is also the pseudo handle of the current process.
const INVALID_HANDLE_VALUE: Handle = Handle::CURRENT_PROCESS;

fn open(access: u32, creation: u32, path: impl FnOnce() -> Result<PathBuf, Win32Error>) -> *mut c_void {
    pointer(answer(INVALID_HANDLE_VALUE, || {
        let creation = Creation::from_number(creation).ok_or(Win32Error::INVALID_PARAMETER)?;
        let opened = create_file(&path()?, access, creation)?;
        set_last_error(if opened.existed { Win32Error::ALREADY_EXISTS.0 } else { 0 });
        Ok(opened.handle)
    }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinCreateFileW(
    path: *const u16,
    access: u32,
    _share_mode: u32,
    _attributes: *mut c_void,
    creation: u32,
    _flags: u32,
    _template: *mut c_void,
) -> *mut c_void {
    open(access, creation, || {
        if path.is_null() {
            return Err(Win32Error::PATH_NOT_FOUND);
        }
        // SAFETY: not null, so a wide string by the function's contract.
        to_linux(&unsafe { wide(path) }?)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinCreateFileA(
    path: *const c_char,
    access: u32,
    _share_mode: u32,
    _attributes: *mut c_void,
    creation: u32,
    _flags: u32,
    _template: *mut c_void,
) -> *mut c_void {
    open(access, creation, || {
        if path.is_null() {
            return Err(Win32Error::PATH_NOT_FOUND);
        }
        // SAFETY: not null, so a C string by the function's contract.
        let path = unsafe { CStr::from_ptr(path) };
        let path = path.to_bytes().iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte });
        Ok(OsString::from_vec(path.collect()).into())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinWriteFile(
    file: *mut c_void,
    buffer: *const c_void,
    size: u32,
    written: *mut u32,
    overlapped: *mut c_void,
) -> i32 {
    answer_bool(|| {
        // SAFETY: null or writable by the function's contract.
        unsafe { store(written, 0) };
        let bytes = match (buffer.is_null(), size) {
            _ if !overlapped.is_null() => return Err(Win32Error::NOT_SUPPORTED),
            (_, 0) => &[][..],
            (true, _) => return Err(Win32Error::NOACCESS),
            // SAFETY: `buffer` is `size` readable bytes by the function's contract.
            (false, _) => unsafe { core::slice::from_raw_parts(buffer.cast::<u8>(), size as usize) },
        };
        let count = write_file(handle(file), bytes)?;
        // SAFETY: as above.
        unsafe { store(written, u32::try_from(count).unwrap_or(u32::MAX)) };
        if count == bytes.len() { Ok(()) } else { Err(Win32Error::DISK_FULL) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetFileSizeEx(file: *mut c_void, size: *mut i64) -> i32 {
    answer_bool(|| {
        let bytes = file_size(handle(file))?;
        if size.is_null() {
            return Err(Win32Error::INVALID_PARAMETER);
        }
        // SAFETY: not null, so writable by the function's contract.
        unsafe { store(size, bytes) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn WerHandleFromFd(descriptor: i32) -> *mut c_void {
    pointer(answer(INVALID_HANDLE_VALUE, || handle_from_descriptor(descriptor)))
}
