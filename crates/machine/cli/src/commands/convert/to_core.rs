//! From a minidump to a core file.

use std::fs::File;
use std::os::unix::fs::{FileExt, OpenOptionsExt};

use anyhow::{Context as _, Result};
use rustix::fs::OFlags;
use wer_dump::{DumpFile, UnpackLimits, is_compressed};
use wer_elf_core::ReadAt;
use wer_model::{SoftError, Stage};

use super::new_file::NewFile;
use super::progress::Progress;
use super::{Arguments, Made};

pub(super) fn convert(arguments: &Arguments) -> Result<Made> {
    let path = &arguments.input;
    // A FIFO in the place of a dump must not hang us.
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = File::options()
        .read(true)
        .custom_flags(flags)
        .open(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let dump = DumpFile::of(&file, path, &UnpackLimits::default())?;
    let new = NewFile::begin(&arguments.output)?;
    let plan = wer_elf_core::plan(dump.bytes())?;
    let mut magic = [0; 4];
    let packed =
        file.read_at(&mut magic, 0).is_ok_and(|read| is_compressed(magic.get(..read).unwrap_or_default()));
    // From the file rather than from its mapping, which would grow with all that was read.
    let bytes = dump.bytes();
    let source: &dyn ReadAt = if packed { &bytes } else { &file };
    let mut writing = Progress::new("writing", arguments.json);
    plan.write(source, new.file(), &mut |done, total| writing.tell(done, total))?;
    drop(writing);
    new.publish()?;
    let tell = |problem: &String| SoftError::new(Stage::Dump, problem.clone());
    Ok(Made {
        kind: "core",
        bytes: plan.bytes(),
        threads: plan.threads(),
        memory_bytes: plan.memory_bytes(),
        soft_errors: plan.problems().iter().map(tell).collect(),
    })
}
