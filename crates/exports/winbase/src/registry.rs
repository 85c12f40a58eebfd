//! Windows Error Reporting's keys. The answers are error codes, not `GetLastError`'s.

use core::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use wer_winbase::Win32Error;
use wer_winbase::registry::{Value, close_key, open_key, query, set};

use crate::store;
use crate::text::wide;

/// `REG_SZ`.
const REG_SZ: u32 = 1;
/// `REG_DWORD`.
const REG_DWORD: u32 = 4;
/// `RRF_RT_REG_SZ`, `RRF_RT_REG_DWORD`.
const RRF_RT: [(u32, u32); 2] = [(0x2, REG_SZ), (0x10, REG_DWORD)];
/// `ERROR_UNSUPPORTED_TYPE`.
const UNSUPPORTED_TYPE: Win32Error = Win32Error(1630);

fn code(body: impl FnOnce() -> Result<(), Win32Error>) -> i32 {
    // A panic leaves nothing of ours half done: every body is one call.
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Win32Error::GEN_FAILURE));
    result.map_or_else(|error| error.0.cast_signed(), |()| 0)
}

/// A text that may be left out.
///
/// # Safety
/// `text` is null or a wide string.
unsafe fn optional(text: *const u16) -> Result<String, Win32Error> {
    // SAFETY: the caller's promise.
    if text.is_null() { Ok(String::new()) } else { unsafe { wide(text) } }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinRegOpenKeyExW(
    parent: *mut c_void,
    path: *const u16,
    _options: u32,
    _access: u32,
    key: *mut *mut c_void,
) -> i32 {
    code(|| {
        if key.is_null() {
            return Err(Win32Error::INVALID_PARAMETER);
        }
        // SAFETY: null or a wide string, by the contract of the function.
        let opened = open_key(parent.addr() & 0xFFFF_FFFF, &unsafe { optional(path) }?)?;
        // SAFETY: not null, so writable by the function's contract.
        unsafe { store(key, core::ptr::without_provenance_mut(opened)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinRegCreateKeyExW(
    parent: *mut c_void,
    path: *const u16,
    _reserved: u32,
    _class: *mut u16,
    options: u32,
    access: u32,
    _attributes: *mut c_void,
    key: *mut *mut c_void,
    disposition: *mut u32,
) -> i32 {
    // SAFETY: null or writable by the function's contract. Every key that can be opened is there already.
    unsafe { store(disposition, 2) };
    // SAFETY: the same contract.
    unsafe { WerWinRegOpenKeyExW(parent, path, options, access, key) }
}

#[unsafe(no_mangle)]
extern "C" fn WerWinRegCloseKey(key: *mut c_void) -> i32 {
    code(|| close_key(key.addr() & 0xFFFF_FFFF))
}

/// Gives a value to a caller: its type, its size in bytes, and itself as far as there is a buffer for it.
///
/// # Safety
/// The pointers are null or writable; `data` is `*size` bytes.
unsafe fn give(value: &Value, kind: *mut u32, data: *mut u8, size: *mut u32) -> Result<(), Win32Error> {
    let (number, bytes) = match value {
        Value::Number(number) => (REG_DWORD, number.to_le_bytes().to_vec()),
        Value::Text(text) => (REG_SZ, text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()),
    };
    // SAFETY: the caller's promise.
    unsafe { store(kind, number) };
    if size.is_null() {
        return if data.is_null() { Ok(()) } else { Err(Win32Error::INVALID_PARAMETER) };
    }
    // SAFETY: not null, so readable by the caller's promise.
    let room = unsafe { size.read_unaligned() } as usize;
    // SAFETY: the caller's promise.
    unsafe { store(size, u32::try_from(bytes.len()).unwrap_or(u32::MAX)) };
    if data.is_null() {
        return Ok(());
    }
    if room < bytes.len() {
        return Err(Win32Error::MORE_DATA);
    }
    // SAFETY: `data` is `room` writable bytes, and the value has no more.
    unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len()) };
    Ok(())
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinRegQueryValueExW(
    key: *mut c_void,
    name: *const u16,
    _reserved: *mut u32,
    kind: *mut u32,
    data: *mut u8,
    size: *mut u32,
) -> i32 {
    code(|| {
        // SAFETY: null or a wide string, by the contract of the function.
        let value = query(key.addr() & 0xFFFF_FFFF, "", &unsafe { optional(name) }?)?;
        // SAFETY: by the contract of the function.
        unsafe { give(&value, kind, data, size) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinRegGetValueW(
    key: *mut c_void,
    path: *const u16,
    name: *const u16,
    flags: u32,
    kind: *mut u32,
    data: *mut c_void,
    size: *mut u32,
) -> i32 {
    code(|| {
        // SAFETY: null or a wide string, by the contract of the function.
        let path = unsafe { optional(path) }?;
        // SAFETY: as above.
        let name = unsafe { optional(name) }?;
        let value = query(key.addr() & 0xFFFF_FFFF, &path, &name)?;
        let number = if matches!(value, Value::Number(_)) { REG_DWORD } else { REG_SZ };
        if !RRF_RT.iter().any(|(flag, kind)| flags & flag != 0 && *kind == number) {
            return Err(UNSUPPORTED_TYPE);
        }
        // SAFETY: by the contract of the function.
        unsafe { give(&value, kind, data.cast(), size) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinRegSetValueExW(
    key: *mut c_void,
    name: *const u16,
    _reserved: u32,
    kind: u32,
    data: *const u8,
    size: u32,
) -> i32 {
    // SAFETY: the contract of the function.
    unsafe { WerWinRegSetKeyValueW(key, core::ptr::null(), name, kind, data.cast(), size) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinRegSetKeyValueW(
    key: *mut c_void,
    path: *const u16,
    name: *const u16,
    kind: u32,
    data: *const c_void,
    size: u32,
) -> i32 {
    code(|| {
        // SAFETY: null or a wide string, by the contract of the function.
        let path = unsafe { optional(path) }?;
        // SAFETY: as above.
        let name = unsafe { optional(name) }?;
        let value = match (kind, size) {
            _ if data.is_null() => return Err(Win32Error::INVALID_PARAMETER),
            // SAFETY: `data` is four readable bytes by the contract of the function.
            (REG_DWORD, 4) => Value::Number(unsafe { data.cast::<u32>().read_unaligned() }),
            (REG_SZ, 0..=0x1_0000) => {
                // SAFETY: `data` is `size` readable bytes by the contract of the function.
                let bytes = unsafe { core::slice::from_raw_parts(data.cast::<u8>(), size as usize) };
                let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
                let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
                Value::Text(String::from_utf16(&units).map_err(|_| Win32Error::INVALID_PARAMETER)?)
            }
            _ => return Err(Win32Error::INVALID_PARAMETER),
        };
        set(key.addr() & 0xFFFF_FFFF, &path, &name, &value)
    })
}
