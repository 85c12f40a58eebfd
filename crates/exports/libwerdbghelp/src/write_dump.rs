//! `MiniDumpWriteDump`.
#![expect(unsafe_code, reason = "C export: pointers come from the caller")]

use core::ffi::c_void;
use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{BorrowedFd, FromRawFd};

use rustix::fs::OFlags;
use wer_abi::exception::ExceptionPointers;
use wer_abi::handle::HandleKind;
use wer_abi::{Handle, Hresult};
use wer_dbghelp::{ExceptionInformation, MinidumpBuilder, Target, UserStream};

use crate::answer;
use crate::callbacks::{CallbackRoutine, Routine};
use crate::module_host;

/// User streams of one dump; more are a caller's mistake.
const MAX_USER_STREAMS: u32 = 1024;

/// `MINIDUMP_EXCEPTION_INFORMATION`.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct ExceptionParameter {
    thread_id: u32,
    pointers: *mut ExceptionPointers,
    client_pointers: i32,
}

/// `MINIDUMP_USER_STREAM`.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct UserStreamParameter {
    stream_type: u32,
    size: u32,
    buffer: *const c_void,
}

/// `MINIDUMP_USER_STREAM_INFORMATION`.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct UserStreamInformation {
    count: u32,
    streams: *const UserStreamParameter,
}

/// `MINIDUMP_CALLBACK_INFORMATION`.
#[derive(Clone, Copy)]
#[repr(C, packed(4))]
struct CallbackParameter {
    routine: Option<Routine>,
    parameter: *mut c_void,
}

const _: () = {
    assert!(size_of::<ExceptionParameter>() == 16);
    assert!(size_of::<UserStreamParameter>() == 16);
    assert!(size_of::<UserStreamInformation>() == 12);
    assert!(size_of::<CallbackParameter>() == 16);
};

#[unsafe(no_mangle)]
unsafe extern "C" fn MiniDumpWriteDump(
    process: *mut c_void,
    process_id: u32,
    file: *mut c_void,
    dump_type: u32,
    exception: *const c_void,
    user_streams: *const c_void,
    callbacks: *const c_void,
) -> i32 {
    answer(|| {
        let target = target_of(Handle(process.addr()), process_id)?;
        if wer_winbase::host_request::is_asked_for(Handle(process.addr())) {
            let is_plain = user_streams.is_null() && callbacks.is_null();
            // SAFETY: null or a MINIDUMP_EXCEPTION_INFORMATION, by the function's contract.
            let parameter = unsafe { optional(exception.cast::<ExceptionParameter>()) };
            // SAFETY: its pointers are ours unless it says otherwise, by the function's contract.
            let exception = parameter.map(|parameter| unsafe { exception_of(parameter) }).transpose()?;
            let file = file_of(Handle(file.addr()))?.filter(|_| is_plain).ok_or(Hresult::E_NOTIMPL)?;
            return module_host::write(Handle(process.addr()), &file, dump_type, exception);
        }
        let mut builder = MinidumpBuilder::new(target).flags(dump_type.into());
        // SAFETY: null or a MINIDUMP_EXCEPTION_INFORMATION, by the function's contract.
        if let Some(parameter) = unsafe { optional(exception.cast::<ExceptionParameter>()) } {
            // SAFETY: its pointers are ours unless it says otherwise, by the function's contract.
            builder = builder.exception(unsafe { exception_of(parameter) }?);
        }
        // SAFETY: null or a MINIDUMP_USER_STREAM_INFORMATION, by the function's contract.
        if let Some(parameter) = unsafe { optional(user_streams.cast::<UserStreamInformation>()) } {
            // SAFETY: its streams and their buffers are ours to read, by the function's contract.
            for stream in unsafe { user_streams_of(parameter) }? {
                builder = builder.user_stream(stream.stream_type, stream.bytes);
            }
        }
        // SAFETY: null or a MINIDUMP_CALLBACK_INFORMATION, by the function's contract.
        let parameter = unsafe { optional(callbacks.cast::<CallbackParameter>()) };
        let mut routine = parameter.and_then(|parameter| {
            let handle = Handle(process.addr());
            // SAFETY: the routine may be called with its parameter until this function returns.
            Some(unsafe { CallbackRoutine::new(parameter.routine?, parameter.parameter, process_id, handle) })
        });
        if let Some(routine) = &mut routine {
            builder = builder.callbacks(routine);
        }
        write(builder, file_of(Handle(file.addr()))?.as_deref())
    })
}

fn write(builder: MinidumpBuilder<'_>, file: Option<&File>) -> Result<(), Hresult> {
    let written = match file {
        Some(file) => builder.write_file(file),
        None => builder.write_by_callbacks(),
    };
    written.map(|_| ()).map_err(|error| Hresult(error.hresult()))
}

/// Reads an optional structure.
///
/// # Safety
/// `pointer` is null or leads to a `T`, aligned or not.
unsafe fn optional<T: Copy>(pointer: *const T) -> Option<T> {
    // SAFETY: not null, so readable by the caller's promise.
    (!pointer.is_null()).then(|| unsafe { pointer.read_unaligned() })
}

