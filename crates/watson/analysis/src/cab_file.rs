//! Unpacking a cab that may lie about everything: number of members, sizes, names.

use std::fs::OpenOptions;
use std::io::{self, Cursor, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use cab::Cabinet;

use crate::limits::{
    FREE_UNPACKED_BYTES, MAX_MEMBER_BYTES, MAX_MEMBERS, MAX_NAME_CHARS, MAX_RATIO, MAX_UNPACKED_BYTES,
};

/// What a cab may unpack to.
#[derive(Clone, Copy, Debug)]
pub struct CabLimits {
    /// Members.
    pub members: usize,
    /// Bytes of one member.
    pub member_bytes: u64,
    /// Bytes of all members together.
    pub total_bytes: u64,
    /// Unpacked bytes per byte of the cab, beyond the first 64 MiB.
    pub ratio: u64,
}

impl Default for CabLimits {
    fn default() -> Self {
        Self {
            members: MAX_MEMBERS,
            member_bytes: MAX_MEMBER_BYTES,
            total_bytes: MAX_UNPACKED_BYTES,
            ratio: MAX_RATIO,
        }
    }
}

/// A file that was unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnpackedFile {
    /// Its name: one component, printable ASCII, no leading dot.
    pub name: String,
    /// Where it is now.
    pub path: PathBuf,
    /// Its bytes.
    pub size_bytes: u64,
}

/// What came out of a cab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnpackedCab {
    /// Files in the cab's order.
    pub files: Vec<UnpackedFile>,
    /// Sentences about what was left out.
    pub notes: Vec<String>,
}

impl UnpackedCab {
    /// The file of that name, upper or lower case.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&UnpackedFile> {
        self.files.iter().find(|file| file.name.eq_ignore_ascii_case(name))
    }
}

/// A cab of which nothing can be used.
#[derive(Debug, thiserror::Error)]
pub enum CabError {
    /// It is no cab, or its directory is damaged.
    #[error("this is no readable cab: {0}")]
    Damaged(String),
    /// Too many members.
    #[error("the cab has {members} members; at most {limit} are read")]
    TooManyMembers {
        /// Its members.
        members: usize,
        /// The limit.
        limit: usize,
    },
    /// A file could not be written.
    #[error("{name} could not be unpacked: {source}")]
    Write {
        /// The member.
        name: String,
        /// Why.
        source: io::Error,
    },
}

/// Unpacks into an existing empty folder. Members that are too large, are damaged, or have a name that is a path are
/// left out with a note.
///
/// # Errors
/// [`CabError`]: nothing can be used, or the folder cannot be written.
pub fn unpack_cab(bytes: &[u8], into: &Path, limits: &CabLimits) -> Result<UnpackedCab, CabError> {
    let open = || Cabinet::new(Cursor::new(bytes)).map_err(|error| CabError::Damaged(error.to_string()));
    let mut cabinet = guarded(open)?;
    let members: Vec<(String, u64)> = cabinet
        .folder_entries()
        .flat_map(|folder| folder.file_entries())
        .map(|entry| (entry.name().to_owned(), u64::from(entry.uncompressed_size())))
        .take(limits.members + 1)
        .collect();
    if members.len() > limits.members {
        return Err(CabError::TooManyMembers { members: members.len(), limit: limits.members });
    }
    let by_ratio = FREE_UNPACKED_BYTES.saturating_add(limits.ratio.saturating_mul(bytes.len() as u64));
    let mut left = limits.total_bytes.min(by_ratio);
    let mut unpacked = UnpackedCab::default();
    for (name, declared) in members {
        let Some(safe) = safe_name(&name) else {
            unpacked
                .notes
                .push(format!("A member named {name:?} was left out: that is a path and not a name."));
            continue;
        };
        if unpacked.file(&safe).is_some() {
            unpacked.notes.push(format!("A second member named {safe} was left out."));
            continue;
        }
        if declared > limits.member_bytes || declared > left {
            unpacked
                .notes
                .push(format!("{safe} was left out: its {declared} bytes are more than may be unpacked."));
            continue;
        }
        // Declared sizes bound what is read, so a member that lies is merely cut.
        left -= declared;
        match unpack_member(&mut cabinet, &name, declared, into, &safe)? {
            Ok(file) => unpacked.files.push(file),
            Err(reason) => unpacked.notes.push(format!("{safe} was left out: {reason}.")),
        }
    }
    Ok(unpacked)
}

type Reader<'a> = Cabinet<Cursor<&'a [u8]>>;

/// The file, or why the member cannot be read; the outer error is the folder's.
fn unpack_member(
    cabinet: &mut Reader<'_>,
    name: &str,
    declared: u64,
    into: &Path,
    safe: &str,
) -> Result<Result<UnpackedFile, String>, CabError> {
    let failed = |source| CabError::Write { name: safe.to_owned(), source };
    let path = into.join(safe);
    let options = OpenOptions::new().write(true).create_new(true).mode(0o600).clone();
    let mut file = options.open(&path).map_err(failed)?;
    let copied = guarded(|| {
        let read = |error: io::Error| CabError::Damaged(error.to_string());
        let mut member = cabinet.read_file(name).map_err(read)?.take(declared);
        io::copy(&mut member, &mut file).map_err(read)
    });
    match copied {
        Ok(size_bytes) if size_bytes == declared => {
            Ok(Ok(UnpackedFile { name: safe.to_owned(), path, size_bytes }))
        }
        Ok(size_bytes) => Ok(Err(format!("it has {size_bytes} bytes and not the {declared} that it says"))),
        Err(error) => Ok(Err(error.to_string())),
    }
}

/// Turns a panic of the decompressor into an error.
fn guarded<T>(read: impl FnOnce() -> Result<T, CabError>) -> Result<T, CabError> {
    let damaged = || CabError::Damaged("its contents contradict one another".into());
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(damaged()))
}

/// A name that is safe as one component of a path. `None` where the member's name is a path or nothing.
fn safe_name(name: &str) -> Option<String> {
    if name.is_empty() || name == "." || name.contains("..") || name.contains(['/', '\\', '\0', ':']) {
        return None;
    }
    let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '_' };
    let mut safe: String = name.chars().take(MAX_NAME_CHARS).map(plain).collect();
    if safe.starts_with(['.', '-', ' ']) {
        safe.replace_range(..1, "_");
    }
    Some(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, safe) in [
            ("minidump.mdmp", Some("minidump.mdmp")),
            ("my file", Some("my file")),
            ("caf\u{e9}\u{202e}\n.txt", Some("caf___.txt")),
            (".bashrc", Some("_bashrc")),
            ("-rf", Some("_rf")),
            ("../x", None),
            ("..", None),
            ("a/b", None),
            ("a\\b", None),
            ("c:x", None),
            ("", None),
            (".", None),
        ] {
            assert_eq!(safe_name(name).as_deref(), safe, "{name:?}");
        }
        assert_eq!(safe_name(&"x".repeat(5_000)).map(|name| name.len()), Some(MAX_NAME_CHARS));
    }
}
