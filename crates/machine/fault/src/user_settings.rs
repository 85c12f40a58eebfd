//! A crashed user's settings file, read with that user's rights: whatever its path leads to, root learns no more of it than
//! the user could tell.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use wer_settings::limits::MAX_FILE_BYTES;
use wer_sys::{Credentials, as_user};

use crate::limits::USER_SETTINGS_DEADLINE;

/// The file's text; `None` when there is none.
///
/// # Errors
/// Why it does not count, without its name.
pub(crate) fn read(user: &Credentials, file: &Path) -> Result<Option<String>, String> {
    let limit = usize::try_from(MAX_FILE_BYTES).unwrap_or(usize::MAX).saturating_add(2);
    // Read there too: whatever the path leads to may take its time.
    let answer = as_user(user, USER_SETTINGS_DEADLINE, limit, || match bytes_of(file) {
        Ok(bytes) => [vec![FOUND], bytes].concat(),
        Err(error) if is_absence(&error) => vec![ABSENT],
        Err(_) => vec![NO_FILE],
    });
    let answer = answer.map_err(|error| error.to_string())?;
    match answer.split_first() {
        Some((&FOUND, bytes)) if bytes.len() as u64 > MAX_FILE_BYTES => {
            Err(format!("it has more than {MAX_FILE_BYTES} bytes"))
        }
        Some((&FOUND, bytes)) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(error) => Err(format!("it is not UTF-8: {error}")),
        },
        Some((&ABSENT, _)) => Ok(None),
        _ => Err("it is no regular file that can be read".into()),
    }
}

/// What the reader's first byte says.
const FOUND: u8 = 1;
const ABSENT: u8 = 2;
const NO_FILE: u8 = 3;

fn bytes_of(file: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(file, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(rustix::io::Errno::INVAL.into());
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A user without a settings file, or without a home that can be looked into, has none.
fn is_absence(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_sys::Process;

    #[test]
    fn only_a_regular_file_of_bounded_size_counts() {
        let status = Process::open(std::process::id()).and_then(|us| us.status());
        let user = Credentials::of(&status.expect("our own status"));
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("good"), "Disabled = 1").expect("a file");
        std::fs::write(path("large"), vec![b'#'; 2 << 20]).expect("a file");
        std::fs::write(path("binary"), [0xFF, 0xFE]).expect("a file");
        rustix::fs::mknodat(rustix::fs::CWD, path("pipe"), rustix::fs::FileType::Fifo, Mode::RUSR, 0)
            .expect("a pipe");
        let read = |name: &str| read(&user, &path(name));
        assert_eq!(read("good"), Ok(Some("Disabled = 1".into())));
        assert_eq!(read("missing"), Ok(None));
        assert_eq!(read("good/below"), Ok(None));
        for bad in ["large", "binary", "pipe", "."] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
