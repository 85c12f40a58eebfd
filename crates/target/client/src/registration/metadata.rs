//! `WerRegisterCustomMetadata`.

use wer_abi::Hresult;
use wer_abi::limits::{
    WER_MAX_REGISTERED_METADATA, WER_METADATA_KEY_MAX_LENGTH, WER_METADATA_VALUE_MAX_LENGTH,
};
use wer_abi::registration::kind;

use core::sync::atomic::Ordering;

use super::Result;
use super::entries::Fields;
use super::lock::WriteGuard;
use super::text;

/// Registers a key and its value, which every report of this process then carries.
///
/// Registering a key again replaces its value and makes the pair the newest.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for a key that is not an XML element name of at most 64 UTF-16 units (a colon counts as
/// invalid, it would ask for a namespace), or a value that is not printable ASCII of at most 128 characters;
/// [`Hresult::WER_E_INSUFFICIENT_BUFFER`] for a ninth key, or when 512 things are registered.
pub fn register_custom_metadata(key: &str, value: &str) -> Result<()> {
    check_key(key)?;
    let printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !printable || value.len() > WER_METADATA_VALUE_MAX_LENGTH {
        return Err(Hresult::E_INVALIDARG);
    }
    let hash = text::key(key);
    let fields = Fields { kind: kind::METADATA, address: hash, ..Fields::default() };
    let guard = WriteGuard::take()?;
    let write = |block: super::Block, slot| {
        if let Some(payload) = block.payload(slot) {
            text::write(payload, key, value);
        }
    };
    if let Some((_, slot)) = find(&guard, hash, key) {
        guard.replace(slot, fields, write);
        return Ok(());
    }
    let count = guard.block().header().metadata_count.load(Ordering::Relaxed);
    if count as usize >= WER_MAX_REGISTERED_METADATA {
        return Err(Hresult::WER_E_INSUFFICIENT_BUFFER);
    }
    guard.add(fields, write)
}

/// Takes back [`register_custom_metadata`].
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for a key that cannot have been registered; [`Hresult::WER_E_NOT_FOUND`].
pub fn unregister_custom_metadata(key: &str) -> Result<()> {
    check_key(key)?;
    let guard = WriteGuard::take()?;
    let (place, slot) = find(&guard, text::key(key), key).ok_or(Hresult::WER_E_NOT_FOUND)?;
    guard.remove(place, slot);
    Ok(())
}

fn find(guard: &WriteGuard, hash: u64, key: &str) -> Option<(usize, usize)> {
    let block = guard.block();
    block.index_find_where(kind::METADATA, hash, |slot| {
        block.payload(slot).is_some_and(|payload| text::first_is(payload, key))
    })
}

fn check_key(key: &str) -> Result<()> {
    let mut characters = key.chars();
    let starts = characters.next().is_some_and(is_name_start);
    let valid = starts && characters.all(|c| is_name_start(c) || is_name_rest(c));
    let limit = WER_METADATA_KEY_MAX_LENGTH;
    // No text has more units than bytes.
    let fits = key.len() <= limit || key.encode_utf16().count() <= limit;
    if valid && fits { Ok(()) } else { Err(Hresult::E_INVALIDARG) }
}

/// `NameStartChar` of XML 1.0, fifth edition, without the colon.
fn is_name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | '_'
        | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}'
        | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// What `NameChar` adds to it.
fn is_name_rest(c: char) -> bool {
    matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_xml_names() {
        for good in ["a", "_x", "Version.Major-2", "Größe", &"k".repeat(64)] {
            assert_eq!(check_key(good), Ok(()), "{good}");
        }
        for bad in ["", "1a", "-a", "a b", "a:b", "a<", "a\0", &"k".repeat(65)] {
            assert_eq!(check_key(bad), Err(Hresult::E_INVALIDARG), "{bad}");
        }
    }
}
