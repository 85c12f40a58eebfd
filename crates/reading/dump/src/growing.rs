//! Where unpacked bytes go: memory as long as they are few, then a temporary file without a name, in `TMPDIR`, beside the dump
//! or in the system's folder, whichever can be written first. Pages of zeros are holes in it.

use std::env;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::compressed::UnpackLimits;

const PAGE_BYTES: usize = 4_096;

/// All of it.
#[derive(Debug)]
pub(crate) enum Unpacked {
    Memory(Vec<u8>),
    File(File),
}

#[derive(Debug)]
pub(crate) enum GrowError {
    /// There is no folder for a temporary file, and that many bytes are too many for memory.
    NoFile(u64),
    Io(io::Error),
}

pub(crate) struct Growing<'a> {
    dump: &'a Path,
    limits: &'a UnpackLimits,
    memory: Vec<u8>,
    file: Option<File>,
    /// Whether there was no folder for a file.
    memory_only: bool,
    total_bytes: u64,
    stored_bytes: u64,
    /// End of what was written to the file; behind it may be a hole.
    written_end: u64,
}

impl<'a> Growing<'a> {
    pub(crate) const fn new(dump: &'a Path, limits: &'a UnpackLimits) -> Self {
        Self {
            dump,
            limits,
            memory: Vec::new(),
            file: None,
            memory_only: false,
            total_bytes: 0,
            stored_bytes: 0,
            written_end: 0,
        }
    }

    /// Bytes so far.
    pub(crate) const fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Bytes so far on pages that are not zero, which a file has no holes for.
    pub(crate) const fn stored_bytes(&self) -> u64 {
        self.stored_bytes
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), GrowError> {
        while self.file.is_none() && self.memory.len() + bytes.len() > self.memory_limit() {
            self.spill()?;
        }
        match &self.file {
            None => {
                self.memory.extend_from_slice(bytes);
                let stored = bytes.chunks(PAGE_BYTES).filter(|page| !is_zero(page));
                self.stored_bytes += stored.map(|page| page.len() as u64).sum::<u64>();
            }
            Some(file) => {
                let (stored, end) = write_but_zeros(file, self.total_bytes, bytes).map_err(GrowError::Io)?;
                self.stored_bytes += stored;
                self.written_end = end.unwrap_or(self.written_end);
            }
        }
        self.total_bytes += bytes.len() as u64;
        Ok(())
    }

    fn memory_limit(&self) -> usize {
        if self.memory_only { self.limits.without_file_bytes } else { self.limits.memory_bytes }
    }

    /// Moves to a file, or, where there is none, allows itself more memory once.
    fn spill(&mut self) -> Result<(), GrowError> {
        if self.memory_only {
            return Err(GrowError::NoFile(self.limits.without_file_bytes as u64));
        }
        let Some(file) = temporary_file(self.dump) else {
            self.memory_only = true;
            return Ok(());
        };
        let memory = std::mem::take(&mut self.memory);
        let (stored, end) = write_but_zeros(&file, 0, &memory).map_err(GrowError::Io)?;
        self.stored_bytes = stored;
        self.written_end = end.unwrap_or_default();
        self.file = Some(file);
        Ok(())
    }

    /// Gives the file its size where it ends with a hole: by its last byte, which needs no right but to write.
    pub(crate) fn finish(self) -> io::Result<Unpacked> {
        let Some(file) = self.file else { return Ok(Unpacked::Memory(self.memory)) };
        if self.written_end < self.total_bytes {
            file.write_all_at(&[0], self.total_bytes - 1)?;
        }
        Ok(Unpacked::File(file))
    }
}

/// Writes all pages that are not zero; how many bytes that were, and where the last of them ended.
fn write_but_zeros(file: &File, at: u64, bytes: &[u8]) -> io::Result<(u64, Option<u64>)> {
    let mut stored = 0;
    let mut end = None;
    let mut pages = bytes.chunks(PAGE_BYTES).enumerate().peekable();
    while let Some((first, page)) = pages.next() {
        if is_zero(page) {
            continue;
        }
        let start = first * PAGE_BYTES;
        let mut stop = start + page.len();
        while let Some((_, next)) = pages.next_if(|(_, next)| !is_zero(next)) {
            stop += next.len();
        }
        let run = bytes.get(start..stop).unwrap_or_default();
        file.write_all_at(run, at + start as u64)?;
        stored += run.len() as u64;
        end = Some(at + stop as u64);
    }
    Ok((stored, end))
}

fn is_zero(page: &[u8]) -> bool {
    page.iter().all(|byte| *byte == 0)
}

fn temporary_file(dump: &Path) -> Option<File> {
    let beside =
        dump.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
    let folders =
        [env::var_os("TMPDIR").map(PathBuf::from), beside.map(Path::to_owned), Some(env::temp_dir())];
    folders.into_iter().flatten().find_map(|folder| tempfile::tempfile_in(folder).ok())
}
