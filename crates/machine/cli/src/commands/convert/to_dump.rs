//! From a core file to a minidump.

use anyhow::{Context as _, Result};
use wer_capture::{CoreFileOptions, core_file_with};
use wer_copy::{Continue, Output};
use wer_minidump::callbacks::NoCallbacks;
use wer_minidump::{DumpOptions, plan_with};

use super::new_file::NewFile;
use super::progress::Progress;
use super::{Arguments, Made, Type};

/// zstd's own default.
const COMPRESSION_LEVEL: i32 = 3;

pub(super) fn convert(arguments: &Arguments) -> Result<Made> {
    let new = NewFile::begin(&arguments.output)?;
    let options = CoreFileOptions { read_files: !arguments.no_files, ..CoreFileOptions::default() };
    let mut unpacking = Progress::new("unpacking", arguments.json);
    let core = core_file_with(&arguments.input, &options, &mut |done, total| unpacking.tell(done, total))?;
    drop(unpacking);

    let options = DumpOptions::for_type(arguments.dump_type.unwrap_or(Type::Mini).dump_type());
    let mut output = match arguments.compress {
        true => Output::compressed(new.file(), COMPRESSION_LEVEL),
        false => Output::file(new.file()),
    };
    let mut writing = Progress::new("writing", arguments.json);
    let mut tell = |done, total| match writing.tell(done, total) {
        std::ops::ControlFlow::Continue(()) => Continue::Yes,
        std::ops::ControlFlow::Break(()) => Continue::Cancel,
    };
    let plan = plan_with(&core.snapshot, core.memory(), &options, &mut NoCallbacks)?;
    let memory_bytes = plan.memory_bytes();
    let copied = plan.copy_to(core.memory(), &mut output, &mut tell, &mut NoCallbacks)?;
    let summary = copied.write_to(&core.snapshot, &mut output, &mut NoCallbacks)?;
    drop(output);
    drop(writing);
    let bytes = new.file().metadata().context("the new file cannot be looked at")?.len();
    new.publish()?;
    let mut soft_errors = core.snapshot.soft_errors;
    soft_errors.extend(summary.soft_errors);
    Ok(Made { kind: "minidump", bytes, threads: core.snapshot.threads.len(), memory_bytes, soft_errors })
}
