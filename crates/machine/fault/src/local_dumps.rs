//! `[LocalDumps]`: a dump that stays on the machine, apart from reports. It is written while the process is held, also
//! where reporting is disabled or the program is excluded, but not where a debugger is started without asking.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::PathBuf;

use wer_abi::flags::{DumpType, WER_FAULT_REPORTING_DURABLE};
use wer_capture::Capture;
use wer_minidump::DumpOptions;
use wer_model::ReportId;
use wer_settings::{LocalDump, LocalDumpType};
use wer_sys::Credentials;

use crate::context::Standing;
use crate::progress::ToldReader;
use crate::user_folder::{DumpName, Links, UserFolder};
use crate::user_places::UserPlaces;
use crate::{Context, privilege};

/// Where dumps go when `DumpFolder` says nothing, below the user's state folder.
const DEFAULT_FOLDER: &str = "wer/CrashDumps";

/// The local dump that the settings want of a program, if they want one.
pub(crate) fn wanted(context: &Context, program: &str) -> Option<LocalDump> {
    let is_debugged = context.settings.ae_debug(program).automatic().is_some();
    context.settings.local_dump(program).filter(|dump| dump.count > 0 && !is_debugged)
}

/// What a dump of this type holds.
pub(crate) fn options(dump_type: LocalDumpType) -> DumpOptions {
    match dump_type {
        LocalDumpType::Mini => DumpOptions::for_type(DumpType::Mini),
        LocalDumpType::Full => DumpOptions::for_type(DumpType::Full),
        LocalDumpType::Custom(flags) => DumpOptions { flags: flags.into(), ..DumpOptions::default() },
    }
}

/// Writes the local dump of a captured process with its user's rights. Returns its path; `None` = none is wanted.
///
/// # Errors
/// A sentence that says why there is none.
pub(crate) fn write(
    capture: &Capture,
    context: &Context,
    id: ReportId,
    user: &Credentials,
    progress: &mut dyn FnMut(),
) -> Result<Option<PathBuf>, String> {
    let Some(wanted) = wanted(context, &capture.snapshot.process.executable) else { return Ok(None) };
    put(capture, context, id, user, &wanted, progress)
        .map(Some)
        .map_err(|reason| format!("The local dump (LocalDumps) was not written: {reason}."))
}

fn put(
    capture: &Capture,
    context: &Context,
    id: ReportId,
    user: &Credentials,
    wanted: &LocalDump,
    progress: &mut dyn FnMut(),
) -> Result<PathBuf, String> {
    if !privilege::user_may_trace(capture) {
        return Err("the program runs with more rights than its user, who may not read its memory".into());
    }
    let options = DumpOptions { report_id: Some(id), ..options(wanted.dump_type) };
    options.check().map_err(|error| format!("CustomDumpFlags {:#x}: {error}", options.flags))?;
    let path = folder(capture, context, user, wanted)?;
    let in_folder = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let root = File::open("/").map_err(|error| in_folder(&error))?;
    progress();
    let folder = UserFolder::open(user, root.as_fd(), &path, Links::Followed).map_err(|error| {
        format!("{} (DumpFolder must be one that the crashed user may write to)", in_folder(&error))
    })?;
    let process = &capture.snapshot.process;
    let dump =
        folder.begin(DumpName::new(&process.executable, process.pid)).map_err(|error| in_folder(&error))?;
    let memory = ToldReader::new(capture.memory(), progress);
    let copied = wer_minidump::plan(&capture.snapshot, &memory, &options).copy(&memory, dump.file());
    let copied = copied.map_err(|error| in_folder(&error))?;
    copied.write(&capture.snapshot, dump.file()).map_err(|error| in_folder(&error))?;
    if capture.snapshot.registrations.flags & WER_FAULT_REPORTING_DURABLE != 0 {
        dump.file().sync_all().map_err(|error| in_folder(&error))?;
    }
    let name = dump.finish(Some(wanted.count)).map_err(|error| in_folder(&error))?;
    Ok(path.join(name))
}

/// Where the dump goes.
fn folder(
    capture: &Capture,
    context: &Context,
    user: &Credentials,
    wanted: &LocalDump,
) -> Result<PathBuf, String> {
    if context.standing == Standing::Embedded && wanted.folder.is_none() {
        return Ok(context.locations.store_root.join("CrashDumps"));
    }
    let places = places(capture, context, user);
    match &wanted.folder {
        Some(template) => places.expand(template, user.uid).map_err(|error| error.to_string()),
        None => places
            .state()
            .map(|state| state.join(DEFAULT_FOLDER))
            .ok_or_else(|| format!("user {} has no home folder; name a folder with DumpFolder", user.uid)),
    }
}

/// The user's folders as this run may believe them.
fn places(capture: &Capture, context: &Context, user: &Credentials) -> UserPlaces {
    match context.standing {
        Standing::Embedded => context.user_places.clone(),
        Standing::System => UserPlaces::known_to_machine(capture, user.uid),
    }
}
