//! Files by name, folders, and modules' names.

use core::ffi::{c_char, c_void};

use wer_winbase::folder::{
    KnownFolder, attributes, create_directory, delete_file, known_folder, move_file, remove_directory,
};
use wer_winbase::path::{full_path, to_linux};
use wer_winbase::{Win32Error, library, set_last_error};

use crate::text::{narrow, put, wide};
use crate::{answer, answer_bool, store};

/// `INVALID_FILE_ATTRIBUTES`.
const INVALID_FILE_ATTRIBUTES: u32 = u32::MAX;
/// `MOVEFILE_REPLACE_EXISTING`.
const MOVEFILE_REPLACE_EXISTING: u32 = 1;

/// UTF-16 of an answer.
fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinDeleteFileW(path: *const u16) -> i32 {
    // SAFETY: a wide string, by the contract of the function.
    answer_bool(|| delete_file(&to_linux(&unsafe { wide(path) }?)?))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinDeleteFileA(path: *const c_char) -> i32 {
    // SAFETY: a C string, by the contract of the function.
    answer_bool(|| delete_file(&to_linux(&unsafe { narrow(path) }?)?))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinMoveFileExW(from: *const u16, to: *const u16, flags: u32) -> i32 {
    answer_bool(|| {
        // SAFETY: a wide string, by the contract of the function.
        let from = unsafe { wide(from) }?;
        // SAFETY: as above.
        let to = unsafe { wide(to) }?;
        move_file(&to_linux(&from)?, &to_linux(&to)?, flags & MOVEFILE_REPLACE_EXISTING != 0)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinCreateDirectoryW(path: *const u16, _attributes: *mut c_void) -> i32 {
    // SAFETY: a wide string, by the contract of the function.
    answer_bool(|| create_directory(&to_linux(&unsafe { wide(path) }?)?))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinRemoveDirectoryW(path: *const u16) -> i32 {
    // SAFETY: a wide string, by the contract of the function.
    answer_bool(|| remove_directory(&to_linux(&unsafe { wide(path) }?)?))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetFileAttributesW(path: *const u16) -> u32 {
    // SAFETY: a wide string, by the contract of the function.
    answer(INVALID_FILE_ATTRIBUTES, || attributes(&to_linux(&unsafe { wide(path) }?)?))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetFileAttributesA(path: *const c_char) -> u32 {
    // SAFETY: a C string, by the contract of the function.
    answer(INVALID_FILE_ATTRIBUTES, || attributes(&to_linux(&unsafe { narrow(path) }?)?))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetFullPathNameW(
    path: *const u16,
    capacity: u32,
    buffer: *mut u16,
    file_part: *mut *mut u16,
) -> u32 {
    answer(0, || {
        // SAFETY: a wide string, by the contract of the function.
        let full = units(&full_path(&unsafe { wide(path) }?)?);
        // SAFETY: null or `capacity` units, by the contract of the function.
        let length = unsafe { put(&full, buffer, capacity) };
        let name = full.iter().rposition(|unit| *unit == u16::from(b'\\')).map_or(0, |place| place + 1);
        let has_name = length < capacity && !buffer.is_null() && name < full.len();
        let part = if has_name { buffer.wrapping_add(name) } else { core::ptr::null_mut() };
        // SAFETY: null or writable, by the contract of the function.
        unsafe { store(file_part, part) };
        Ok(length)
    })
}

/// A known folder into a buffer.
///
/// # Safety
/// `buffer` is null or `capacity` units.
unsafe fn folder(folder: KnownFolder, buffer: *mut u16, capacity: u32) -> u32 {
    // SAFETY: the caller's promise.
    answer(0, || Ok(unsafe { put(&units(&known_folder(folder)?), buffer, capacity) }))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetTempPathW(capacity: u32, buffer: *mut u16) -> u32 {
    // SAFETY: null or `capacity` units, by the contract of the function.
    unsafe { folder(KnownFolder::Temporary, buffer, capacity) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetCurrentDirectoryW(capacity: u32, buffer: *mut u16) -> u32 {
    // SAFETY: null or `capacity` units, by the contract of the function.
    unsafe { folder(KnownFolder::Current, buffer, capacity) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetWindowsDirectoryW(buffer: *mut u16, capacity: u32) -> u32 {
    // SAFETY: null or `capacity` units, by the contract of the function.
    unsafe { folder(KnownFolder::Windows, buffer, capacity) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetSystemDirectoryW(buffer: *mut u16, capacity: u32) -> u32 {
    // SAFETY: null or `capacity` units, by the contract of the function.
    unsafe { folder(KnownFolder::System, buffer, capacity) }
}

/// A module's path into a buffer; one that is too small gets what fits, as on Windows.
///
/// # Safety
/// `module` is null or a module's handle, `buffer` null or `capacity` elements.
unsafe fn module_name<T: Copy + Default>(
    module: *mut c_void,
    buffer: *mut T,
    capacity: u32,
    encode: impl FnOnce(&str) -> Vec<T>,
) -> u32 {
    answer(0, || {
        if buffer.is_null() || capacity == 0 {
            return Err(Win32Error::INSUFFICIENT_BUFFER);
        }
        // SAFETY: the caller's promise.
        let name = encode(&unsafe { library::file_name(module) }?);
        // SAFETY: the caller's promise.
        let length = unsafe { put(&name, buffer, capacity) };
        if length < capacity {
            set_last_error(0);
            return Ok(length);
        }
        let fits = name.get(..capacity as usize - 1).unwrap_or_default();
        // SAFETY: the caller's promise.
        unsafe { put(fits, buffer, capacity) };
        set_last_error(Win32Error::INSUFFICIENT_BUFFER.0);
        Ok(capacity)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetModuleFileNameW(module: *mut c_void, buffer: *mut u16, capacity: u32) -> u32 {
    // SAFETY: a handle and `capacity` units, by the contract of the function.
    unsafe { module_name(module, buffer, capacity, units) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetModuleFileNameA(
    module: *mut c_void,
    buffer: *mut c_char,
    capacity: u32,
) -> u32 {
    let bytes = |text: &str| text.bytes().map(u8::cast_signed).collect();
    // SAFETY: a handle and `capacity` bytes, by the contract of the function.
    unsafe { module_name(module, buffer, capacity, bytes) }
}
