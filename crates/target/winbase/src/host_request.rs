//! Asking `werfault` from inside a module host, over the socket that [`wer_abi::module_host`] names. It alone acts on
//! the crashed process, and may refuse.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use wer_abi::handle::HandleKind;
use wer_abi::module_host::{
    ANSWER_BYTES, DumpOrder, MEMORY_DESCRIPTOR, OPERATION_DUMP, OPERATION_DUPLICATE, OPERATION_TERMINATE,
    PIDFD_DESCRIPTOR, REQUEST_VARIABLE, encode_request,
};
use wer_abi::{Handle, Hresult};

use crate::error::Win32Error;
use crate::object::borrow;
use crate::process::process_id;

/// Seconds that an answer may take.
const ANSWER_SECONDS: i64 = 5;
/// Seconds that a dump may take; `werfault` ends the host before.
const DUMP_SECONDS: i64 = 600;

/// One request at a time, so that each gets its own answer.
static TURN: Mutex<()> = Mutex::new(());
/// `werfault` has agreed to end the crashed process.
static TERMINATED: AtomicBool = AtomicBool::new(false);

/// The crashed process, as this host got it.
const CRASHED: Handle = Handle::process(PIDFD_DESCRIPTOR, MEMORY_DESCRIPTOR);

/// The request socket, when this process is a module host.
pub(crate) fn socket() -> Option<BorrowedFd<'static>> {
    let number = std::env::var(REQUEST_VARIABLE).ok()?;
    Some(borrow(number.parse().ok()?))
}

/// The request socket, when this process is a module host and the handle names the crashed process.
pub(crate) fn socket_for(process: Handle) -> Option<BorrowedFd<'static>> {
    let socket = socket()?;
    let is_crashed = match process.kind() {
        Some(HandleKind::Process { pidfd: PIDFD_DESCRIPTOR, .. }) => true,
        Some(HandleKind::Process { .. }) => {
            process_id(process).is_ok_and(|pid| process_id(CRASHED) == Ok(pid))
        }
        _ => false,
    };
    is_crashed.then_some(socket)
}

/// Whether this process is a module host and the handle names the crashed process, of which `werfault` makes dumps.
#[must_use]
pub fn is_asked_for(process: Handle) -> bool {
    socket_for(process).is_some()
}

/// The crashed process's handle, when this process is a module host and `pid` is the crashed process's.
pub(crate) fn crashed_process(pid: u32) -> Option<Handle> {
    socket()?;
    (process_id(CRASHED) == Ok(pid)).then_some(CRASHED)
}

/// Whether a module has ended this process, as far as it can tell: it really ends after its report.
pub(crate) fn is_terminated(process: Handle) -> bool {
    TERMINATED.load(Ordering::Relaxed) && socket_for(process).is_some()
}

/// Asks for the end of the crashed process.
pub(crate) fn terminate(socket: BorrowedFd<'_>, exit_code: u32) -> Result<(), Win32Error> {
    let (code, _) = ask(socket, OPERATION_TERMINATE, exit_code, &[], None)?;
    done(code)?;
    TERMINATED.store(true, Ordering::Relaxed);
    Ok(())
}

/// Asks for a copy of a descriptor of the crashed process.
pub(crate) fn duplicate(socket: BorrowedFd<'_>, number: u16) -> Result<OwnedFd, Win32Error> {
    let (code, descriptor) = ask(socket, OPERATION_DUPLICATE, number.into(), &[], None)?;
    done(code)?;
    descriptor.ok_or(Win32Error::GEN_FAILURE)
}

/// `MiniDumpWriteDump` of the crashed process, made by `werfault` into `file`. `None` when this process is no module
/// host or the handle names another process: the caller then makes the dump itself.
///
/// # Errors
/// The HRESULT of a dump that was not made.
pub fn write_dump(
    process: Handle,
    file: BorrowedFd<'_>,
    dump_type: u32,
    order: Option<&DumpOrder>,
) -> Option<Result<(), Hresult>> {
    let socket = socket_for(process)?;
    let order = order.map(DumpOrder::encode);
    let payload = order.as_ref().map_or(&[][..], |order| &order[..]);
    Some(match ask(socket, OPERATION_DUMP, dump_type, payload, Some(file)) {
        Ok((code, _)) if Hresult::from_bits(code).is_success() => Ok(()),
        Ok((code, _)) => Err(Hresult::from_bits(code)),
        Err(error) => Err(Hresult::from_win32(error.0)),
    })
}

fn done(code: u32) -> Result<(), Win32Error> {
    if code == 0 { Ok(()) } else { Err(Win32Error(code)) }
}

/// One request and its answer, with the descriptors that go with them.
fn ask(
    socket: BorrowedFd<'_>,
    operation: u32,
    argument: u32,
    payload: &[u8],
    descriptor: Option<BorrowedFd<'_>>,
) -> Result<(u32, Option<OwnedFd>), Win32Error> {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let head = encode_request(operation, argument, payload.len() as u32);
    let descriptors: Vec<BorrowedFd<'_>> = descriptor.into_iter().collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(Win32Error::GEN_FAILURE);
    }
    sendmsg(socket, &[IoSlice::new(&head), IoSlice::new(payload)], &mut control, SendFlags::NOSIGNAL)?;
    let seconds = if operation == OPERATION_DUMP { DUMP_SECONDS } else { ANSWER_SECONDS };
    let limit = Timespec { tv_sec: seconds, tv_nsec: 0 };
    if poll(&mut [PollFd::from_borrowed_fd(socket, PollFlags::IN)], Some(&limit))? == 0 {
        return Err(Win32Error::GEN_FAILURE);
    }
    answer(socket)
}

fn answer(socket: BorrowedFd<'_>) -> Result<(u32, Option<OwnedFd>), Win32Error> {
    let mut bytes = [0_u8; ANSWER_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received =
        recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let descriptor = descriptors.next().and_then(|mut descriptors| descriptors.next());
    match received.bytes {
        ANSWER_BYTES => Ok((u32::from_le_bytes(bytes), descriptor)),
        _ => Err(Win32Error::GEN_FAILURE),
    }
}
