//! Reading a settings file: a regular file of root's or our own that nobody else may write to, within the size limit,
//! through no link, never waiting for anybody.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::limits::MAX_FILE_BYTES;

/// A settings file's text; `None` when there is no such file. Reads with the rights of the calling process, and believes
/// root and that process's effective user.
///
/// # Errors
/// A sentence without the file's name: what is wrong, and where it helps, what to do.
pub fn text(path: &Path) -> Result<Option<String>, String> {
    let bytes = match bytes(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        read => read.map_err(|error| error.to_string())?,
    };
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(format!("it has more than {MAX_FILE_BYTES} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1;
        format!("line {line} is not UTF-8 text")
    })?;
    // TOML allows no zero bytes; said here, because what has them is no text that a person wrote.
    if text.contains('\0') { Err("it is a binary file".into()) } else { Ok(Some(text)) }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Err(Errno::LOOP) => return Err(io::Error::other("it is a symbolic link; put the file itself there")),
        Err(Errno::NXIO) => return Err(io::Error::other("it is not a regular file")),
        opened => File::from(opened?),
    };
    check(&file)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Who could have written it.
fn check(file: &File) -> io::Result<()> {
    /// Group and others may not write.
    const WRITABLE_BY_OTHERS: u32 = 0o022;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let own = rustix::process::geteuid().as_raw();
    let owner = metadata.uid();
    if owner != 0 && owner != own {
        let reason = format!("it belongs to user {owner}, and only root and user {own} are believed");
        return Err(io::Error::other(reason));
    }
    if metadata.mode() & WRITABLE_BY_OTHERS != 0 {
        let mode = metadata.mode() & 0o7777;
        let reason = format!("others may write to it (mode {mode:o}); take that away with `chmod go-w`");
        return Err(io::Error::other(reason));
    }
    Ok(())
}
