//! A tar as pieces of bytes: entries of known size, one after the other, nothing held back.

use tar::{EntryType, Header};

use crate::DbError;

const BLOCK_BYTES: usize = 512;

/// The head of an entry.
pub(super) fn head(path: &str, size_bytes: u64, mtime_seconds: u64) -> Result<Vec<u8>, DbError> {
    let mut header = Header::new_ustar();
    header.set_path(path).map_err(DbError::io("cannot name an entry", path))?;
    header.set_size(size_bytes);
    header.set_mode(0o600);
    header.set_mtime(mtime_seconds);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    Ok(header.as_bytes().to_vec())
}

/// Zeros behind an entry, up to the next block.
pub(super) fn padding(size_bytes: u64) -> Vec<u8> {
    let over = usize::try_from(size_bytes % BLOCK_BYTES as u64).unwrap_or(0);
    vec![0; (BLOCK_BYTES - over) % BLOCK_BYTES]
}

/// A whole entry.
pub(super) fn entry(path: &str, bytes: &[u8], mtime_seconds: u64) -> Result<Vec<u8>, DbError> {
    let size = bytes.len() as u64;
    Ok([&head(path, size, mtime_seconds)?, bytes, &padding(size)].concat())
}

/// What ends a tar.
pub(super) fn end() -> Vec<u8> {
    vec![0; 2 * BLOCK_BYTES]
}

/// A name that came from outside, as the last part of an entry's path.
pub(super) fn safe_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let name: String = name.chars().map(safe).take(64).collect();
    name.trim_start_matches('.').to_owned()
}
