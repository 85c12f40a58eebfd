//! Paths as sources for Windows write them: `\` parts names, as `/` does.
//!
//! Such sources look for the last `\` of a path that they were given and put a name after it, so functions that answer
//! a path write it with `\`, and functions that take one take both. A file whose name holds a `\` cannot be named by
//! these functions.

use std::path::{Path, PathBuf};

use crate::error::Win32Error;

/// A path that a caller gave, as Linux knows it.
///
/// # Errors
/// [`Win32Error::PATH_NOT_FOUND`] for an empty one.
pub fn to_linux(text: &str) -> Result<PathBuf, Win32Error> {
    if text.is_empty() {
        return Err(Win32Error::PATH_NOT_FOUND);
    }
    // A device prefix says only that the rest is not to be changed.
    let text = text.strip_prefix(r"\\?\").unwrap_or(text);
    Ok(text.replace('\\', "/").into())
}

/// A path as an answer: `\home\me\program`. What is not UTF-8 in it is replaced.
#[must_use]
pub fn to_windows(path: &Path) -> String {
    path.to_string_lossy().replace('/', "\\")
}

/// `GetFullPathName`: from the working folder, without `.` and `..`; nothing need exist.
///
/// # Errors
/// [`Win32Error::PATH_NOT_FOUND`] when the working folder is gone or the path is empty.
pub fn full_path(text: &str) -> Result<String, Win32Error> {
    use std::path::Component;
    let path = std::path::absolute(to_linux(text)?).map_err(|_| Win32Error::PATH_NOT_FOUND)?;
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    Ok(to_windows(&plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_separators_lead_to_the_same_file() {
        for text in ["/a/b.txt", "\\a\\b.txt", "/a\\b.txt", "\\\\?\\\\a\\b.txt"] {
            assert_eq!(to_linux(text), Ok(PathBuf::from("/a/b.txt")), "{text}");
        }
        assert_eq!(to_linux(""), Err(Win32Error::PATH_NOT_FOUND));
        assert_eq!(to_windows(Path::new("/a/b.txt")), "\\a\\b.txt");
    }

    #[test]
    fn a_full_path_has_no_dots() {
        assert_eq!(full_path("/a/./b\\..\\c"), Ok("\\a\\c".to_owned()));
        assert_eq!(full_path("/../.."), Ok("\\".to_owned()));
        let here = to_windows(&std::env::current_dir().unwrap());
        assert_eq!(full_path("x.log"), Ok(format!("{here}\\x.log")));
    }
}
