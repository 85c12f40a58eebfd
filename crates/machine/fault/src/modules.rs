//! Asking the runtime exception modules: which are asked, with whose permission, and what they are given.

use std::os::fd::BorrowedFd;
use std::path::Path;

use wer_abi::Hresult;
use wer_capture::Capture;
use wer_dbghelp::{ExceptionInformation, MinidumpError};
use wer_minidump::DumpOptions;
use wer_model::{ReportId, SoftError, Stage};
use wer_modules::{DumpRequest, ModuleRequest, ModuleRun, ModulesAsked, WriteDump, ask_modules};

use crate::Context;
use crate::progress::ToldReader;

/// Asks every registered module in order; their files are left in `folder`, the report's own. A capture without
/// exception, registers or descriptors asks nobody and says so where there was somebody to ask.
pub(crate) fn ask(
    capture: &Capture,
    context: &Context,
    id: ReportId,
    folder: &Path,
    progress: &mut dyn FnMut(),
) -> ModulesAsked {
    let snapshot = &capture.snapshot;
    let requests: Vec<ModuleRequest> = snapshot
        .registrations
        .modules
        .iter()
        .map(|module| ModuleRequest {
            path: module.path.clone(),
            context: module.context,
            level: context.settings.module_level(&module.path),
        })
        .collect();
    if requests.is_empty() {
        return ModulesAsked::default();
    }
    let write_dump = |request: &DumpRequest<'_>, progress: &mut dyn FnMut()| {
        write_dump(capture, id, request, progress).map_err(|error| {
            tracing::info!(%error, "a module's dump was not made");
            Hresult(error.hresult())
        })
    };
    let Some(run) = run_for(capture, context, id, folder, &write_dump) else {
        let message = "The registered modules were not asked: the process's exception, registers or memory \
                       could not be had.";
        let notes = vec![SoftError::new(Stage::Modules, message)];
        return ModulesAsked { notes, ..ModulesAsked::default() };
    };
    ask_modules(&run, &requests, progress)
}

/// A dump of the process as it was captured, into a module's file. The process stays held: it is copied while the module
/// waits.
fn write_dump(
    capture: &Capture,
    id: ReportId,
    request: &DumpRequest<'_>,
    progress: &mut dyn FnMut(),
) -> Result<(), MinidumpError> {
    let options = DumpOptions { flags: request.flags.into(), report_id: Some(id), ..DumpOptions::default() };
    options.check()?;
    let memory = ToldReader::new(capture.memory(), progress);
    let mut snapshot = capture.snapshot.clone();
    snapshot.exception = None;
    if let Some(order) = request.order {
        let exception = ExceptionInformation::Values {
            thread_id: order.thread_id,
            record: Box::new(order.record),
            context: order.context.map(Box::new),
        };
        exception.apply_to(&memory, &mut snapshot)?;
    }
    let copied = wer_minidump::plan(&snapshot, &memory, &options).copy(&memory, request.file)?;
    copied.write(&snapshot, request.file)?;
    Ok(())
}

fn run_for<'a>(
    capture: &'a Capture,
    context: &'a Context,
    id: ReportId,
    folder: &'a Path,
    write_dump: WriteDump<'a>,
) -> Option<ModuleRun<'a>> {
    let snapshot = &capture.snapshot;
    let exception = snapshot.exception.as_ref()?;
    let thread = snapshot.crashed_thread()?;
    let (pidfd, mem_fd): (BorrowedFd<'a>, BorrowedFd<'a>) = (capture.pidfd()?, capture.mem_fd()?);
    Some(ModuleRun {
        host_executable: &context.host_executable,
        pid: snapshot.process.pid,
        pidfd,
        mem_fd,
        tid: thread.tid,
        uid: snapshot.process.uid,
        gid: snapshot.process.gid,
        exception,
        registers: thread.registers.as_ref()?,
        fpu: thread.fpu.as_ref(),
        report_id: id,
        deadline_per_call: context.settings.module_deadline(),
        is_fatal: true,
        folder: Some(folder),
        write_dump: Some(write_dump),
    })
}