/// Whose dump. A handle and a process id that disagree are refused, and so is a handle that may not read.
fn target_of(process: Handle, process_id: u32) -> Result<Target, Hresult> {
    let own = std::process::id();
    if process == Handle::NULL {
        return match process_id {
            0 => Err(Hresult::E_INVALIDARG),
            pid if pid == own => Ok(Target::Own),
            pid => Ok(Target::Pid(pid)),
        };
    }
    let pid = match wer_winbase::process_id(process) {
        Ok(pid) => pid,
        Err(wer_winbase::Win32Error::INVALID_HANDLE) => return Err(Hresult::E_HANDLE),
        Err(_) => return Err(Hresult::E_INVALIDARG),
    };
    if pid != process_id {
        return Err(Hresult::E_INVALIDARG);
    }
    match process.kind() {
        Some(HandleKind::Process { .. } | HandleKind::CurrentProcess) if pid == own => Ok(Target::Own),
        Some(HandleKind::Process { pidfd, mem_fd }) => {
            let flags = rustix::fs::fcntl_getfl(borrow(mem_fd)).map_err(|_| Hresult::E_HANDLE)?;
            if flags.contains(OFlags::PATH) {
                return Err(Hresult::E_ACCESSDENIED);
            }
            let pidfd = borrow(pidfd).try_clone_to_owned().map_err(|_| Hresult::E_HANDLE)?;
            Ok(Target::Pidfd(pidfd))
        }
        _ => Err(Hresult::E_HANDLE),
    }
}

fn borrow(descriptor: u16) -> BorrowedFd<'static> {
    // SAFETY: not -1. Whether it is still open is the holder of the handle's affair; the kernel answers EBADF otherwise.
    unsafe { BorrowedFd::borrow_raw(i32::from(descriptor)) }
}

/// The file; `None` when there is no handle, so that a callback must write.
fn file_of(file: Handle) -> Result<Option<ManuallyDrop<File>>, Hresult> {
    /// The same value as the pseudo handle of the current process.
    const INVALID_HANDLE_VALUE: Handle = Handle::CURRENT_PROCESS;
    let descriptor = match file.kind() {
        None if file == Handle::NULL => return Ok(None),
        _ if file == INVALID_HANDLE_VALUE => return Ok(None),
        Some(HandleKind::File { file_fd }) => file_fd,
        _ => return Err(Hresult::E_HANDLE),
    };
    rustix::io::fcntl_getfd(borrow(descriptor)).map_err(|_| Hresult::E_HANDLE)?;
    // SAFETY: open, as was just asked; it stays the caller's, because the file is never dropped.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(i32::from(descriptor)) });
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    if is_file { Ok(Some(file)) } else { Err(Hresult::E_INVALIDARG) }
}

/// # Safety
/// The pointers lead to an `EXCEPTION_POINTERS` and what it names in this process, unless they are the client's.
unsafe fn exception_of(parameter: ExceptionParameter) -> Result<ExceptionInformation, Hresult> {
    let (thread_id, pointers) = (parameter.thread_id, parameter.pointers);
    if pointers.is_null() {
        return Err(Hresult::E_INVALIDARG);
    }
    if parameter.client_pointers != 0 {
        return Ok(ExceptionInformation::Client { thread_id, pointers: pointers.addr() as u64 });
    }
    // SAFETY: not null and not the client's.
    let ExceptionPointers { record, context } = unsafe { pointers.read_unaligned() };
    // SAFETY: null or a record, by the caller's promise.
    let record = unsafe { optional(record.cast_const()) }.ok_or(Hresult::E_INVALIDARG)?;
    // SAFETY: null or a context, by the caller's promise.
    let context = unsafe { optional(context.cast_const()) };
    Ok(ExceptionInformation::Values { thread_id, record: Box::new(record), context: context.map(Box::new) })
}

/// # Safety
/// The array and the buffers are readable in this process.
unsafe fn user_streams_of(parameter: UserStreamInformation) -> Result<Vec<UserStream>, Hresult> {
    let (count, array) = (parameter.count, parameter.streams);
    if count > MAX_USER_STREAMS || (array.is_null() && count != 0) {
        return Err(Hresult::E_INVALIDARG);
    }
    let mut streams = Vec::new();
    for index in 0..count as usize {
        // SAFETY: within the array, by the caller's promise.
        let stream = unsafe { array.wrapping_add(index).read_unaligned() };
        let bytes = match (stream.buffer.is_null(), stream.size) {
            (_, 0) => Vec::new(),
            (true, _) => return Err(Hresult::E_INVALIDARG),
            (false, size) => {
                // SAFETY: `size` readable bytes, by the caller's promise.
                let bytes = unsafe { core::slice::from_raw_parts(stream.buffer.cast::<u8>(), size as usize) };
                bytes.to_vec()
            }
        };
        streams.push(UserStream { stream_type: stream.stream_type, bytes });
    }
    Ok(streams)
}
