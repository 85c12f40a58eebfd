//! Strings of registration functions, as UTF-8 on the stack: these functions shall cost their callers next to nothing,
//! and an allocation is most of what converting a short string costs.
#![expect(unsafe_code, reason = "reads strings through pointers from the caller")]

use wer_abi::Hresult;

/// The units of a string before its terminator, as they lie there.
#[derive(Clone, Debug)]
pub(crate) struct Units {
    next: *const u16,
    left: usize,
}

impl Units {
    /// A string of at most `max_units` units before its terminator. Reads no further than that.
    ///
    /// # Errors
    /// `E_INVALIDARG` for a null pointer or a longer string.
    ///
    /// # Safety
    /// `text` is null or leads to readable units up to a terminator, or `max_units + 1` of them, and stays so while the
    /// answer is used.
    pub(crate) unsafe fn of(text: *const u16, max_units: usize) -> Result<Self, Hresult> {
        if text.is_null() {
            return Err(Hresult::E_INVALIDARG);
        }
        let is_end = |place: &usize| {
            // SAFETY: within what the caller promises: no unit before this one was the terminator.
            (unsafe { text.wrapping_add(*place).read_unaligned() }) == 0
        };
        let left = (0..=max_units).find(is_end).ok_or(Hresult::E_INVALIDARG)?;
        Ok(Self { next: text, left })
    }
}

impl Iterator for Units {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        self.left = self.left.checked_sub(1)?;
        // SAFETY: one of the units that `of` has seen.
        let unit = unsafe { self.next.read_unaligned() };
        self.next = self.next.wrapping_add(1);
        Some(unit)
    }

    fn count(self) -> usize {
        self.left
    }
}

/// Calls `body` with a string of at most `BYTES / 3` units before its terminator.
///
/// # Errors
/// `E_INVALIDARG` for a null pointer, a longer string, or unpaired surrogates; what `body` answers.
///
/// # Safety
/// As for [`Units::of`].
pub(super) unsafe fn with_text<const BYTES: usize>(
    text: *const u16,
    body: impl FnOnce(&str) -> Result<(), Hresult>,
) -> Result<(), Hresult> {
    // SAFETY: the caller's promise.
    let mut units = unsafe { Units::of(text, BYTES / 3) }?;
    let mut bytes = [0; BYTES];
    let mut length = 0;
    // Most strings are ASCII to their end.
    let mut rest = units.clone();
    for (place, unit) in bytes.iter_mut().zip(rest.by_ref()).take_while(|(_, unit)| *unit < 0x80) {
        *place = unit as u8;
        length += 1;
        units.next();
    }
    for character in char::decode_utf16(units) {
        let character = character.map_err(|_| Hresult::E_INVALIDARG)?;
        let place = bytes.get_mut(length..length + character.len_utf8()).ok_or(Hresult::E_INVALIDARG)?;
        length += character.encode_utf8(place).len();
    }
    let text = bytes.get(..length).and_then(|text| core::str::from_utf8(text).ok());
    body(text.ok_or(Hresult::E_INVALIDARG)?)
}

/// [`with_text`] for a path: `\` parts names as `/` does, because sources for Windows look for the last one of a path.
///
/// # Errors
/// As [`with_text`].
///
/// # Safety
/// As for [`Units::of`].
pub(super) unsafe fn with_path<const BYTES: usize>(
    text: *const u16,
    body: impl FnOnce(&str) -> Result<(), Hresult>,
) -> Result<(), Hresult> {
    let plain = |path: &str| match path.contains('\\') {
        true => body(&path.replace('\\', "/")),
        false => body(path),
    };
    // SAFETY: the caller's promise.
    unsafe { with_text::<BYTES>(text, plain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const BYTES: usize>(text: &[u16]) -> Result<String, Hresult> {
        let mut seen = String::new();
        let keep = |text: &str| {
            seen.push_str(text);
            Ok(())
        };
        // SAFETY: every test passes a terminated string, or one of more than BYTES / 3 units.
        unsafe { with_text::<BYTES>(text.as_ptr(), keep) }.map(|()| seen)
    }

    #[test]
    fn strings_end_at_their_terminator_or_their_limit() {
        let hey: Vec<u16> = "hé\u{20AC}\u{1F980}\0".encode_utf16().collect();
        assert_eq!(read::<30>(&hey), Ok("hé\u{20AC}\u{1F980}".to_owned()));
        assert_eq!(read::<15>(&hey), Ok("hé\u{20AC}\u{1F980}".to_owned()));
        assert_eq!(read::<12>(&hey), Err(Hresult::E_INVALIDARG));
        assert_eq!(read::<12>(&[0x20AC, 0x20AC, 0x20AC, 0x20AC, 0]), Ok("\u{20AC}".repeat(4)));
        assert_eq!(read::<12>(&[0xD800, 0]), Err(Hresult::E_INVALIDARG));
        assert_eq!(read::<0>(&[0]), Ok(String::new()));
        // SAFETY: null is allowed.
        assert_eq!(unsafe { with_text::<3>(core::ptr::null(), |_| Ok(())) }, Err(Hresult::E_INVALIDARG));
    }
}
