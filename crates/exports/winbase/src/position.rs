//! Reading files, their position and end.

use core::ffi::c_void;

use wer_winbase::position::{flush, read_file, set_end, set_position};
use wer_winbase::{Win32Error, file_size, set_last_error};

use crate::{answer, answer_bool, handle, store};

/// `INVALID_SET_FILE_POINTER`, `INVALID_FILE_SIZE`.
const INVALID: u32 = u32::MAX;

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinReadFile(
    file: *mut c_void,
    buffer: *mut c_void,
    size: u32,
    read: *mut u32,
    overlapped: *mut c_void,
) -> i32 {
    answer_bool(|| {
        // SAFETY: null or writable by the function's contract.
        unsafe { store(read, 0) };
        let bytes = match (buffer.is_null(), size) {
            _ if !overlapped.is_null() => return Err(Win32Error::NOT_SUPPORTED),
            (_, 0) => &mut [][..],
            (true, _) => return Err(Win32Error::NOACCESS),
            // SAFETY: `buffer` is `size` writable bytes by the function's contract.
            (false, _) => unsafe { core::slice::from_raw_parts_mut(buffer.cast::<u8>(), size as usize) },
        };
        let count = read_file(handle(file), bytes)?;
        // SAFETY: as above.
        unsafe { store(read, u32::try_from(count).unwrap_or(u32::MAX)) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinSetFilePointerEx(
    file: *mut c_void,
    distance: i64,
    position: *mut i64,
    origin: u32,
) -> i32 {
    answer_bool(|| {
        let now = set_position(handle(file), distance, origin)?;
        // SAFETY: null or writable by the function's contract.
        unsafe { store(position, now.cast_signed()) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinSetFilePointer(
    file: *mut c_void,
    distance: i32,
    high: *mut i32,
    origin: u32,
) -> u32 {
    answer(INVALID, || {
        let distance = if high.is_null() {
            i64::from(distance)
        } else {
            // SAFETY: not null, so readable by the function's contract.
            i64::from(unsafe { high.read_unaligned() }) << 32 | i64::from(distance.cast_unsigned())
        };
        let now = set_position(handle(file), distance, origin)?;
        // SAFETY: null or writable by the function's contract.
        unsafe { store(high, ((now >> 32) as u32).cast_signed()) };
        set_last_error(0);
        Ok(now as u32)
    })
}

#[unsafe(no_mangle)]
extern "C" fn WerWinSetEndOfFile(file: *mut c_void) -> i32 {
    answer_bool(|| set_end(handle(file)))
}

#[unsafe(no_mangle)]
extern "C" fn WerWinFlushFileBuffers(file: *mut c_void) -> i32 {
    answer_bool(|| flush(handle(file)))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerWinGetFileSize(file: *mut c_void, high: *mut u32) -> u32 {
    answer(INVALID, || {
        let size = file_size(handle(file))?.cast_unsigned();
        // SAFETY: null or writable by the function's contract.
        unsafe { store(high, (size >> 32) as u32) };
        set_last_error(0);
        Ok(size as u32)
    })
}
