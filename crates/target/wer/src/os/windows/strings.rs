//! Text as Windows' functions take it.

use wer_abi::Hresult;

/// UTF-16 with its terminator. A NUL within would silently end the text.
pub(super) fn wide(text: &str) -> Result<Vec<u16>, Hresult> {
    if text.contains('\0') {
        return Err(Hresult::E_INVALIDARG);
    }
    Ok(text.encode_utf16().chain([0]).collect())
}
