//! A dump for a pipe: a dump is not written from front to back, so it is made in a file without a name, then copied.

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read, Seek, Write};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::cancel::Cancel;

/// Bytes of one step.
const STEP_BYTES: usize = 1 << 20;

/// A file without a name.
#[derive(Debug)]
pub(super) struct Spool {
    file: File,
}

impl Spool {
    /// In `TMPDIR`, else in `/var/tmp`, which is on disk where `/tmp` may be in memory.
    ///
    /// # Errors
    /// Standard output is a terminal, or there is no folder for it.
    pub(super) fn new() -> Result<Self> {
        if io::stdout().is_terminal() {
            bail!("a dump is not for a terminal; redirect standard output, or name a file with -o");
        }
        let folder = std::env::var_os("TMPDIR").map_or_else(|| PathBuf::from("/var/tmp"), PathBuf::from);
        let file = tempfile::tempfile_in(&folder).or_else(|_| tempfile::tempfile());
        let file = file.with_context(|| format!("no temporary file can be made in {}", folder.display()))?;
        Ok(Self { file })
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// Copies the dump to standard output.
    ///
    /// # Errors
    /// Nobody reads it to its end, or it is cancelled: the reader has a part then, which is no dump.
    pub(super) fn copy_to_stdout(mut self, cancel: &Cancel) -> Result<()> {
        self.file.rewind()?;
        let mut stdout = io::stdout().lock();
        let mut step = vec![0; STEP_BYTES];
        loop {
            let count = self.file.read(&mut step).context("the finished dump cannot be read back")?;
            let Some(bytes) = step.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            if cancel.is_wanted() {
                bail!("cancelled: standard output has only a part of the dump");
            }
            // Not as an error of I/O: a reader that leaves early is no success here.
            write_all(&mut stdout, bytes)?;
        }
        match stdout.flush() {
            Err(error) => bail!("standard output has only a part of the dump: {error}"),
            Ok(()) => Ok(()),
        }
    }
}

fn write_all(stdout: &mut impl Write, bytes: &[u8]) -> Result<()> {
    match stdout.write_all(bytes) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            bail!("standard output was closed before the whole dump was written")
        }
        Err(error) => bail!("standard output has only a part of the dump: {error}"),
    }
}
