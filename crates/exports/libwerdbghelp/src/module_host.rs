//! `MiniDumpWriteDump` of the crashed process inside a module host, which may not trace it: `werfault` makes the dump.
#![expect(unsafe_code, reason = "reads plain structures from the crashed process")]

use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;

use wer_abi::exception::ExceptionPointers;
use wer_abi::module_host::DumpOrder;
use wer_abi::{Context, ExceptionRecord, Handle, Hresult};
use wer_dbghelp::ExceptionInformation;
use wer_winbase::host_request;
use wer_winbase::memory::read_process_memory_to;

/// Asks for the dump.
pub(crate) fn write(
    process: Handle,
    file: &File,
    dump_type: u32,
    exception: Option<ExceptionInformation>,
) -> Result<(), Hresult> {
    let order = exception.map(|exception| order_of(process, exception)).transpose()?;
    host_request::write_dump(process, file.as_fd(), dump_type, order.as_ref())
        .unwrap_or(Err(Hresult::E_HANDLE))
}

fn order_of(process: Handle, exception: ExceptionInformation) -> Result<DumpOrder, Hresult> {
    match exception {
        ExceptionInformation::Values { thread_id, record, context } => {
            Ok(DumpOrder { thread_id, record: *record, context: context.map(|context| *context) })
        }
        ExceptionInformation::Client { thread_id, pointers } => {
            // SAFETY: two pointers; any bytes are a value of them.
            let pointers = unsafe { read::<ExceptionPointers>(process, pointers) }?;
            // SAFETY: numbers only; any bytes are a value of them.
            let record = unsafe { read::<ExceptionRecord>(process, pointers.record.addr() as u64) }?;
            let context = match pointers.context.addr() {
                0 => None,
                // SAFETY: numbers only; any bytes are a value of them.
                address => Some(unsafe { read::<Context>(process, address as u64) }?),
            };
            Ok(DumpOrder { thread_id, record, context })
        }
    }
}

/// Reads a structure from the process.
///
/// # Safety
/// Any bytes are a value of `T`.
unsafe fn read<T>(process: Handle, address: u64) -> Result<T, Hresult> {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: `value` has as many writable bytes as are asked for.
    let read = unsafe { read_process_memory_to(process, address, value.as_mut_ptr().cast(), size_of::<T>()) };
    read.map_err(|_| Hresult::E_INVALIDARG)?;
    // SAFETY: all its bytes have been read, and any bytes are a value by the caller's promise.
    Ok(unsafe { value.assume_init() })
}
