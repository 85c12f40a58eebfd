//! Text from callers, and text into their buffers.

use core::ffi::{CStr, c_char};

use wer_winbase::Win32Error;

/// Units of a text that a caller gives, its terminator left out.
const MAX_TEXT_UNITS: usize = 32_767;

/// A UTF-16 string.
///
/// # Errors
/// `ERROR_INVALID_PARAMETER` for null, unpaired surrogates, or more units than a text may have.
///
/// # Safety
/// `text` is null or leads to readable units up to a terminator, or more of them than a text may have.
pub(crate) unsafe fn wide(text: *const u16) -> Result<String, Win32Error> {
    if text.is_null() {
        return Err(Win32Error::INVALID_PARAMETER);
    }
    let mut units = Vec::new();
    for place in 0..=MAX_TEXT_UNITS {
        // SAFETY: no unit before this one was the terminator, so it is within the caller's string.
        match unsafe { text.wrapping_add(place).read_unaligned() } {
            0 => return String::from_utf16(&units).map_err(|_| Win32Error::INVALID_PARAMETER),
            unit => units.push(unit),
        }
    }
    Err(Win32Error::INVALID_PARAMETER)
}

/// A UTF-8 string.
///
/// # Errors
/// `ERROR_INVALID_PARAMETER` for null or what is not UTF-8.
///
/// # Safety
/// `text` is null or a C string.
pub(crate) unsafe fn narrow(text: *const c_char) -> Result<String, Win32Error> {
    if text.is_null() {
        return Err(Win32Error::INVALID_PARAMETER);
    }
    // SAFETY: not null, so a C string by the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(ToOwned::to_owned).map_err(|_| Win32Error::INVALID_PARAMETER)
}

/// Puts a text and its terminator into a buffer of `capacity` elements, if it fits. Answers as `GetFullPathName` and its
/// like do: the length without the terminator, or the capacity that is needed, with it.
///
/// # Safety
/// `buffer` is null or `capacity` writable elements.
pub(crate) unsafe fn put<T: Copy + Default>(text: &[T], buffer: *mut T, capacity: u32) -> u32 {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    if buffer.is_null() || length >= capacity {
        return length.saturating_add(1);
    }
    for (place, unit) in text.iter().copied().chain([T::default()]).enumerate() {
        // SAFETY: the text and its terminator are no more than `capacity` elements.
        unsafe { buffer.wrapping_add(place).write_unaligned(unit) };
    }
    length
}
