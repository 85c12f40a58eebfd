//! The HRESULTs that the WER functions answer with, by their names in `winerror.h` and `werapi.h`.

/// A Windows `HRESULT`: a 32-bit signed number, negative on failure.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Hresult(pub i32);

impl Hresult {
    /// Success.
    pub const S_OK: Self = Self::from_bits(0);
    /// Success with a "no" (callbacks of `MiniDumpWriteDump`).
    pub const S_FALSE: Self = Self::from_bits(1);
    /// The function is not implemented.
    pub const E_NOTIMPL: Self = Self::from_bits(0x8000_4001);
    /// Unspecified failure.
    pub const E_FAIL: Self = Self::from_bits(0x8000_4005);
    /// Catastrophic failure; some handler modules answer it for an index beyond their pairs.
    pub const E_UNEXPECTED: Self = Self::from_bits(0x8000_FFFF);
    /// No right to do it.
    pub const E_ACCESSDENIED: Self = Self::from_bits(0x8007_0005);
    /// The handle is not one of ours, or closed.
    pub const E_HANDLE: Self = Self::from_bits(0x8007_0006);
    /// Memory could not be had.
    pub const E_OUTOFMEMORY: Self = Self::from_bits(0x8007_000E);
    /// An argument breaks a documented rule.
    pub const E_INVALIDARG: Self = Self::from_bits(0x8007_0057);
    /// `HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER)`: a table or a buffer is full.
    pub const WER_E_INSUFFICIENT_BUFFER: Self = Self::from_bits(0x8007_007A);
    /// `HRESULT_FROM_WIN32(ERROR_NOT_FOUND)`: the element is not registered.
    pub const WER_E_NOT_FOUND: Self = Self::from_bits(0x8007_0490);
    /// `HRESULT_FROM_WIN32(ERROR_PARAMETER_QUOTA_EXCEEDED)`: a string is too long.
    pub const WER_E_LENGTH_EXCEEDED: Self = Self::from_bits(0x8007_0503);
    /// `HRESULT_FROM_WIN32(ERROR_INVALID_STATE)`: the process cannot do this now.
    pub const WER_E_INVALID_STATE: Self = Self::from_bits(0x8007_139F);
    /// `HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)`.
    pub const FILE_NOT_FOUND: Self = Self::from_bits(0x8007_0002);
    /// `HRESULT_FROM_WIN32(ERROR_INVALID_DATA)`: `werfault` answered what this library does not understand.
    pub const INVALID_DATA: Self = Self::from_bits(0x8007_000D);
    /// `HRESULT_FROM_WIN32(ERROR_NO_MORE_FILES)`: the store has no more reports.
    pub const NO_MORE_FILES: Self = Self::from_bits(0x8007_0012);
    /// `HRESULT_FROM_WIN32(ERROR_BROKEN_PIPE)`: `werfault` ended without an answer.
    pub const BROKEN_PIPE: Self = Self::from_bits(0x8007_006D);
    /// `HRESULT_FROM_WIN32(ERROR_BUSY)`: another process holds what is to be changed.
    pub const BUSY: Self = Self::from_bits(0x8007_00AA);
    /// `HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS)`: the report has such a dump.
    pub const ALREADY_EXISTS: Self = Self::from_bits(0x8007_00B7);
    /// `HRESULT_FROM_WIN32(ERROR_ENVVAR_NOT_FOUND)`: the program is not in the list.
    pub const ENVVAR_NOT_FOUND: Self = Self::from_bits(0x8007_00CB);
    /// `HRESULT_FROM_WIN32(ERROR_TIMEOUT)`: `werfault` did not answer in time.
    pub const TIMEOUT: Self = Self::from_bits(0x8007_05B4);

    /// The number as headers write it.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits as i32)
    }

    /// The number as headers write it.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// `SUCCEEDED(hr)`.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 >= 0
    }

    /// `HRESULT_FROM_WIN32(code)`.
    #[must_use]
    pub const fn from_win32(code: u32) -> Self {
        if code == 0 { Self::S_OK } else { Self::from_bits((code & 0xFFFF) | 0x8007_0000) }
    }

    /// The symbolic name, where the WER documents give one.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::S_OK => "S_OK",
            Self::S_FALSE => "S_FALSE",
            Self::E_NOTIMPL => "E_NOTIMPL",
            Self::E_FAIL => "E_FAIL",
            Self::E_UNEXPECTED => "E_UNEXPECTED",
            Self::E_ACCESSDENIED => "E_ACCESSDENIED",
            Self::E_HANDLE => "E_HANDLE",
            Self::E_OUTOFMEMORY => "E_OUTOFMEMORY",
            Self::E_INVALIDARG => "E_INVALIDARG",
            Self::WER_E_INSUFFICIENT_BUFFER => "HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER)",
            Self::WER_E_NOT_FOUND => "WER_E_NOT_FOUND",
            Self::WER_E_LENGTH_EXCEEDED => "WER_E_LENGTH_EXCEEDED",
            Self::WER_E_INVALID_STATE => "WER_E_INVALID_STATE",
            Self::FILE_NOT_FOUND => "HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)",
            Self::INVALID_DATA => "HRESULT_FROM_WIN32(ERROR_INVALID_DATA)",
            Self::NO_MORE_FILES => "HRESULT_FROM_WIN32(ERROR_NO_MORE_FILES)",
            Self::BROKEN_PIPE => "HRESULT_FROM_WIN32(ERROR_BROKEN_PIPE)",
            Self::BUSY => "HRESULT_FROM_WIN32(ERROR_BUSY)",
            Self::ALREADY_EXISTS => "HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS)",
            Self::ENVVAR_NOT_FOUND => "HRESULT_FROM_WIN32(ERROR_ENVVAR_NOT_FOUND)",
            Self::TIMEOUT => "HRESULT_FROM_WIN32(ERROR_TIMEOUT)",
            _ => return None,
        })
    }
}

impl core::fmt::Debug for Hresult {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:08X})", self.bits()),
            None => write!(f, "HRESULT 0x{:08X}", self.bits()),
        }
    }
}

impl core::fmt::Display for Hresult {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn win32_codes_map_as_the_macro_does() {
        assert_eq!(Hresult::from_win32(122), Hresult::WER_E_INSUFFICIENT_BUFFER);
        assert_eq!(Hresult::from_win32(1168), Hresult::WER_E_NOT_FOUND);
        assert_eq!(Hresult::from_win32(0), Hresult::S_OK);
        assert!(!Hresult::E_FAIL.is_success());
    }
}
