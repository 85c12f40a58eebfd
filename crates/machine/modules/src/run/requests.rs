//! What a module asks of `werfault` besides its claim: the end of the crashed process, copies of its descriptors, dumps
//! of it. Each is judged here; nothing that a host says is believed.

use std::fs::File;
use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, OFlags, PROC_SUPER_MAGIC, fstatfs};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::{PidfdGetfdFlags, pidfd_getfd};
use wer_abi::Hresult;
use wer_abi::module_host::{
    DumpOrder, MAX_REQUEST_BYTES, OPERATION_DUMP, OPERATION_DUPLICATE, OPERATION_TERMINATE, decode_request,
};

use super::module_folder::ModuleFolder;
use super::{DumpRequest, ModuleRun};

/// Win32 codes that a module is answered.
const ERROR_ACCESS_DENIED: u32 = 5;
const ERROR_INVALID_HANDLE: u32 = 6;
const ERROR_NOT_SUPPORTED: u32 = 50;
const ERROR_INVALID_PARAMETER: u32 = 87;

/// One packet of the request socket.
#[derive(Debug)]
pub(super) struct Packet {
    bytes: Vec<u8>,
    descriptor: Option<OwnedFd>,
}

/// What a module asked for, for the report's notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Exit code of its last `TerminateProcess`.
    pub(super) exit_code: Option<u32>,
    /// Descriptors that it was refused.
    pub(super) refused_descriptors: u32,
    /// Dumps that were made for it.
    pub(super) dumps: u32,
}

/// Takes one request off its socket; `None` when the socket is of no use any more.
pub(super) fn receive(socket: BorrowedFd<'_>) -> Option<Packet> {
    let mut bytes = vec![0; MAX_REQUEST_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let received = recvmsg(socket, &mut [IoSliceMut::new(&mut bytes)], &mut control, flags).ok()?;
    let descriptors = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
        _ => None,
    });
    let descriptor = descriptors.flatten().next();
    if received.bytes == 0 {
        return None;
    }
    // What is too long becomes what is no request.
    let kept = if received.flags.contains(ReturnFlags::TRUNC) { 0 } else { received.bytes };
    bytes.truncate(kept);
    Some(Packet { bytes, descriptor })
}

/// Serves one request and answers it.
pub(super) fn serve(
    run: &ModuleRun<'_>,
    folder: Option<&ModuleFolder>,
    packet: Packet,
    asked: &mut Asked,
    socket: BorrowedFd<'_>,
    progress: &mut dyn FnMut(),
) {
    let Packet { bytes, descriptor } = packet;
    let Some(request) = decode_request(&bytes) else { return answer(socket, ERROR_NOT_SUPPORTED, None) };
    match request.operation {
        // It is held for its report, and dies of its own signal afterwards.
        OPERATION_TERMINATE => {
            asked.exit_code = Some(request.argument);
            answer(socket, 0, None);
        }
        OPERATION_DUPLICATE => match duplicate(run.pidfd, request.argument) {
            Ok(copy) => answer(socket, 0, Some(copy.as_fd())),
            Err(code) => {
                asked.refused_descriptors += 1;
                answer(socket, code, None);
            }
        },
        OPERATION_DUMP => {
            let made = dump(run, folder, request.argument, request.payload, descriptor, progress);
            asked.dumps += u32::from(made.is_ok());
            answer(socket, made.err().map_or(0, Hresult::bits), None);
        }
        _ => answer(socket, ERROR_NOT_SUPPORTED, None),
    }
}

/// A host that does not take its answers loses them.
fn answer(socket: BorrowedFd<'_>, code: u32, descriptor: Option<BorrowedFd<'_>>) {
    let descriptors: Vec<BorrowedFd<'_>> = descriptor.into_iter().collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return;
    }
    let bytes = code.to_le_bytes();
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let _ = sendmsg(socket, &[IoSlice::new(&bytes)], &mut control, flags);
}

