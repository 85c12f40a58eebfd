//! Which words are shown.

use sha2::{Digest, Sha256};

/// Parts of paths and values that say nothing about anybody.
const KNOWN: [&str; 66] = [
    "*/*",
    "100-continue",
    "api",
    "application/json",
    "application/octet-stream",
    "application/x-dmp",
    "application/x-sentry-envelope",
    "application/x-www-form-urlencoded",
    "application/xml",
    "attachment",
    "batch",
    "br",
    "brotli",
    "bz2",
    "cabs",
    "close",
    "cr",
    "crash",
    "crashes",
    "crashpad",
    "crashreports",
    "chunked",
    "deflate",
    "dumps",
    "envelope",
    "event",
    "events",
    "form-data",
    "gzip",
    "identity",
    "image/png",
    "json",
    "keep-alive",
    "log",
    "minidump",
    "minidumps",
    "multipart/form-data",
    "multipart/mixed",
    "no-cache",
    "none",
    "octet-stream",
    "plain",
    "post",
    "postbp.php",
    "put",
    "report",
    "reports",
    "security",
    "stage2.htm",
    "store",
    "submit",
    "symbols",
    "telemetry.request",
    "text/html",
    "text/plain",
    "text/xml",
    "trailers",
    "upload",
    "uploads",
    "uploads:create",
    "v1",
    "v2",
    "v3",
    "xz",
    "zip",
    "zstd",
];
/// Characters of a name that is shown.
const MAX_NAME_CHARS: usize = 40;
/// Digits of one: `P10`, `utf-16`. Keys and ids have more.
const MAX_NAME_DIGITS: usize = 2;
/// Digits of a hash that stands for a value.
const HASH_BYTES: usize = 4;

/// Stands for what is not shown. The key is a recording's own, and is thrown away with it.
#[derive(Clone, Debug)]
pub struct Redactor {
    key: [u8; 32],
}

impl Redactor {
    /// `key` must be random.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// What stands for a value: `<12 bytes #0a1b2c3d>`.
    #[must_use]
    pub(super) fn hidden(&self, value: &[u8]) -> String {
        if value.is_empty() {
            return "<empty>".into();
        }
        let hash = Sha256::new().chain_update(self.key).chain_update(value).finalize();
        let hash: String = hash.iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect();
        format!("<{} bytes #{hash}>", value.len())
    }

    /// A value: itself where it is known.
    pub(super) fn value(&self, value: &[u8]) -> String {
        known(value).unwrap_or_else(|| self.hidden(value))
    }

    /// A name of a header, field, file type: itself where it is plainly one.
    pub(super) fn name(&self, name: &[u8]) -> String {
        known(name).or_else(|| plain_name(name)).unwrap_or_else(|| self.hidden(name))
    }
}

/// The word, in small letters, where it is on the list.
pub(super) fn known(word: &[u8]) -> Option<String> {
    let word = core::str::from_utf8(word).ok()?.trim().to_ascii_lowercase();
    KNOWN.contains(&word.as_str()).then_some(word)
}

/// Letters, few digits, and what joins words.
fn plain_name(name: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(name).ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']');
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let shown =
        text.len() <= MAX_NAME_CHARS && digits <= MAX_NAME_DIGITS && begins && text.chars().all(plain);
    shown.then(|| text.to_owned())
}
