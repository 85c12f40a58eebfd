//! Level 2 in pieces, between our own client and watson: files of any size, sent in pieces that are named by their
//! content, so that an upload that was cut goes on where it ended. `docs/formats/pieces.md` has the exchange.

use serde::{Deserialize, Serialize};

use crate::WireError;
use crate::limits::{
    MAX_FILE_NAME_CHARS, MAX_MANIFEST_BYTES, MAX_PIECE_BYTES, MAX_PIECED_FILES, MAX_PIECES, MIN_PIECE_BYTES,
};

/// Header of a level 1 request: the report's GUID, which names the crash.
pub const REPORT_HEADER: &str = "Wer-Report-Id";
/// Header of a level 1 answer to a request with [`REPORT_HEADER`]: the path that files may be sent to in pieces, in the
/// place of a cab.
pub const PIECES_HEADER: &str = "Wer-Pieces";
/// Hex digits of a SHA-256.
const SHA256_DIGITS: usize = 64;

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Bytes of every piece but the last of a file.
    pub piece_bytes: u32,
    /// The files, the dump first.
    pub files: Vec<ManifestFile>,
}

/// A file of a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its name, without folders.
    pub name: String,
    /// Bytes.
    pub size_bytes: u64,
    /// SHA-256 of the whole, 64 lower-case hex digits.
    pub sha256: String,
    /// SHA-256 of each piece, in order.
    pub pieces: Vec<String>,
}

/// The answer to a manifest: what has still to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Names of pieces.
    pub missing: Vec<String>,
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// `TooLarge`, `Manifest` with what is wrong with it.
    pub fn parse(body: &[u8]) -> Result<Self, WireError> {
        if body.len() > MAX_MANIFEST_BYTES {
            return Err(WireError::TooLarge { actual_bytes: body.len(), limit_bytes: MAX_MANIFEST_BYTES });
        }
        let manifest: Self =
            serde_json::from_slice(body).map_err(|_| WireError::Manifest("it is no JSON of this form"))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The manifest as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Bytes of all files.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size_bytes))
    }

    fn check(&self) -> Result<(), WireError> {
        let wrong = |what| Err(WireError::Manifest(what));
        if !(MIN_PIECE_BYTES..=MAX_PIECE_BYTES).contains(&self.piece_bytes) {
            return wrong("its pieces are too small or too large");
        }
        if self.files.is_empty() || self.files.len() > MAX_PIECED_FILES {
            return wrong("it has no file, or too many");
        }
        let pieces = self.files.iter().fold(0_usize, |sum, file| sum.saturating_add(file.pieces.len()));
        if pieces > MAX_PIECES {
            return wrong("it has too many pieces");
        }
        for file in &self.files {
            if file.name.is_empty() || file.name.chars().count() > MAX_FILE_NAME_CHARS {
                return wrong("a file's name is empty or too long");
            }
            if file.pieces.len() as u64 != file.size_bytes.div_ceil(u64::from(self.piece_bytes)) {
                return wrong("a file's size and its pieces do not agree");
            }
            if !file.pieces.iter().chain([&file.sha256]).all(|name| is_sha256(name)) {
                return wrong("a hash is not 64 lower-case hex digits");
            }
        }
        Ok(())
    }
}

/// Whether a text is a SHA-256 as it stands in a manifest.
#[must_use]
pub fn is_sha256(text: &str) -> bool {
    text.len() == SHA256_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let file = ManifestFile {
            name: "heap.mdmp".into(),
            size_bytes: u64::from(MIN_PIECE_BYTES) + 1,
            sha256: "0a".repeat(32),
            pieces: vec!["1b".repeat(32), "2c".repeat(32)],
        };
        Manifest { piece_bytes: MIN_PIECE_BYTES, files: vec![file] }
    }

    #[test]
    fn a_manifest_comes_back_as_it_was() {
        assert_eq!(Manifest::parse(&manifest().to_json()), Ok(manifest()));
        assert_eq!(manifest().total_bytes(), u64::from(MIN_PIECE_BYTES) + 1);
    }

    #[test]
    fn what_lies_is_refused() {
        let refused = |change: &dyn Fn(&mut Manifest)| {
            let mut manifest = manifest();
            change(&mut manifest);
            assert!(matches!(Manifest::parse(&manifest.to_json()), Err(WireError::Manifest(_))));
        };
        refused(&|manifest| manifest.piece_bytes = 0);
        refused(&|manifest| manifest.piece_bytes = u32::MAX);
        refused(&|manifest| manifest.files.clear());
        refused(&|manifest| manifest.files = vec![manifest.files[0].clone(); MAX_PIECED_FILES + 1]);
        refused(&|manifest| manifest.files[0].name.clear());
        refused(&|manifest| manifest.files[0].name = "x".repeat(MAX_FILE_NAME_CHARS + 1));
        refused(&|manifest| manifest.files[0].size_bytes = u64::MAX);
        refused(&|manifest| manifest.files[0].size_bytes = 1);
        refused(&|manifest| manifest.files[0].sha256 = "0A".repeat(32));
        refused(&|manifest| manifest.files[0].pieces[1] = "../../etc/passwd".into());
        assert!(matches!(Manifest::parse(b"[]"), Err(WireError::Manifest(_))));
        let huge = vec![b' '; MAX_MANIFEST_BYTES + 1];
        assert!(matches!(Manifest::parse(&huge), Err(WireError::TooLarge { .. })));
    }
}
