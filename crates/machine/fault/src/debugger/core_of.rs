//! A core file for a debugger that knows no minidumps: made of the stored dump, by the crashed user, in the machine's
//! folder for temporary files. The debugger may be used for days, so it is that user's to remove.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::geteuid;
use wer_dump::{DumpFile, UnpackLimits};
use wer_model::ReportId;
use wer_sys::Credentials;

/// How long it may take.
const DEADLINE: Duration = Duration::from_secs(120);
/// Bytes of a sentence on why not.
const MAX_REASON_BYTES: usize = 1024;

/// Makes the core of a dump and says where it is.
pub(super) fn core_of(dump: &Path, id: ReportId, user: &Credentials) -> Result<PathBuf, String> {
    let core = std::env::temp_dir().join(format!("wer-{id}.core"));
    if geteuid().as_raw() == user.uid {
        convert(dump, &core)?;
        return Ok(core);
    }
    let work = || convert(dump, &core).err().unwrap_or_default().into_bytes();
    let reason =
        wer_sys::as_user(user, DEADLINE, MAX_REASON_BYTES, work).map_err(|error| error.to_string())?;
    if reason.is_empty() { Ok(core) } else { Err(String::from_utf8_lossy(&reason).into_owned()) }
}

fn convert(dump: &Path, core: &Path) -> Result<(), String> {
    let failed = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let file = File::open(dump).map_err(|error| failed(dump, error))?;
    let read = DumpFile::of(&file, dump, &UnpackLimits::default()).map_err(|error| error.to_string())?;
    let plan = wer_elf_core::plan(read.bytes()).map_err(|error| error.to_string())?;
    let new = File::options().read(true).write(true).create_new(true).mode(0o600).open(core);
    let new = new.map_err(|error| failed(core, error))?;
    plan.write(&read.bytes(), &new, &mut |_, _| ControlFlow::Continue(())).map_err(|error| {
        // Part of a core is of no use.
        let _ = std::fs::remove_file(core);
        error.to_string()
    })
}
