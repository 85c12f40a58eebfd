//! `WerReportAddDump`: `werapi.h`. What the caller names is checked and copied here; `werfault` makes the dump when the
//! report is submitted.
#![expect(unsafe_code, reason = "C export: pointers come from the caller")]

use core::ffi::c_void;

use wer_abi::dump_options::{
    WER_DUMP_CUSTOM_OPTIONS_V1_BYTES, WER_DUMP_CUSTOM_OPTIONS_V2_BYTES, WER_DUMP_CUSTOM_OPTIONS_V3_BYTES,
};
use wer_abi::{Handle, Hresult};
use wer_client::report::{self, Dump, Exception, Subject};
use wer_winbase::Win32Error;

use crate::answer;

/// `WER_EXCEPTION_INFORMATION`.
#[derive(Clone, Copy)]
#[repr(C)]
struct ExceptionInformation {
    pointers: *mut c_void,
    client_pointers: i32,
}

const _: () = assert!(size_of::<ExceptionInformation>() == 16);

#[unsafe(no_mangle)]
unsafe extern "C" fn WerReportAddDump(
    handle: *mut c_void,
    process: *mut c_void,
    thread: *mut c_void,
    dump_type: i32,
    exception: *const c_void,
    options: *const c_void,
    flags: u32,
) -> i32 {
    answer(|| {
        let handle = handle.addr() as u64;
        report::with(handle, |_| Ok(()))?;
        let subject = subject(Handle(process.addr()), Handle(thread.addr()))?;
        let exception = match exception.is_null() {
            true => Exception::None,
            // SAFETY: a WER_EXCEPTION_INFORMATION, by the contract of the function.
            false => exception_of(unsafe { exception.cast::<ExceptionInformation>().read_unaligned() }),
        };
        let options = match options.is_null() {
            true => &[],
            // SAFETY: a WER_DUMP_CUSTOM_OPTIONS of the size that it says, by the contract of the function.
            false => unsafe { options_of(options.cast()) }?,
        };
        let dump = Dump::new(subject, dump_type, exception, options, flags)?;
        report::with(handle, |report| report.add_dump(dump))
    })
}

/// # Errors
/// `E_HANDLE` for what is no handle of a process, or of a thread; `E_INVALIDARG` for a process that has ended and a thread
/// that is not the process's.
fn subject(process: Handle, thread: Handle) -> Result<Subject, Hresult> {
    let process_id = wer_winbase::process_id(process).map_err(|error| match error {
        Win32Error::INVALID_HANDLE => Hresult::E_HANDLE,
        _ => Hresult::E_INVALIDARG,
    })?;
    let thread_id = match thread {
        Handle::NULL => None,
        named => Some(wer_winbase::thread_id(named).map_err(|_| Hresult::E_HANDLE)?),
    };
    let subject = Subject::new(process_id, thread_id)?;
    // The start was read by number: it is the handle's process only if that one still has the number.
    if wer_winbase::process_id(process) == Ok(process_id) { Ok(subject) } else { Err(Hresult::E_INVALIDARG) }
}

fn exception_of(information: ExceptionInformation) -> Exception {
    let pointers = information.pointers.addr() as u64;
    if information.client_pointers != 0 { Exception::Client(pointers) } else { Exception::Own(pointers) }
}

/// # Errors
/// `E_INVALIDARG` for a size of no version.
///
/// # Safety
/// `options` leads to as many readable bytes as its first field says, if that is the size of a version.
unsafe fn options_of<'a>(options: *const u8) -> Result<&'a [u8], Hresult> {
    const SIZES: [usize; 3] = [
        WER_DUMP_CUSTOM_OPTIONS_V1_BYTES,
        WER_DUMP_CUSTOM_OPTIONS_V2_BYTES,
        WER_DUMP_CUSTOM_OPTIONS_V3_BYTES,
    ];
    // SAFETY: the caller's promise: the first field is there in any case.
    let size = unsafe { options.cast::<u32>().read_unaligned() } as usize;
    if !SIZES.contains(&size) {
        return Err(Hresult::E_INVALIDARG);
    }
    // SAFETY: `size` bytes are readable by the caller's promise; they are copied before the function returns.
    Ok(unsafe { core::slice::from_raw_parts(options, size) })
}
