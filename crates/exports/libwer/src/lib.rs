//! `libwer.so`: the C surface of the client library, as `include/` declares it.
//!
//! Every export is four steps: panic boundary, check pointers, convert, call [`wer_client`]. It stands inside the
//! application or a handler module, and must never let a panic out or keep a pointer that it was given, except those
//! whose meaning is to be registered.

mod crash;
mod exclusion;
mod fault_report;
mod hang;
mod registration;
mod report;
mod report_dump;
mod restart;
mod store;
mod wide;

use std::panic::{AssertUnwindSafe, catch_unwind};

use wer_abi::Hresult;
// For what it exports.
use wer_winbase_exports as _;

/// Runs an export's body; a panic becomes `E_UNEXPECTED`.
fn answer(body: impl FnOnce() -> Result<(), Hresult>) -> i32 {
    answer_with(|| body().map(|()| Hresult::S_OK))
}

/// The same for an export that has several kinds of success.
fn answer_with(body: impl FnOnce() -> Result<Hresult, Hresult>) -> i32 {
    // A panic leaves nothing of ours half done: every body ends in one call.
    let result = catch_unwind(AssertUnwindSafe(body)).unwrap_or(Err(Hresult::E_UNEXPECTED));
    result.unwrap_or_else(|error| error).0
}
