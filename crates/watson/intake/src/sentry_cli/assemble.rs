//! The request that names files by their chunks. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use watson_db::{DebugFile, Sha1Text};

use crate::annotations::shown_name;
use crate::limits::{CHUNK_BYTES, MAX_ASSEMBLE_FILES};

/// A file that is to be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedFile {
    /// SHA-1 of the whole.
    pub sha1: Sha1Text,
    /// What the client calls it, without folders: shown, never used.
    pub name: String,
    /// As it is kept; `None`: the client says none.
    pub debug_id: Option<String>,
    /// Its chunks in their order.
    pub chunks: Vec<Sha1Text>,
}

/// Why such a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssembleError {
    /// No JSON, or another shape.
    #[error("the body is no object in JSON that names files by their SHA-1 with name and chunks")]
    Shape,
    /// Too many files.
    #[error("more than {MAX_ASSEMBLE_FILES} files in one request")]
    TooMany,
    /// A file with more chunks than its size may have.
    #[error("a file has more chunks than the largest file may have")]
    TooLarge,
}

impl AssembleError {
    /// Short stable name, for the counters.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Shape => "assemble",
            Self::TooMany => "assemble_files",
            Self::TooLarge => "too_large",
        }
    }
}

#[derive(Deserialize)]
struct Wanted {
    name: String,
    #[serde(default)]
    debug_id: Option<String>,
    chunks: Vec<String>,
}

/// Reads the request; `max_file_bytes` limits how many chunks a file may have.
///
/// # Errors
/// [`AssembleError`].
pub fn parse(body: &[u8], max_file_bytes: u64) -> Result<Vec<WantedFile>, AssembleError> {
    let files: BTreeMap<String, Wanted> = serde_json::from_slice(body).map_err(|_| AssembleError::Shape)?;
    if files.len() > MAX_ASSEMBLE_FILES {
        return Err(AssembleError::TooMany);
    }
    let max_chunks = max_file_bytes.div_ceil(CHUNK_BYTES);
    let read = |(sha1, wanted): (String, Wanted)| {
        if wanted.chunks.len() as u64 > max_chunks {
            return Err(AssembleError::TooLarge);
        }
        let chunks: Option<Vec<_>> = wanted.chunks.iter().map(|chunk| Sha1Text::new(chunk)).collect();
        Ok(WantedFile {
            sha1: Sha1Text::new(&sha1).ok_or(AssembleError::Shape)?,
            name: shown_name(&wanted.name),
            debug_id: wanted.debug_id.as_deref().and_then(DebugFile::plain_debug_id),
            chunks: chunks.ok_or(AssembleError::Shape)?,
        })
    };
    files.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_their_chunks() {
        let (file, chunk) = ("A".repeat(40), "b".repeat(40));
        let body = format!(
            "{{\"{file}\": {{\"name\": \"../x/app\", \"debug_id\": \"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0-1\",
               \"chunks\": [\"{chunk}\", \"{chunk}\"], \"more\": 1}}}}"
        );
        let wanted = parse(body.as_bytes(), 2 * CHUNK_BYTES).unwrap();
        assert_eq!(
            wanted,
            [WantedFile {
                sha1: Sha1Text::new(&"a".repeat(40)).unwrap(),
                name: "app".into(),
                debug_id: Some("0F1E2D3C4B5A69788796A5B4C3D2E1F01".into()),
                chunks: vec![Sha1Text::new(&chunk).unwrap(); 2],
            }]
        );
        assert_eq!(parse(body.as_bytes(), CHUNK_BYTES), Err(AssembleError::TooLarge));
        assert_eq!(parse(b"{}", 1).unwrap(), []);
    }

    #[test]
    fn anything_else_is_refused() {
        let file = "a".repeat(40);
        for body in [
            String::new(),
            "[]".into(),
            "{\"x\": {\"name\": \"a\", \"chunks\": []}}".into(),
            format!("{{\"{file}\": {{\"name\": \"a\", \"chunks\": [\"../x\"]}}}}"),
            format!("{{\"{file}\": {{\"name\": 5, \"chunks\": []}}}}"),
            format!("{{\"{file}\": {{\"name\": \"a\"}}}}"),
            "[".repeat(100_000),
        ] {
            assert_eq!(parse(body.as_bytes(), 1), Err(AssembleError::Shape), "{:.80}", body);
        }
        let many: Vec<String> = (0..=MAX_ASSEMBLE_FILES)
            .map(|n| format!("\"{n:040x}\": {{\"name\": \"\", \"chunks\": []}}"))
            .collect();
        let body = format!("{{{}}}", many.join(","));
        assert_eq!(parse(body.as_bytes(), 1), Err(AssembleError::TooMany));
    }
}
