//! Memory of the crashed process, and debug output.

use core::ffi::{c_char, c_void};

use wer_winbase::memory::{PartialCopy, read_process_memory_to};
use wer_winbase::{Win32Error, debug, write_process_memory};

use crate::{answer_bool, handle, store};

/// Characters of one debug string; the rest is not looked at.
const MAX_DEBUG_STRING: usize = 64 * 1024;

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinReadProcessMemory(
    process: *mut c_void,
    address: *const c_void,
    buffer: *mut c_void,
    size: usize,
    bytes_read: *mut usize,
) -> i32 {
    answer_bool(|| {
        if buffer.is_null() && size != 0 {
            return Err(Win32Error::NOACCESS);
        }
        // SAFETY: `buffer` is `size` writable bytes by the function's contract.
        let copied =
            unsafe { read_process_memory_to(handle(process), address.addr() as u64, buffer.cast(), size) };
        // SAFETY: null or writable by the function's contract.
        unsafe { store(bytes_read, bytes_of(copied, size)) };
        copied.map_err(|stop| stop.error)
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinWriteProcessMemory(
    process: *mut c_void,
    address: *mut c_void,
    buffer: *const c_void,
    size: usize,
    bytes_written: *mut usize,
) -> i32 {
    answer_bool(|| {
        let bytes = match (buffer.is_null(), size) {
            (_, 0) => &[][..],
            (true, _) => return Err(Win32Error::NOACCESS),
            // SAFETY: `buffer` is `size` readable bytes by the function's contract.
            (false, _) => unsafe { core::slice::from_raw_parts(buffer.cast::<u8>(), size) },
        };
        // SAFETY: what is overwritten, here or in another process, is the caller's own decision, as on Windows.
        let copied = unsafe { write_process_memory(handle(process), address.addr() as u64, bytes) };
        // SAFETY: null or writable by the function's contract.
        unsafe { store(bytes_written, bytes_of(copied, size)) };
        copied.map_err(|stop| stop.error)
    })
}

fn bytes_of(copied: Result<(), PartialCopy>, size: usize) -> usize {
    copied.map_or_else(|stop| stop.bytes, |()| size)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinOutputDebugStringW(text: *const u16) {
    answer_bool(|| {
        // SAFETY: null or ended by a NUL, by the function's contract.
        let units = unsafe { until_nul(text) };
        debug::output_debug_string(&String::from_utf16_lossy(units));
        Ok(())
    });
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinOutputDebugStringA(text: *const c_char) {
    answer_bool(|| {
        // SAFETY: null or ended by a NUL, by the function's contract.
        let bytes = unsafe { until_nul(text.cast::<u8>()) };
        debug::output_debug_string(&String::from_utf8_lossy(bytes));
        Ok(())
    });
}

/// The elements before the terminating zero, at most [`MAX_DEBUG_STRING`]; none for a null pointer.
///
/// # Safety
/// `text` is null or leads to elements that end with a zero, and that nobody writes for as long as `'a`.
unsafe fn until_nul<'a, T: PartialEq + Default>(text: *const T) -> &'a [T] {
    if text.is_null() {
        return &[];
    }
    let mut length = 0;
    while length < MAX_DEBUG_STRING {
        // SAFETY: no element before this one was the zero, so this one is still within the string.
        let element = unsafe { &*text.wrapping_add(length) };
        if *element == T::default() {
            break;
        }
        length += 1;
    }
    // SAFETY: `length` elements have just been read.
    unsafe { core::slice::from_raw_parts(text, length) }
}
