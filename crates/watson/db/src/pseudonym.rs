//! Names that come in become pseudonyms by a key of the store (HMAC-SHA-256): equal names stay equal, and nobody who has
//! the rows but not the key can try names until one fits.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::DbError;
use crate::blob::hex;
use crate::data_dir::DataDir;
use crate::sql::{Database, sql};

/// Bytes by which a machine is known in the rows.
pub const MACHINE_BYTES: usize = 8;
/// How the pseudonym of a machine begins; its hash in hex follows.
const MACHINE_PREFIX: &str = "m-";
/// Bytes of the key.
const KEY_BYTES: usize = 32;
/// The file of a key that the database must not hold: 64 hex digits, in the data folder.
const KEY_FILE: &str = "privacy.key";

/// Makes pseudonyms. Clones share the key.
#[derive(Clone)]
pub struct Pseudonyms(Hmac<Sha256>);

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(the key is not shown)")
    }
}

impl Pseudonyms {
    /// With a key of any length.
    ///
    /// # Errors
    /// None is known: HMAC takes every length.
    pub fn new(key: &[u8]) -> Result<Self, DbError> {
        Hmac::new_from_slice(key).map(Self).map_err(|_| DbError::Row("key"))
    }

    /// A hash of parts, of which each has its length before it: no two lists of parts have one text.
    pub(crate) fn hash(&self, domain: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in core::iter::once(&domain.as_bytes()).chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The bytes by which a machine is known in a tenant, in whatever letters its name is written.
    #[must_use]
    pub fn machine(&self, tenant: i64, name: &str) -> [u8; MACHINE_BYTES] {
        first(&self.hash("machine", &[&tenant.to_be_bytes(), name.to_lowercase().as_bytes()]))
    }

    /// What stands in the place of a value of a kind ("u" = user, "p" = path, ...): the same for the same value in every
    /// letter case, within a tenant.
    #[must_use]
    pub fn text(&self, kind: &str, tenant: i64, value: &str) -> String {
        let value = value.to_lowercase();
        let hash = self.hash("text", &[kind.as_bytes(), &tenant.to_be_bytes(), value.as_bytes()]);
        format!("{kind}-{}", hex(&first::<MACHINE_BYTES>(&hash)))
    }

    fn fingerprint(&self) -> Vec<u8> {
        first::<16>(&self.hash("fingerprint", &[])).to_vec()
    }

    /// The key of a store: of the file in the data folder if there is one, else of the database, which gets one.
    pub(crate) async fn open(database: &Database, dir: &DataDir) -> Result<Self, DbError> {
        let of_file = read_file(dir)?;
        if let Some(row) = read_row(database).await? {
            return chosen(database, row, of_file).await;
        }
        let secret = if of_file.is_some() { Vec::new() } else { random_key()? };
        let key = Self::new(of_file.as_deref().unwrap_or(&secret))?;
        let mut tx = database.begin().await?;
        tx.execute(
            sql("INSERT INTO store_key (id, secret, fingerprint) VALUES (1, $1, $2) ON CONFLICT DO NOTHING")
                .bind(secret.as_slice())
                .bind(key.fingerprint().as_slice()),
        )
        .await?;
        tx.commit().await?;
        // Another process may have been faster.
        let row = read_row(database).await?.ok_or(DbError::Row("key"))?;
        chosen(database, row, of_file).await
    }
}

type KeyRow = (Vec<u8>, Vec<u8>);

async fn read_row(database: &Database) -> Result<Option<KeyRow>, DbError> {
    database.row(sql("SELECT secret, fingerprint FROM store_key WHERE id = 1")).await
}

/// A key in the file must be the one that rows were written with; then the database need not hold it any more.
async fn chosen(database: &Database, row: KeyRow, of_file: Option<Vec<u8>>) -> Result<Pseudonyms, DbError> {
    let (secret, fingerprint) = row;
    let Some(key) = of_file else {
        if secret.is_empty() {
            return Err(DbError::PrivacyKey("is missing: the rows were written with it"));
        }
        return Pseudonyms::new(&secret);
    };
    let key = Pseudonyms::new(&key)?;
    if key.fingerprint() != fingerprint {
        return Err(DbError::PrivacyKey("is not the key that the rows were written with"));
    }
    if !secret.is_empty() {
        let mut tx = database.begin().await?;
        tx.execute(sql("UPDATE store_key SET secret = $1 WHERE id = 1").bind(&[][..])).await?;
        tx.commit().await?;
    }
    Ok(key)
}

fn read_file(dir: &DataDir) -> Result<Option<Vec<u8>>, DbError> {
    let path = dir.root().join(KEY_FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DbError::io("cannot read", path)(error)),
    };
    let key = unhex(text.trim()).filter(|key| key.len() == KEY_BYTES);
    key.map(Some).ok_or(DbError::PrivacyKey("does not hold 64 hex digits"))
}

fn random_key() -> Result<Vec<u8>, DbError> {
    let mut key = vec![0_u8; KEY_BYTES];
    getrandom::fill(&mut key).map_err(|error| {
        DbError::io("cannot read random bytes from", "/dev/urandom")(std::io::Error::other(error.to_string()))
    })?;
    Ok(key)
}

/// The pseudonym of a machine, as it is shown and stored where the name is not kept: it holds the machine's hash.
#[must_use]
pub fn machine_text(hash: &[u8]) -> String {
    format!("{MACHINE_PREFIX}{}", hex(hash))
}

/// The hash in a machine's pseudonym.
#[must_use]
pub fn machine_of_text(text: &str) -> Option<[u8; MACHINE_BYTES]> {
    unhex(text.strip_prefix(MACHINE_PREFIX)?)?.try_into().ok()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

fn first<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(hash).for_each(|(slot, byte)| *slot = *byte);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_the_same_in_every_case_and_another_in_every_tenant_and_under_every_key() {
        let names = Pseudonyms::new(&[1; 32]).unwrap();
        assert_eq!(names.machine(1, "PC-7"), names.machine(1, "pc-7"));
        assert_ne!(names.machine(1, "PC-7"), names.machine(2, "PC-7"));
        assert_ne!(names.machine(1, "PC-7"), Pseudonyms::new(&[2; 32]).unwrap().machine(1, "PC-7"));
        assert_ne!(names.text("u", 1, "joe"), names.text("p", 1, "joe"));
        assert_eq!(names.text("u", 1, "Joe"), names.text("u", 1, "joe"));
    }

    #[test]
    fn a_machines_pseudonym_holds_its_hash() {
        let hash = Pseudonyms::new(b"k").unwrap().machine(1, "PC-7");
        assert_eq!(machine_of_text(&machine_text(&hash)), Some(hash));
        for other in ["", "m-", "PC-7", "m-00", "m-zz00000000000000", "m-000000000000000"] {
            assert_eq!(machine_of_text(other), None, "{other}");
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        assert!(!format!("{:?}", Pseudonyms::new(b"secret").unwrap()).contains("secret"));
    }
}
