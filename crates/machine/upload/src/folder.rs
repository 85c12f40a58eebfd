//! The report's folder, read without following links: names in a report are not believed.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::limits::MAX_REPORT_WER_BYTES;

/// Bytes of a file's name.
const MAX_NAME_BYTES: usize = 255;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder(OwnedFd);

impl Folder {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self(rustix::fs::open(path, flags, Mode::empty())?))
    }

    /// A regular file directly within.
    pub(crate) fn file(&self, name: &str) -> io::Result<File> {
        let is_component = !name.is_empty()
            && name.len() <= MAX_NAME_BYTES
            && !matches!(name, "." | "..")
            && !name.contains(['/', '\\', '\0']);
        if !is_component {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "its name is not a file name"));
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&self.0, name, flags, Mode::empty())?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        Ok(file)
    }

    /// `Report.wer`, whole.
    pub(crate) fn report_wer(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file("Report.wer")?.take(MAX_REPORT_WER_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_REPORT_WER_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is larger than a report can be"));
        }
        Ok(bytes)
    }
}

/// A `Report.wer` without its `LastWords.` lines, which are the process's own words.
pub(crate) fn without_last_words(report_wer: &[u8]) -> Vec<u8> {
    let units: Vec<u16> = report_wer.as_chunks::<2>().0.iter().copied().map(u16::from_le_bytes).collect();
    let prefix: Vec<u16> = "LastWords.".encode_utf16().collect();
    let kept = units
        .split_inclusive(|unit| *unit == u16::from(b'\n'))
        .filter(|line| !line.strip_prefix(&[0xFEFF]).unwrap_or(line).starts_with(&prefix));
    kept.flatten().flat_map(|unit| unit.to_le_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_left_out() {
        let bytes = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let report = bytes(
            "\u{feff}Version=1\r\nLastWords.Source=x\r\nLastWords.Text=secret\r\nModule[0].Path=/m\r\n",
        );
        assert_eq!(without_last_words(&report), bytes("\u{feff}Version=1\r\nModule[0].Path=/m\r\n"));
        assert_eq!(without_last_words(&bytes("\u{feff}LastWords.Text=x")), bytes(""));
    }
}
