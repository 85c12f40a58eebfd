//! From a core file to a minidump.

use anyhow::Result;
use wer_capture::{CoreFileOptions, core_file_with};
use wer_minidump::DumpOptions;

use super::new_file::NewFile;
use super::progress::Progress;
use super::{Arguments, Made, Type};

pub(super) fn convert(arguments: &Arguments) -> Result<Made> {
    let new = NewFile::begin(&arguments.output)?;
    let options = CoreFileOptions { read_files: !arguments.no_files, ..CoreFileOptions::default() };
    let mut unpacking = Progress::new("unpacking", arguments.json);
    let core = core_file_with(&arguments.input, &options, &mut |done, total| unpacking.tell(done, total))?;
    drop(unpacking);

    let dump_type = arguments.dump_type.unwrap_or(Type::Mini).dump_type();
    let plan = wer_minidump::plan(&core.snapshot, core.memory(), &DumpOptions::for_type(dump_type));
    let memory_bytes = plan.memory_bytes();
    let summary = plan.copy(core.memory(), new.file())?.write(&core.snapshot, new.file())?;
    new.publish()?;
    let mut soft_errors = core.snapshot.soft_errors;
    soft_errors.extend(summary.soft_errors);
    Ok(Made {
        kind: "minidump",
        bytes: summary.bytes,
        threads: core.snapshot.threads.len(),
        memory_bytes,
        soft_errors,
    })
}
