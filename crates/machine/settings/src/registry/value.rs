//! One value: `"name"=data`, over as many lines as it takes.

use super::{Data, Entry, Lines, RegistryError};
use crate::limits::MAX_REGISTRY_VALUE_BYTES;

/// Reads a value that begins in this line; further lines are taken as the data wants them. `is_wide`: texts in `hex`
/// data are 16-bit.
pub(super) fn read_value(
    line: &str,
    number: usize,
    lines: &mut Lines<'_>,
    is_wide: bool,
) -> Result<Entry, RegistryError> {
    let fail = |reason: &str| Err(RegistryError::new(number, reason));
    let (name, rest) = match line.strip_prefix('@') {
        Some(rest) => (None, rest),
        None => match line.strip_prefix('"') {
            Some(quoted) => match unquote(quoted) {
                Some((name, rest)) => (Some(name), rest),
                None => return fail("the value's name has no closing quotation mark"),
            },
            None => return fail("this is neither a key nor a value"),
        },
    };
    let Some(data) = rest.trim_start().strip_prefix('=') else {
        return fail("there is no = after the value's name");
    };
    let data = data.trim_start();
    let data = match data.strip_prefix('"') {
        Some(quoted) => Data::Text(read_text(quoted, number, lines)?),
        None => read_data(&joined(data, number, lines)?, number, is_wide)?,
    };
    Ok(Entry::Value(name, data))
}

/// What stands between here and the closing quotation mark, and what follows it.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, quoted.get(at + 1..).unwrap_or_default())),
            // Only these two are escaped; regedit itself reads any other one as the character that follows.
            '\\' => text.push(characters.next()?.1),
            _ => text.push(character),
        }
    }
    None
}

/// A text, which may hold line breaks.
fn read_text(first: &str, number: usize, lines: &mut Lines<'_>) -> Result<String, RegistryError> {
    let mut quoted = first.to_owned();
    loop {
        if let Some((text, rest)) = unquote(&quoted) {
            let rest = rest.trim();
            if rest.is_empty() || rest.starts_with(';') {
                return Ok(text);
            }
            return Err(RegistryError::new(number, "something follows the text's closing quotation mark"));
        }
        match lines.next() {
            Some((_, line)) if quoted.len() + line.len() < MAX_REGISTRY_VALUE_BYTES => {
                quoted.push('\n');
                quoted.push_str(line);
            }
            _ => return Err(RegistryError::new(number, "the text has no closing quotation mark")),
        }
    }
}

/// Data with its continuations, without comment.
fn joined(first: &str, number: usize, lines: &mut Lines<'_>) -> Result<String, RegistryError> {
    let without_comment = |line: &str| line.split(';').next().unwrap_or_default().trim().to_owned();
    let mut data = without_comment(first);
    while data.ends_with('\\') {
        data.pop();
        match lines.next() {
            Some((_, line)) if data.len() + line.len() < MAX_REGISTRY_VALUE_BYTES => {
                data.push_str(&without_comment(line));
            }
            Some(_) => return Err(RegistryError::new(number, "the value's data is too long")),
            None => return Err(RegistryError::new(number, "the file ends within the value's data")),
        }
    }
    Ok(data)
}

fn read_data(data: &str, number: usize, is_wide: bool) -> Result<Data, RegistryError> {
    let fail = |reason: &str| RegistryError::new(number, reason);
    if data == "-" {
        return Ok(Data::Deleted);
    }
    let (kind, digits) = data.split_once(':').ok_or_else(|| fail("the data has no known form"))?;
    match kind.to_ascii_lowercase().as_str() {
        "dword" => match u32::from_str_radix(digits.trim(), 16) {
            Ok(dword) if digits.trim().starts_with(|c: char| c.is_ascii_hexdigit()) => Ok(Data::Dword(dword)),
            _ => Err(fail("dword: wants up to 8 hexadecimal digits")),
        },
        "hex" => hex_bytes(digits, number).map(|_| Data::Binary),
        kind => {
            let inner = kind.strip_prefix("hex(").and_then(|kind| kind.strip_suffix(')'));
            let kind = inner.and_then(|kind| u32::from_str_radix(kind, 16).ok());
            let kind = kind.ok_or_else(|| fail("the data has no known form"))?;
            typed(kind, &hex_bytes(digits, number)?, is_wide)
                .ok_or_else(|| fail("the data has a wrong length"))
        }
    }
}

/// `hex(kind)` data by its registry type. `None`: as many bytes are none of it.
fn typed(kind: u32, bytes: &[u8], is_wide: bool) -> Option<Data> {
    const SZ: u32 = 1;
    const EXPAND_SZ: u32 = 2;
    const DWORD: u32 = 4;
    const MULTI_SZ: u32 = 7;
    const QWORD: u32 = 11;
    Some(match kind {
        SZ | EXPAND_SZ => {
            let text = text(bytes, is_wide)?;
            Data::Text(text.split('\0').next().unwrap_or_default().to_owned())
        }
        MULTI_SZ => {
            let text = text(bytes, is_wide)?;
            Data::Texts(text.split('\0').filter(|text| !text.is_empty()).map(str::to_owned).collect())
        }
        DWORD => Data::Dword(u32::from_le_bytes(bytes.try_into().ok()?)),
        QWORD => Data::Qword(u64::from_le_bytes(bytes.try_into().ok()?)),
        _ => Data::Binary,
    })
}

/// Half characters become replacement characters; what a setting wants is checked later.
fn text(bytes: &[u8], is_wide: bool) -> Option<String> {
    if !is_wide {
        return Some(String::from_utf8_lossy(bytes).into_owned());
    }
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    odd.is_empty().then(|| String::from_utf16_lossy(&units))
}

fn hex_bytes(digits: &str, number: usize) -> Result<Vec<u8>, RegistryError> {
    let digits = digits.trim().trim_end_matches(',');
    if digits.is_empty() {
        return Ok(Vec::new());
    }
    let byte = |pair: &str| {
        let pair = pair.trim();
        let is_hex =
            !pair.is_empty() && pair.len() <= 2 && pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_hex.then(|| u8::from_str_radix(pair, 16).ok()).flatten()
    };
    let bytes: Option<Vec<u8>> = digits.split(',').map(byte).collect();
    bytes.ok_or_else(|| {
        RegistryError::new(number, "hex data wants bytes of two hexadecimal digits, with commas")
    })
}
