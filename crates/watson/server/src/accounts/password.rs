//! Passwords: argon2id with its own random salt, in argon2's text form. Slow on purpose, so never on the threads that serve
//! requests.

use std::sync::{Arc, LazyLock};

use anyhow::{Result, bail};
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::limits::{MAX_PASSWORD_CHARS, MAX_PASSWORDS_AT_ONCE, MIN_PASSWORD_CHARS};

/// A password's hash.
///
/// # Errors
/// It is too short or too long, or there are no random bytes.
pub fn hash_password(password: &str) -> Result<String> {
    let length = password.chars().count();
    if !(MIN_PASSWORD_CHARS..=MAX_PASSWORD_CHARS).contains(&length) {
        bail!(
            "a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters, and this one has {length}"
        );
    }
    match Argon2::default().hash_password(password.as_bytes()) {
        Ok(hash) => Ok(hash.to_string()),
        Err(error) => bail!("the password could not be hashed: {error}"),
    }
}

/// [`hash_password`] for the API, which tells the reason in its own way.
///
/// # Errors
/// The reason, as a sentence.
pub fn password_hash(password: &str) -> Result<String, String> {
    hash_password(password).map_err(|error| error.to_string())
}

/// Whether a password has this hash; argon2 compares in constant time.
#[must_use]
pub fn is_password(password: &str, hash: &str) -> bool {
    password.chars().count() <= MAX_PASSWORD_CHARS
        && PasswordHash::new(hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// What the password of an account that does not exist is compared with: whoever asks learns by the time of the answer
/// nothing about which names there are.
static NOBODY: LazyLock<String> =
    LazyLock::new(|| hash_password("nobody has this password").unwrap_or_default());

static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MAX_PASSWORDS_AT_ONCE)));

/// [`is_password`] on a thread for it, a few at once. `None`: there is no such account.
pub async fn check(password: String, hash: Option<String>) -> bool {
    let Ok(turn) = Arc::clone(&TURNS).acquire_owned().await else { return false };
    let checked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let known = hash.is_some();
        is_password(&password, hash.as_deref().unwrap_or(&NOBODY)) && known
    });
    checked.await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_only() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(hash.starts_with("$argon2id$") && !hash.contains("horse"), "{hash}");
        assert!(check("correct horse battery".into(), Some(hash.clone())).await);
        assert!(!check("correct horse batterz".into(), Some(hash)).await);
        assert!(!check("nobody has this password".into(), None).await);
        assert!(!is_password("x", "") && !is_password("x", "$argon2id$"));
        for bad in ["", "short", &"x".repeat(MAX_PASSWORD_CHARS + 1)] {
            assert!(hash_password(bad).is_err(), "{bad}");
        }
    }
}
