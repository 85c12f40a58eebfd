//! Secrets of machines and programs: 256 random bits as 64 hexadecimal digits, which pass through every client's URLs
//! and headers as they are. Only their SHA-256 is kept: nobody can go through 2^256 of them, so no slow hash is needed.
//! They are looked up by that hash, and the time that this takes tells something about the hash at most, which nobody
//! can steer. (Passwords are people's own words and need argon2; the server makes those hashes.)

use sha2::{Digest, Sha256};

use crate::DbError;

/// Random bytes of a secret.
const SECRET_BYTES: usize = 32;
/// Characters that are kept readable, so that people can tell secrets apart.
const SHOWN_CHARS: usize = 6;

/// SHA-256 of a secret.
pub type SecretHash = [u8; 32];

/// A new secret.
#[derive(Clone, PartialEq, Eq)]
pub struct NewSecret {
    /// Its row.
    pub id: i64,
    /// The secret itself: told now and never again.
    pub secret: String,
}

impl core::fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("NewSecret").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A secret's hash. `None`: it is no secret of this form.
#[must_use]
pub fn secret_hash(text: &str) -> Option<SecretHash> {
    let hex = text.len() == SECRET_BYTES * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| Sha256::digest(text.to_ascii_lowercase().as_bytes()).into())
}

/// A fresh secret and its hash.
pub(crate) fn new_secret() -> Result<(String, SecretHash), DbError> {
    let mut bytes = [0_u8; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        DbError::io("cannot read random bytes from", "/dev/urandom")(std::io::Error::other(error.to_string()))
    })?;
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let hash = Sha256::digest(secret.as_bytes()).into();
    Ok((secret, hash))
}

/// What is shown of a secret in lists.
pub(crate) fn shown(secret: &str) -> String {
    secret.chars().take(SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_known_by_its_hash_in_any_letters_and_by_nothing_else() {
        let (secret, hash) = new_secret().unwrap();
        assert_eq!(secret_hash(&secret), Some(hash));
        assert_eq!(secret_hash(&secret.to_uppercase()), Some(hash));
        assert_ne!(new_secret().unwrap().0, secret);
        for bad in ["", &secret[1..], &format!("{secret}0"), &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(secret_hash(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_secret_does_not_get_into_a_log() {
        let made = NewSecret { id: 1, secret: "abcdef".into() };
        assert!(!format!("{made:?}").contains("abcdef"));
    }
}
