//! `WerRegisterFile`.

use wer_abi::Hresult;
use wer_abi::flags::{
    WER_FILE_ANONYMOUS_DATA, WER_FILE_COMPRESSED, WER_FILE_DELETE_WHEN_DONE, WER_REG_FILE_TYPE_OTHER,
    WER_REG_FILE_TYPE_USER_DOCUMENT,
};
use wer_abi::limits::MAX_PATH;
use wer_abi::registration::kind;

use super::Result;
use super::entries::Fields;
use super::lock::WriteGuard;
use super::text;

/// The upper half of the flags is Windows' own and is ignored on input.
const PUBLIC_FLAGS: u32 = 0xFFFF;
const KNOWN_FLAGS: u32 = WER_FILE_DELETE_WHEN_DONE | WER_FILE_ANONYMOUS_DATA | WER_FILE_COMPRESSED;

/// Registers a file to be added to a report when the server asks for more. It need not exist yet.
///
/// Registering a path again gives it the new type and flags and makes it the newest.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for a path that is not absolute, holds a NUL or is longer than 259 UTF-16 units, a type
/// other than user document (1) or other (2), or an unknown flag; [`Hresult::WER_E_INSUFFICIENT_BUFFER`] when 512
/// things are registered.
pub fn register_file(path: &str, file_type: u32, flags: u32) -> Result<()> {
    check_path(path)?;
    let flags = flags & PUBLIC_FLAGS;
    let known_type = matches!(file_type, WER_REG_FILE_TYPE_USER_DOCUMENT | WER_REG_FILE_TYPE_OTHER);
    if !known_type || flags & !KNOWN_FLAGS != 0 {
        return Err(Hresult::E_INVALIDARG);
    }
    let key = text::key(path);
    let fields = Fields { kind: kind::FILE, address: key, size: file_type, flags };
    let guard = WriteGuard::take()?;
    match find(&guard, key, path) {
        Some((_, slot)) => {
            guard.replace(slot, fields, |_, _| ());
            Ok(())
        }
        None => guard.add(fields, |block, slot| {
            if let Some(payload) = block.payload(slot) {
                text::write(payload, path, "");
            }
        }),
    }
}

/// Takes back [`register_file`]; the path must be the same text.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for a path that cannot have been registered; [`Hresult::WER_E_NOT_FOUND`].
pub fn unregister_file(path: &str) -> Result<()> {
    check_path(path)?;
    let guard = WriteGuard::take()?;
    let (place, slot) = find(&guard, text::key(path), path).ok_or(Hresult::WER_E_NOT_FOUND)?;
    guard.remove(place, slot);
    Ok(())
}

fn find(guard: &WriteGuard, key: u64, path: &str) -> Option<(usize, usize)> {
    let block = guard.block();
    block.index_find_where(kind::FILE, key, |slot| {
        block.payload(slot).is_some_and(|payload| text::first_is(payload, path))
    })
}

/// The rule for paths of files and modules: absolute, at most [`MAX_PATH`] UTF-16 units with a terminator.
pub(super) fn check_path(path: &str) -> Result<()> {
    // No text has more units than bytes.
    let fits = path.len() < MAX_PATH || path.encode_utf16().count() < MAX_PATH;
    if path.starts_with('/') && fits && !path.contains('\0') { Ok(()) } else { Err(Hresult::E_INVALIDARG) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_windows_limit() {
        let longest = format!("/{}", "\u{1F980}".repeat(129));
        assert_eq!(longest.encode_utf16().count(), 259);
        assert!(longest.len() <= text::TEXT_BYTES);
        assert_eq!(check_path(&longest), Ok(()));
        assert_eq!(check_path(&format!("{longest}x")), Err(Hresult::E_INVALIDARG));
        for bad in ["", "relative", "/with\0nul"] {
            assert_eq!(check_path(bad), Err(Hresult::E_INVALIDARG), "{bad:?}");
        }
    }
}
