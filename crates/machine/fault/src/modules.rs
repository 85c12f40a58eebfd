//! Asking the runtime exception modules: which are asked, with whose permission, and what they are given.

use std::os::fd::BorrowedFd;
use std::path::Path;

use wer_abi::{Hresult, NtStatus};
use wer_capture::Capture;
use wer_dbghelp::{ExceptionInformation, MinidumpError};
use wer_minidump::DumpOptions;
use wer_model::{ModuleLevel, ReportId, SoftError, Stage};
use wer_modules::{DumpRequest, ModuleRequest, ModuleRun, ModulesAsked, WriteDump, ask_modules};
use wer_snapshot::{ExceptionSnapshot, SignalInfo, ThreadSnapshot};

use crate::Context;
use crate::progress::ToldReader;

/// The signal of a breakpoint.
const SIGTRAP: i32 = 5;

/// Asks every registered module in order; their files are left in `folder`, the report's own. A process that has not
/// crashed is told to them as a breakpoint that is not fatal, as Windows tells a hang. A capture without registers or
/// descriptors asks nobody and says so where there was somebody to ask.
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
            level: level_for(context.settings.module_level(&module.path), user_may_trace(capture)),
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
    let hang = snapshot.threads.first().map(hang_of);
    let exception = snapshot.exception.as_ref().or(hang.as_ref());
    let Some(run) = exception.and_then(|it| run_for(capture, context, id, it, folder, &write_dump)) else {
        let message =
            "The registered modules were not asked: the process's registers or memory could not be had.";
        let notes = vec![SoftError::new(Stage::Modules, message)];
        return ModulesAsked { notes, ..ModulesAsked::default() };
    };
    ask_modules(&run, &requests, progress)
}

/// Ends a process that has not crashed, where a module has asked for that by `TerminateProcess`: after its report. One that
/// has crashed ends by its own signal. Linux keeps no exit code of a process that another one ends.
pub(crate) fn end_survivor(capture: &Capture, exit_code: Option<u32>) {
    let is_survivor = capture.snapshot.exception.is_none();
    if let (true, Some(_), Some(pidfd)) = (is_survivor, exit_code, capture.pidfd())
        && let Err(error) = rustix::process::pidfd_send_signal(pidfd, rustix::process::Signal::KILL)
    {
        tracing::info!(%error, "a module wanted the process to end, and it could not be ended");
    }
}

/// A user's own module sees only what that user could see: it is not loaded for a process that the user may not trace.
fn level_for(level: Option<ModuleLevel>, user_may_trace: bool) -> Option<ModuleLevel> {
    level.filter(|level| user_may_trace || *level == ModuleLevel::System)
}

/// The kernel gives the files below `/proc/PID` to root where the process's own user may not trace it.
fn user_may_trace(capture: &Capture) -> bool {
    let owner = rustix::fs::fstat(capture.proc_directory()).map(|stat| stat.st_uid);
    owner.is_ok_and(|owner| owner == capture.snapshot.process.uid)
}

/// What modules are told of a process that stands where it stood when somebody asked.
fn hang_of(thread: &ThreadSnapshot) -> ExceptionSnapshot {
    let instruction = thread.registers.map_or(0, |registers| registers.rip);
    let signal = SignalInfo { number: SIGTRAP, code: 0, errno: 0, address: instruction };
    ExceptionSnapshot { tid: thread.tid, signal, status: NtStatus::BREAKPOINT, instruction, access: None }
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
    exception: &'a ExceptionSnapshot,
    folder: &'a Path,
    write_dump: WriteDump<'a>,
) -> Option<ModuleRun<'a>> {
    let snapshot = &capture.snapshot;
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
        is_fatal: snapshot.exception.is_some(),
        folder: Some(folder),
        write_dump: Some(write_dump),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_module_sees_no_process_that_the_user_may_not_trace() {
        assert_eq!(level_for(Some(ModuleLevel::User), false), None);
        assert_eq!(level_for(Some(ModuleLevel::User), true), Some(ModuleLevel::User));
        assert_eq!(level_for(Some(ModuleLevel::System), false), Some(ModuleLevel::System));
        assert_eq!(level_for(None, true), None);
    }

    #[test]
    fn the_user_of_a_living_process_may_trace_it() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().expect("a child");
        let mut capture = wer_capture::live(child.id()).expect("a capture");
        let hang = hang_of(capture.snapshot.threads.first().expect("a thread"));
        assert_eq!((hang.tid, hang.status, hang.signal.number), (child.id(), NtStatus::BREAKPOINT, SIGTRAP));
        assert!(hang.instruction != 0 && user_may_trace(&capture));
        capture.release();
        child.kill().expect("our child");
        child.wait().expect("our child");
    }
}
