//! The store of reports as `WerStore...` sees it, and the lists of programs that are not reported. Every question is one
//! `werfault --store` (`docs/formats/store-requests.md`); only what a handle has to remember is here.

mod handles;

use std::time::Duration;

use wer_abi::Hresult;
use wer_abi::store_requests::{
    ANSWER_BYTES, MAX_PAYLOAD_BYTES, MAX_TEXT_BYTES, METADATA_V3_BYTES, Operation, StoreRequest, StoreType,
    WerReportMetadata, decode_answer,
};

pub use handles::{MAX_OPEN, close};

use crate::crash::ask_werfault;

/// How long an answer that needs no network may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long an upload may take; `werfault` itself gives up then too.
const UPLOAD_DEADLINE: Duration = Duration::from_secs(600);

type Result<T> = core::result::Result<T, Hresult>;

/// Facts of a stored report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// `WER_REPORT_METADATA_V3`, whose beginnings are V1 and V2; [`METADATA_V3_BYTES`] bytes.
    pub structure: Vec<u8>,
    /// The names of its files, UTF-16, each with a terminator, and one terminator more, as bytes.
    pub file_names: Vec<u8>,
}

/// Opens a store, by its `REPORT_STORE_TYPES`.
///
/// # Errors
/// `E_INVALIDARG` for an unknown type; `E_ACCESSDENIED` for a store of another user; `E_OUTOFMEMORY` above [`MAX_OPEN`];
/// those of [`ask_werfault`], which every function here has.
pub fn open(store_type: u32) -> Result<u64> {
    let store = StoreType::from_number(store_type).ok_or(Hresult::E_INVALIDARG)?;
    ask(Operation::Open, store, 0, "")?;
    handles::open(store)
}

/// The key of the oldest report, UTF-16 with its terminator. What is stored now is what [`next_key`] goes through.
///
/// # Errors
/// `E_INVALIDARG` for what is not the handle of an open store; `HRESULT_FROM_WIN32(ERROR_NO_MORE_FILES)`.
pub fn first_key(handle: u64) -> Result<Vec<u16>> {
    let payload = ask(Operation::Keys, handles::store_of(handle)?, 0, "")?;
    let (units, rest) = payload.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    if !rest.is_empty() || units.last().is_some_and(|last| *last != 0) {
        return Err(Hresult::INVALID_DATA);
    }
    handles::begin(handle, units)?;
    handles::next(handle)?.ok_or(Hresult::NO_MORE_FILES)
}

/// The key after the one that was told last; the first, where none was.
///
/// # Errors
/// As of [`first_key`].
pub fn next_key(handle: u64) -> Result<Vec<u16>> {
    if !handles::has_begun(handle)? {
        return first_key(handle);
    }
    handles::next(handle)?.ok_or(Hresult::NO_MORE_FILES)
}

/// The facts of one report.
///
/// # Errors
/// `E_INVALIDARG` for the handle, or for what can be no key; `WER_E_NOT_FOUND` where no report of this store has it (any
/// more); `HRESULT_FROM_WIN32(ERROR_INVALID_DATA)` where its `Report.wer` cannot be read.
pub fn metadata(handle: u64, key: &str) -> Result<Metadata> {
    let mut structure = ask(Operation::Metadata, handles::store_of(handle)?, 0, key)?;
    if structure.len() < METADATA_V3_BYTES {
        return Err(Hresult::INVALID_DATA);
    }
    let file_names = structure.split_off(METADATA_V3_BYTES);
    let told = structure.get(WerReportMetadata::SIZE_OF_FILE_NAMES_OFFSET..).and_then(<[u8]>::first_chunk);
    if told.map(|size| u32::from_le_bytes(*size) as usize) != Some(file_names.len()) {
        return Err(Hresult::INVALID_DATA);
    }
    Ok(Metadata { structure, file_names })
}

/// Submits a stored report with `WER_SUBMIT_...`; the `WER_SUBMIT_RESULT`.
///
/// # Errors
/// `E_INVALIDARG` for the handle, a flag or what can be no key; else as of [`metadata`].
pub fn upload(handle: u64, key: &str, flags: u32) -> Result<u32> {
    number(ask(Operation::Upload, handles::store_of(handle)?, flags, key)?).map(u32::from_le_bytes)
}

/// How many reports a store has.
///
/// # Errors
/// `E_INVALIDARG` for the handle.
pub fn count(handle: u64) -> Result<u32> {
    number(ask(Operation::Count, handles::store_of(handle)?, 0, "")?).map(u32::from_le_bytes)
}

/// Bytes that the reports of a store take on the disk.
///
/// # Errors
/// `E_INVALIDARG` for the handle.
pub fn size_on_disk_bytes(handle: u64) -> Result<u64> {
    number(ask(Operation::Size, handles::store_of(handle)?, 0, "")?).map(u64::from_le_bytes)
}

/// Deletes every report of this user, waiting or archived.
///
/// # Errors
/// Some could not be deleted.
pub fn purge() -> Result<()> {
    ask(Operation::Purge, StoreType::UserQueue, 0, "").map(drop)
}

/// No more reports of programs with this file name, for this user or for all.
///
/// # Errors
/// `E_INVALIDARG` for an empty name, one that ends in a separator, and one above 259 characters; `E_ACCESSDENIED`.
pub fn add_excluded_application(program: &str, for_all_users: bool) -> Result<()> {
    ask(Operation::Exclude, StoreType::UserQueue, u32::from(for_all_users), program).map(drop)
}

/// Takes that back.
///
/// # Errors
/// `HRESULT_FROM_WIN32(ERROR_ENVVAR_NOT_FOUND)` where that list does not have it; else as
/// [`add_excluded_application`].
pub fn remove_excluded_application(program: &str, for_all_users: bool) -> Result<()> {
    ask(Operation::Include, StoreType::UserQueue, u32::from(for_all_users), program).map(drop)
}

/// The payload of a request that was done.
fn ask(operation: Operation, store: StoreType, argument: u32, text: &str) -> Result<Vec<u8>> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(Hresult::E_INVALIDARG);
    }
    let deadline = if operation == Operation::Upload { UPLOAD_DEADLINE } else { DEADLINE };
    let head = StoreRequest { operation, store, argument, text }.head();
    let parts = [&head[..], text.as_bytes()];
    let mut answer = ask_werfault(c"--store", &parts, ANSWER_BYTES + MAX_PAYLOAD_BYTES, deadline)?;
    let (result, payload) = decode_answer(&answer).ok_or(Hresult::INVALID_DATA)?;
    if !result.is_success() {
        return Err(result);
    }
    let start = answer.len() - payload.len();
    Ok(answer.split_off(start))
}

fn number<const BYTES: usize>(payload: Vec<u8>) -> Result<[u8; BYTES]> {
    payload.try_into().map_err(|_| Hresult::INVALID_DATA)
}
