//! From a captured process to its dump: plan, copy, let go, write. In the process that asks for it, or in the child that
//! writes a dump of its parent.

use std::fs::File;

use wer_capture::Capture;
use wer_copy::{Continue, Output, WriteAt};
use wer_minidump::callbacks::{Callbacks, SharedCallbacks};
use wer_minidump::{DumpOptions, DumpPlan, plan_with};

use crate::error::MinidumpError;
use crate::exception::ExceptionInformation;
use crate::summary::Summary;

/// What is asked for.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) options: DumpOptions,
    pub(crate) exception: Option<ExceptionInformation>,
    /// zstd's level; `None` = not compressed.
    pub(crate) compress: Option<i32>,
}

/// Where it goes, unless the caller's callbacks want to write it.
pub(crate) enum Sink<'a> {
    File(&'a File),
    Custom(&'a mut dyn WriteAt),
    Nowhere,
}

/// Who is asked and told meanwhile.
pub(crate) struct Caller<'a> {
    pub(crate) callbacks: &'a mut dyn Callbacks,
    pub(crate) progress: &'a mut dyn FnMut(u64, u64) -> Continue,
    /// Called when the process runs on.
    pub(crate) released: &'a mut dyn FnMut(),
}

/// Makes the dump, and lets the process go as soon as its memory has been copied. On failure nothing is left that looks
/// whole: a file is empty, another output has no header.
pub(crate) fn make(
    mut capture: Capture,
    request: &Request,
    sink: Sink<'_>,
    caller: Caller<'_>,
) -> Result<Summary, MinidumpError> {
    let Caller { callbacks, progress, released } = caller;
    let shared = SharedCallbacks::new(callbacks);
    let plan = match plan(&mut capture, request, &shared) {
        Ok(plan) => plan,
        Err(error) => {
            abandon(&sink);
            return Err(error);
        }
    };
    let mut io = shared.io();
    let mut output = match (sink, request.compress) {
        _ if plan.writes_through_callbacks() => Output::custom(&mut io),
        (Sink::File(file), None) => Output::file(file),
        (Sink::File(file), Some(level)) => Output::compressed(file, level),
        (Sink::Custom(writer), _) => Output::custom(writer),
        (Sink::Nowhere, _) => return Err(MinidumpError::NoOutput),
    };
    let copied = plan.copy_to(capture.memory(), &mut output, progress, &mut &shared)?;
    // It goes on while the dump is written.
    capture.begin_release();
    released();
    let written = copied.write_to(&capture.snapshot, &mut output, &mut &shared)?;
    Ok(Summary::of(&capture.snapshot, written))
}

fn plan(
    capture: &mut Capture,
    request: &Request,
    mut callbacks: &SharedCallbacks<'_>,
) -> Result<DumpPlan, MinidumpError> {
    if let Some(exception) = &request.exception {
        let found = exception.read(capture.memory())?;
        found.apply(&mut capture.snapshot)?;
    }
    Ok(plan_with(&capture.snapshot, capture.memory(), &request.options, &mut callbacks)?)
}

/// Nothing has been written; a file that held something else does not do so any more.
fn abandon(sink: &Sink<'_>) {
    if let Sink::File(file) = sink {
        Output::file(file).abandon();
    }
}
