//! Asks `werfault --hang` (`docs/formats/hang-requests.md`).

use std::ffi::CStr;
use std::path::Path;
use std::time::Duration;

use wer_abi::Hresult;
use wer_abi::hang_request::{HangRequest, Operation};
use wer_abi::store_requests::{ANSWER_BYTES, decode_answer};

use super::ask_werfault::{ask_werfault, ask_werfault_at};

/// How long a report may take; `werfault` itself gives up then too.
const REPORT_DEADLINE: Duration = Duration::from_secs(600);
/// How long reading the settings, or looking for a process, may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of the longest payload.
const PAYLOAD_BYTES: usize = 4;
const ARGUMENT: &CStr = c"--hang";

/// What the settings say is a hang; `None` where they cannot be asked.
pub(super) fn timeout_setting(werfault: Option<&Path>) -> Option<Duration> {
    let request = HangRequest { operation: Operation::Timeout, thread_id: 0, name: "" };
    let head = request.head();
    let answer =
        ask_werfault_at(werfault, ARGUMENT, &[&head], false, ANSWER_BYTES + PAYLOAD_BYTES, DEADLINE).ok()?;
    let (result, payload) = decode_answer(&answer)?;
    let milliseconds = u32::from_le_bytes(payload.try_into().ok()?);
    result.is_success().then(|| Duration::from_millis(milliseconds.into()))
}

/// Has a hang of this process's thread reported, and returns when that is stored, or is not to be had.
pub(super) fn report_own(werfault: Option<&Path>, thread_id: u32) {
    let request = HangRequest { operation: Operation::Own, thread_id, name: "" };
    let head = request.head();
    // A report that cannot be made costs the program nothing; the event log says why.
    let _ =
        ask_werfault_at(werfault, ARGUMENT, &[&head], true, ANSWER_BYTES + PAYLOAD_BYTES, REPORT_DEADLINE);
}

/// Has a hang of another process reported, and that process ended (`WerReportHang`). `thread_id` is the thread that hangs,
/// `name` the program's name, empty = its own. Returns when that has begun.
///
/// # Errors
/// `E_INVALIDARG` for a thread of this process; `HRESULT_FROM_WIN32(ERROR_INVALID_WINDOW_HANDLE)` where there is no such
/// thread; `E_ACCESSDENIED` for one of a process that may not be traced; those of [`ask_werfault`].
pub fn report_hang(thread_id: u32, name: &str) -> Result<(), Hresult> {
    let request = HangRequest { operation: Operation::Other, thread_id, name };
    let answer =
        ask_werfault(ARGUMENT, &[&request.head(), name.as_bytes()], ANSWER_BYTES + PAYLOAD_BYTES, DEADLINE)?;
    let (result, _) = decode_answer(&answer).ok_or(Hresult::INVALID_DATA)?;
    if result.is_success() { Ok(()) } else { Err(result) }
}
