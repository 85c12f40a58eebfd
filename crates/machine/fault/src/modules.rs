//! Asking the runtime exception modules: which are asked, with whose permission, and what they are given.

use std::os::fd::BorrowedFd;

use wer_capture::Capture;
use wer_model::{ReportId, SoftError, Stage};
use wer_modules::{ModuleRequest, ModuleRun, ModulesAsked, ask_modules};

use crate::Context;

/// Asks every registered module in order. A capture without exception, registers or descriptors asks nobody and says
/// so where there was somebody to ask.
pub(crate) fn ask(
    capture: &Capture,
    context: &Context,
    id: ReportId,
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
    let Some(run) = run_for(capture, context, id) else {
        let message = "The registered modules were not asked: the process's exception, registers or memory \
                       could not be had.";
        let notes = vec![SoftError::new(Stage::Modules, message)];
        return ModulesAsked { outcomes: Vec::new(), notes };
    };
    ask_modules(&run, &requests, progress)
}

fn run_for<'a>(capture: &'a Capture, context: &'a Context, id: ReportId) -> Option<ModuleRun<'a>> {
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
        deadline_per_module: context.settings.module_deadline(),
        is_fatal: true,
    })
}