/// A copy of a descriptor of the crashed process.
fn duplicate(pidfd: BorrowedFd<'_>, number: u32) -> Result<OwnedFd, u32> {
    let number = i32::try_from(number).map_err(|_| ERROR_INVALID_HANDLE)?;
    let copy = pidfd_getfd(pidfd, number, PidfdGetfdFlags::empty()).map_err(|errno| match errno {
        rustix::io::Errno::BADF => ERROR_INVALID_HANDLE,
        _ => ERROR_ACCESS_DENIED,
    })?;
    if may_be_given(&copy) { Ok(copy) } else { Err(ERROR_ACCESS_DENIED) }
}

/// What a confined module may have of the crashed process: what it can wait for and signal, and what it could read
/// anyway. No sockets and pipes, which lead to other processes; nothing that writes; nothing of `/proc`.
fn may_be_given(descriptor: &OwnedFd) -> bool {
    use std::os::fd::AsRawFd;
    let link = std::fs::read_link(format!("/proc/self/fd/{}", descriptor.as_raw_fd()));
    if let Ok(link) = &link
        && matches!(link.to_str(), Some("anon_inode:[eventfd]" | "anon_inode:[pidfd]"))
    {
        return true;
    }
    let is_file = rustix::fs::fstat(descriptor)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
    let only_reads = rustix::fs::fcntl_getfl(descriptor)
        .is_ok_and(|flags| flags & OFlags::ACCMODE == OFlags::RDONLY && !flags.contains(OFlags::PATH));
    let is_proc = fstatfs(descriptor).is_ok_and(|file_system| file_system.f_type == PROC_SUPER_MAGIC);
    is_file && only_reads && !is_proc
}

/// Has a dump made into the module's file.
fn dump(
    run: &ModuleRun<'_>,
    folder: Option<&ModuleFolder>,
    flags: u32,
    payload: &[u8],
    descriptor: Option<OwnedFd>,
    progress: &mut dyn FnMut(),
) -> Result<(), Hresult> {
    let (Some(write_dump), Some(folder)) = (run.write_dump, folder) else { return Err(Hresult::E_NOTIMPL) };
    let order = match payload {
        [] => None,
        bytes => Some(DumpOrder::decode(bytes).ok_or(Hresult::from_win32(ERROR_INVALID_PARAMETER))?),
    };
    let file = File::from(descriptor.ok_or(Hresult::E_HANDLE)?);
    if !folder.may_hold(&file) {
        return Err(Hresult::E_ACCESSDENIED);
    }
    write_dump(&DumpRequest { flags, order, file: &file }, progress)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::process::{PidfdFlags, getpid, pidfd_open};
    use std::os::fd::AsRawFd;

    #[test]
    fn only_what_leads_nowhere_is_given() {
        let own = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
        let gives = |descriptor: BorrowedFd<'_>| {
            duplicate(own.as_fd(), descriptor.as_raw_fd().cast_unsigned()).map(|_| ())
        };
        let event = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
        assert_eq!((gives(event.as_fd()), gives(own.as_fd())), (Ok(()), Ok(())));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let written = File::create(&path).unwrap();
        assert_eq!(gives(written.as_fd()), Err(ERROR_ACCESS_DENIED));
        assert_eq!(gives(File::open(&path).unwrap().as_fd()), Ok(()));
        assert_eq!(gives(File::open("/proc/self/maps").unwrap().as_fd()), Err(ERROR_ACCESS_DENIED));
        let (pipe, _end) = rustix::pipe::pipe().unwrap();
        assert_eq!(gives(pipe.as_fd()), Err(ERROR_ACCESS_DENIED));
        let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(gives(socket.as_fd()), Err(ERROR_ACCESS_DENIED));
        assert_eq!(duplicate(own.as_fd(), 1_000_000).map(|_| ()), Err(ERROR_INVALID_HANDLE));
    }
}
