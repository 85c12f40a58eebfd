//! `ReportFault`: the report of a crash that a program tells of itself, by the pipeline that reports every crash. The
//! program is stopped for its capture and goes on; what becomes of it is its own affair, so its registration block is not
//! marked, and a crash that it dies of is another report.

use std::fs::File;

use anyhow::{Context as _, Result};
use wer_model::{ReportId, SubmitResult};

use super::answer;
use super::dumps::{Asked, watch};
use crate::pipeline::ReportError;
use crate::{Context, Submission, events, report_capture, submit_with};

/// Reports the crash, answers when the report is stored, and sends it then, as after every crash.
pub(super) fn serve(mut socket: File, context: &Context, fault: &Asked) -> Result<()> {
    let stored = store(context, fault).inspect_err(|error| {
        events::failure(context, &events::sentence(error));
    });
    let waits = !context.settings.waiting_reason().is_empty();
    let result = match &stored {
        Ok(Some(_)) if waits => Ok(SubmitResult::ReportQueued as u32),
        Ok(Some(_)) => Ok(SubmitResult::ReportAsync as u32),
        Ok(None) => Ok(SubmitResult::WerDisabled as u32),
        Err(_) => Err(wer_abi::Hresult::E_FAIL),
    };
    answer(&mut socket, result)?;
    drop(socket);
    if let Some(id) = stored? {
        submit_with(context, id, Submission::first()).inspect_err(|error| {
            events::failure(context, &format!("Report {id} was kept but not sent: {error}."));
        })?;
    }
    Ok(())
}

/// `None` where the settings want no report.
fn store(context: &Context, fault: &Asked) -> Result<Option<ReportId>> {
    let id = ReportId(*uuid::Uuid::new_v4().as_bytes());
    let told = |reason| anyhow::anyhow!("{reason}");
    let watchdog = watch(context);
    let mut capture =
        fault.capture().map_err(told).context("a crash that a process tells of was not reported")?;
    let told_of = fault.told(capture.memory(), &capture.snapshot).map_err(told);
    capture.snapshot = told_of.context("a crash that a process tells of makes no sense")?;
    match report_capture(&mut capture, context, id, &mut || watchdog.progress()) {
        Ok(_) => Ok(Some(id)),
        Err(ReportError::Excluded { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
