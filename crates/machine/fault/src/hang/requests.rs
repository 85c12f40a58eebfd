//! `werfault --hang`: what a program's watchdog and `WerReportHang` ask. The bytes are in `docs/formats/hang-requests.md`.
//!
//! We have the rights of the program that asks, no more. A watchdog's request is about whoever is at the other end of the
//! socket; `WerReportHang` names a thread, and what it names is held by its pidfd from then on.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context as _, Result};
use wer_abi::Hresult;
use wer_abi::hang_request::{HangRequest, MAX_TEXT_BYTES, Operation, REQUEST_BYTES};
use wer_abi::store_requests::answer_head;
use wer_hang::Hang;
use wer_sys::Process;

use super::{HangOrder, end, report_hang};
use crate::{Context, events, privilege};

/// `ERROR_INVALID_WINDOW_HANDLE`.
const INVALID_WINDOW: Hresult = Hresult::from_win32(1400);

/// Reads a request from the program's socket, does it and answers. `context` is `None` where nothing may be done.
///
/// # Errors
/// The program is gone, or there is no report; the log says why.
pub(crate) fn serve(socket: OwnedFd, context: Option<&Context>) -> Result<()> {
    let peer = asker(&socket);
    let mut socket = File::from(socket);
    let mut bytes = Vec::new();
    let most = REQUEST_BYTES + MAX_TEXT_BYTES;
    Read::by_ref(&mut socket).take(most as u64 + 1).read_to_end(&mut bytes)?;
    let (request, context) = match (HangRequest::decode(&bytes), context) {
        (None, _) => return refuse(&mut socket, Hresult::E_INVALIDARG),
        (_, None) => return refuse(&mut socket, Hresult::E_ACCESSDENIED),
        (Some(request), Some(context)) => (request, context),
    };
    let peer = peer.context("the program that asks is gone")?;
    match request.operation {
        Operation::Timeout => {
            let milliseconds = context.settings.hang_timeout_ms().to_le_bytes();
            Ok(socket.write_all(&[&answer_head(Hresult::S_OK, 4)[..], &milliseconds].concat())?)
        }
        Operation::Own => {
            let order = HangOrder { sends: true, ..HangOrder::default() };
            let mut socket = Some(socket);
            let hang = look(&peer, request.thread_id);
            let reported = hang.and_then(|hang| {
                report_hang(&peer, context, &hang, &order, &mut || {
                    // A program that does not wait for us any more is no reason not to go on.
                    let _ = socket.take().map(|mut socket| socket.write_all(&answer_head(Hresult::S_OK, 0)));
                })
            });
            if let Some(mut socket) = socket {
                let _ = socket.write_all(&answer_head(Hresult::E_FAIL, 0));
            }
            reported.map(|_| ())
        }
        Operation::Other => other(socket, context, &peer, &request),
    }
}

fn refuse(socket: &mut File, refusal: Hresult) -> Result<()> {
    Ok(socket.write_all(&answer_head(refusal, 0))?)
}

/// The process that made the socket; the kernel names it.
fn asker(socket: &OwnedFd) -> Result<Process> {
    match wer_sys::peer::peer_pidfd(socket.as_fd()) {
        Ok(pidfd) => Ok(Process::from_pidfd(pidfd)?),
        // Before Linux 6.5.
        Err(_) => {
            let peer = rustix::net::sockopt::socket_peercred(socket)?;
            Ok(Process::open(peer.pid.as_raw_nonzero().get().unsigned_abs())?)
        }
    }
}

fn look(process: &Process, tid: u32) -> Result<Hang> {
    wer_hang::look(process.pid(), Some(tid))
        .with_context(|| format!("what process {} waits for cannot be seen", process.pid()))
}

/// Another process, which is ended whatever becomes of its report.
fn other(mut socket: File, context: &Context, peer: &Process, request: &HangRequest<'_>) -> Result<()> {
    let (process, hang) = match target(peer, request.thread_id) {
        Ok(found) => found,
        Err(refusal) => return refuse(&mut socket, refusal),
    };
    socket.write_all(&answer_head(Hresult::S_OK, 0))?;
    drop(socket);
    let name = Some(request.name.to_owned()).filter(|name| !name.is_empty());
    let order = HangOrder { ends: true, sends: true, name };
    let reported = report_hang(&process, context, &hang, &order, &mut || {});
    if let Err(error) = &reported {
        let ended = end(&process);
        let what = if ended.is_ok() { "was ended" } else { "could not be ended" };
        events::failure(context, &format!("{} It {what}.", events::sentence(error)));
    }
    Ok(())
}

/// The process that a thread belongs to, and what it waits for: who may see that may trace it.
fn target(peer: &Process, tid: u32) -> Result<(Process, Hang), Hresult> {
    let gone = |_| INVALID_WINDOW;
    let pid = Process::open(tid).and_then(|thread| thread.status()).map_err(gone)?.tgid;
    let process = Process::open(pid).map_err(gone)?;
    if process.identity() == peer.identity() || pid == std::process::id() {
        return Err(Hresult::E_INVALIDARG);
    }
    let is_foreign = privilege::is_privileged(pid) && !rustix::process::getuid().is_root();
    match wer_hang::look(pid, Some(tid)) {
        Ok(hang) if !is_foreign && process.pidfd().is_some() => Ok((process, hang)),
        Err(wer_sys::ProcessError::Gone { .. }) => Err(INVALID_WINDOW),
        _ => Err(Hresult::E_ACCESSDENIED),
    }
}
