//! `werfault --store`: serves one request of a program about the store, or about the programs that are not reported.
//! The bytes are in `docs/formats/store-requests.md`.
//!
//! It has the rights of the program that asks and uses the folders that its environment names, so nothing here guards the
//! one against the other; it must only never write or submit what was not asked for, and always answer.

mod exclusion;
mod metadata;
mod stores;

pub use stores::Stores;

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use wer_abi::Hresult;
use wer_abi::flags::WER_SUBMIT_VALID;
use wer_abi::store_requests::{
    MAX_PAYLOAD_BYTES, MAX_TEXT_BYTES, Operation, REQUEST_BYTES, StoreRequest, StoreType, answer_head,
};
use wer_model::ConsentChoice;
use wer_upload::Submission;

use self::stores::answer_of;
use crate::submit_with;

type Answer = Result<Vec<u8>, Hresult>;

/// Reads a request from the program's socket and answers it. `places` gives `None` where nothing may be done.
///
/// # Errors
/// The answer could not be written: the program is not there any more.
pub fn serve(socket: OwnedFd, places: &dyn Fn() -> Option<Stores>) -> std::io::Result<()> {
    let mut socket = File::from(socket);
    let mut bytes = Vec::new();
    let limit = REQUEST_BYTES + MAX_TEXT_BYTES + 1;
    Read::by_ref(&mut socket).take(limit as u64).read_to_end(&mut bytes)?;
    let answer = match (StoreRequest::decode(&bytes), places()) {
        (None, _) => Err(Hresult::E_INVALIDARG),
        (_, None) => Err(Hresult::E_ACCESSDENIED),
        (Some(request), Some(stores)) => answer(&request, &stores),
    };
    let (result, payload) = match answer {
        Ok(payload) if payload.len() > MAX_PAYLOAD_BYTES => (Hresult::E_OUTOFMEMORY, Vec::new()),
        Ok(payload) => (Hresult::S_OK, payload),
        Err(result) => (result, Vec::new()),
    };
    socket.write_all(&answer_head(result, payload.len() as u32))?;
    socket.write_all(&payload)
}

fn answer(request: &StoreRequest<'_>, stores: &Stores) -> Answer {
    tracing::debug!(operation = ?request.operation, store = ?request.store, "a program asks");
    let chosen = stores.of(request.store);
    match request.operation {
        Operation::Open => chosen.open().map(|_| Vec::new()),
        Operation::Keys => chosen.keys(),
        Operation::Metadata => {
            let stored = chosen.report(request.text)?;
            metadata::of(&stored)
        }
        Operation::Upload => {
            if request.argument & !WER_SUBMIT_VALID != 0 {
                return Err(Hresult::E_INVALIDARG);
            }
            let stored = chosen.report(request.text)?;
            let submission =
                Submission { flags: request.argument, ..Submission::from_queue(ConsentChoice::NotAsked) };
            let outcome = submit_with(chosen.context, stored.id, submission).map_err(|error| {
                tracing::warn!(%error, "a report could not be submitted");
                stores::answer_of_submit(&error)
            })?;
            Ok((outcome.result as u32).to_le_bytes().to_vec())
        }
        Operation::Count => chosen.count(),
        Operation::Size => chosen.size(),
        Operation::Purge => {
            let Some(store) = stores.of(StoreType::UserQueue).open()? else {
                return Ok(Vec::new());
            };
            store.purge().map(|_| Vec::new()).map_err(|error| answer_of(&error))
        }
        Operation::Exclude | Operation::Include => exclusion::change(request, stores).map(|()| Vec::new()),
    }
}
