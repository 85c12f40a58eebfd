//! A crashed user's settings file, read with that user's rights: whatever its path leads to, root learns no more of it than
//! the user could tell.

use std::path::Path;

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
    let answer = as_user(user, USER_SETTINGS_DEADLINE, limit, || match wer_settings::read_file(file) {
        Ok(Some(text)) => [vec![FOUND], text.into_bytes()].concat(),
        // A user without a home that can be looked into has no settings either.
        Ok(None) => vec![ABSENT],
        Err(reason) if std::fs::symlink_metadata(file).is_ok() => {
            [vec![REFUSED], reason.into_bytes()].concat()
        }
        Err(_) => vec![ABSENT],
    });
    let answer = answer.map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match answer.split_first() {
        Some((&FOUND, bytes)) => Ok(Some(text(bytes))),
        Some((&ABSENT, _)) => Ok(None),
        Some((_, reason)) => Err(text(reason)),
        None => Err("it could not be read".into()),
    }
}

/// What the reader's first byte says.
const FOUND: u8 = 1;
const ABSENT: u8 = 2;
const REFUSED: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::Mode;
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
        std::os::unix::fs::symlink(path("good"), path("link")).expect("a link");
        for bad in ["large", "binary", "pipe", "link", "."] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
