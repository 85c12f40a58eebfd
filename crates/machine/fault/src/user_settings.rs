//! A crashed user's settings file, read with that user's rights: whatever its path leads to, root learns no more of it than
//! the user could tell.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use wer_settings::limits::MAX_FILE_BYTES;
use wer_sys::{Credentials, RunAsError, file_as_user};

use crate::limits::USER_SETTINGS_DEADLINE;

/// The file's text; `None` when there is none.
///
/// # Errors
/// Why it does not count, without its name.
pub(crate) fn read(user: &Credentials, file: &Path) -> Result<Option<String>, String> {
    let opened = file_as_user(user, USER_SETTINGS_DEADLINE, || {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = File::from(rustix::fs::open(file, flags, Mode::empty())?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(rustix::io::Errno::INVAL.into()) }
    });
    let file = match opened {
        Ok(file) => file,
        Err(RunAsError::Open { source, .. }) if is_absence(&source) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut text = String::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text);
    match read {
        Ok(_) if text.len() as u64 > MAX_FILE_BYTES => {
            Err(format!("it has more than {MAX_FILE_BYTES} bytes"))
        }
        Ok(_) => Ok(Some(text)),
        Err(error) => Err(error.to_string()),
    }
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
