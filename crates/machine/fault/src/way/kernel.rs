//! The kernel hands us a crash: by pipe, with the core on standard input, or by a connection of its coredump socket.
//! The process is held until we close it.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use wer_capture::{Capture, KernelCrash};
use wer_model::ReportId;
use wer_sys::Credentials;

use crate::claim::{self, Claim};
use crate::facts::facts_of;
use crate::limits::{HOLD_RANGE_MS, STORE_LOOK_DEADLINE};
use crate::watchdog::Watchdog;
use crate::{Context, Reported, debugger, privilege, report_capture};

/// What came of it.
#[derive(Debug)]
pub enum KernelOutcome {
    /// We stored a report.
    Reported(Box<Reported>),
    /// Another way had stored one.
    AlreadyReported(ReportId),
    /// The process asked the kernel for no dump (`RLIMIT_CORE` of 1 byte), as its tracer does after reporting it.
    NotWanted,
}

/// Reports a crash that the kernel holds; `core` is the core's byte stream.
///
/// # Errors
/// The process cannot be captured at all, or there is no report; the message says which.
pub fn report(
    crash: KernelCrash,
    core: &mut dyn Read,
    context: &Context,
    watchdog: &Watchdog,
) -> Result<KernelOutcome> {
    let pid = crash.pid;
    let is_ordinary = crash.dumpable == 1;
    if wer_capture::core_limit_is_one(pid) {
        return Ok(KernelOutcome::NotWanted);
    }
    let facts = facts_of(context, pid);
    let mut capture = wer_capture::kernel_with(crash, core, &facts)
        .with_context(|| format!("the crash of process {pid} could not be captured from the kernel"))?;
    watchdog.set_limit(hold_limit(&capture, context));
    let id = match claim_of(&capture, is_ordinary) {
        Claim::AlreadyReported(id) => return Ok(KernelOutcome::AlreadyReported(id)),
        Claim::TakeOver(id) => id,
        Claim::New => new_id(),
    };
    let reported = report_capture(&mut capture, context, id, &mut || watchdog.progress())?;
    if is_ordinary {
        debugger::open_stored(context, &reported, &privilege::real_user_of(&capture));
    }
    Ok(KernelOutcome::Reported(Box::new(reported)))
}

/// How long the process may be held without progress: by its own wish, else by the settings.
fn hold_limit(capture: &Capture, context: &Context) -> Duration {
    let ms = match capture.snapshot.registrations.max_hold_ms {
        0 => context.settings.hold_ms(),
        wish => wish,
    };
    Duration::from_millis(u64::from(ms.clamp(*HOLD_RANGE_MS.start(), *HOLD_RANGE_MS.end())))
}

/// See [`claim`]; the store is looked at with the crashed user's rights.
#[must_use]
pub fn claim_of(capture: &Capture, trusts_block: bool) -> Claim {
    claim::decide(&capture.snapshot.registrations, trusts_block, |root, id| {
        is_stored(root, id, &privilege::real_user_of(capture))
    })
}

fn is_stored(root: &Path, id: ReportId, user: &Credentials) -> bool {
    let look = || vec![u8::from(claim::store_holds(root, id))];
    match wer_sys::as_user(user, STORE_LOOK_DEADLINE, 1, look) {
        Ok(answer) => answer == [1],
        Err(error) => {
            tracing::warn!(%error, "the store of user {} could not be looked at; reporting anew", user.uid);
            false
        }
    }
}

/// A new report id.
#[must_use]
pub fn new_id() -> ReportId {
    ReportId(uuid::Uuid::new_v4().into_bytes())
}
