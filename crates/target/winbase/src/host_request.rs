//! Asking `werfault` from inside a module host, over the socket that [`wer_abi::module_host`] names.

use std::os::fd::BorrowedFd;
use std::sync::Mutex;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use wer_abi::module_host::{ANSWER_BYTES, OPERATION_TERMINATE, REQUEST_VARIABLE, encode_request};

use crate::error::Win32Error;
use crate::object::borrow;

/// Seconds that an answer may take.
const ANSWER_SECONDS: i64 = 5;

/// One request at a time, so that each gets its own answer.
static TURN: Mutex<()> = Mutex::new(());

/// The request socket, when this process is a module host.
pub(crate) fn socket() -> Option<BorrowedFd<'static>> {
    let number = std::env::var(REQUEST_VARIABLE).ok()?;
    Some(borrow(number.parse().ok()?))
}

/// Asks for the end of the crashed process.
pub(crate) fn terminate(socket: BorrowedFd<'_>, exit_code: u32) -> Result<(), Win32Error> {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    send(socket, &encode_request(OPERATION_TERMINATE, exit_code), SendFlags::NOSIGNAL)?;
    let mut descriptors = [PollFd::from_borrowed_fd(socket, PollFlags::IN)];
    let limit = Timespec { tv_sec: ANSWER_SECONDS, tv_nsec: 0 };
    if poll(&mut descriptors, Some(&limit))? == 0 {
        return Err(Win32Error::GEN_FAILURE);
    }
    let mut answer = [0_u8; ANSWER_BYTES];
    let (length, _) = recv(socket, &mut answer, RecvFlags::empty())?;
    match (length, u32::from_le_bytes(answer)) {
        (ANSWER_BYTES, 0) => Ok(()),
        (ANSWER_BYTES, code) => Err(Win32Error(code)),
        _ => Err(Win32Error::GEN_FAILURE),
    }
}
