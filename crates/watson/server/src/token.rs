//! The token of the pages: random, in the data folder, readable by its owner only.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Hex digits of a token.
const TOKEN_DIGITS: usize = 32;

/// The token of a data folder, made at the first start.
///
/// # Errors
/// The file cannot be read or written, or holds something else.
pub fn load_or_create(data: &Path) -> Result<String> {
    let path = data.join("token");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let token = text.trim();
            if token.len() != TOKEN_DIGITS || !token.chars().all(|c| c.is_ascii_hexdigit()) {
                bail!("{} holds no token; remove it, and the next start makes one", path.display());
            }
            Ok(token.to_owned())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => create(&path),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn create(path: &Path) -> Result<String> {
    let mut bytes = [0_u8; TOKEN_DIGITS / 2];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random bytes: {error}"))?;
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let written = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| writeln!(file, "{token}").and_then(|()| file.sync_all()));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    Ok(token)
}

/// Compares without telling by its time where two texts differ.
#[must_use]
pub fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let token = load_or_create(dir.path()).unwrap();
        assert_eq!(load_or_create(dir.path()).unwrap(), token);
        assert_eq!(token.len(), TOKEN_DIGITS);
        let mode = dir.path().join("token").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(dir.path().join("token"), "").unwrap();
        assert!(load_or_create(dir.path()).is_err());
    }

    #[test]
    fn texts_are_compared_whole() {
        assert!(same("ab", "ab"));
        assert!(!same("ab", "ac") && !same("ab", "a") && !same("", "a"));
    }
}
