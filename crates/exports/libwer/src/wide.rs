//! Strings as C gives them: UTF-16 with a terminator, or UTF-8.
#![expect(unsafe_code, reason = "reads strings through pointers from the caller")]

use core::ffi::{CStr, c_char};

use wer_abi::Hresult;

/// A string of at most `max_units` UTF-16 units before its terminator. Reads no further than that.
///
/// # Errors
/// `E_INVALIDARG` for a null pointer, a longer string, or unpaired surrogates.
///
/// # Safety
/// `text` is null or leads to readable units up to a terminator, or `max_units + 1` of them.
pub(crate) unsafe fn utf16(text: *const u16, max_units: usize) -> Result<String, Hresult> {
    if text.is_null() {
        return Err(Hresult::E_INVALIDARG);
    }
    let mut units = Vec::new();
    for place in 0..=max_units {
        // SAFETY: within what the caller promises: no unit before this one was the terminator.
        match unsafe { text.wrapping_add(place).read_unaligned() } {
            0 => return String::from_utf16(&units).map_err(|_| Hresult::E_INVALIDARG),
            unit => units.push(unit),
        }
    }
    Err(Hresult::E_INVALIDARG)
}

/// A UTF-8 string; what is not UTF-8 in it is replaced. Null is an empty one.
///
/// # Safety
/// `text` is null or a C string.
pub(crate) unsafe fn utf8(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: a C string, by the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u16], max_units: usize) -> Result<String, Hresult> {
        // SAFETY: every test passes a terminated string, or one of more than `max_units` units.
        unsafe { utf16(text.as_ptr(), max_units) }
    }

    #[test]
    fn strings_end_at_their_terminator_or_their_limit() {
        let hey: Vec<u16> = "hé\u{1F980}\0".encode_utf16().collect();
        assert_eq!(read(&hey, 10), Ok("hé\u{1F980}".to_owned()));
        assert_eq!(read(&hey, 4), Ok("hé\u{1F980}".to_owned()));
        assert_eq!(read(&hey, 3), Err(Hresult::E_INVALIDARG));
        assert_eq!(read(&[0xD800, 0], 4), Err(Hresult::E_INVALIDARG));
        assert_eq!(read(&[0], 0), Ok(String::new()));
        // SAFETY: null is allowed.
        assert_eq!(unsafe { utf16(core::ptr::null(), 4) }, Err(Hresult::E_INVALIDARG));
    }
}
