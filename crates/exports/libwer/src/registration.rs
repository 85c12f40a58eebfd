//! `WerRegister...`, `WerUnregister...`, flags and hold time: `werapi.h`.
#![expect(unsafe_code, reason = "C exports: pointers come from the caller")]

use core::ffi::c_void;
use std::os::fd::BorrowedFd;

use wer_abi::Hresult;
use wer_abi::handle::{Handle, HandleKind};
use wer_abi::limits::{
    MAX_PATH, WER_MAX_LOCAL_DUMP_SUBPATH_LENGTH, WER_METADATA_KEY_MAX_LENGTH, WER_METADATA_VALUE_MAX_LENGTH,
};
use wer_client::registration;

use crate::answer;

pub(crate) mod text;

use text::{with_path, with_text};

/// Bytes of a path of the greatest length.
const PATH_BYTES: usize = 3 * (MAX_PATH - 1);
/// Bytes of the folder of an app-local dump.
const FOLDER_BYTES: usize = 3 * (WER_MAX_LOCAL_DUMP_SUBPATH_LENGTH - 1);
/// Bytes of a key.
const KEY_BYTES: usize = 3 * WER_METADATA_KEY_MAX_LENGTH;
/// Bytes of a value.
const VALUE_BYTES: usize = 3 * WER_METADATA_VALUE_MAX_LENGTH;

#[unsafe(no_mangle)]
extern "C" fn WerRegisterMemoryBlock(address: *mut c_void, size: u32) -> i32 {
    answer(|| registration::register_memory_block(address as usize, size as usize))
}

#[unsafe(no_mangle)]
extern "C" fn WerUnregisterMemoryBlock(address: *mut c_void) -> i32 {
    answer(|| registration::unregister_memory_block(address as usize))
}

#[unsafe(no_mangle)]
extern "C" fn WerRegisterExcludedMemoryBlock(address: *const c_void, size: u32) -> i32 {
    answer(|| registration::register_excluded_memory_block(address as usize, size as usize))
}

#[unsafe(no_mangle)]
extern "C" fn WerUnregisterExcludedMemoryBlock(address: *const c_void) -> i32 {
    answer(|| registration::unregister_excluded_memory_block(address as usize))
}

#[unsafe(no_mangle)]
extern "C" fn WerRegisterAdditionalProcess(process_id: u32, thread_id: u32) -> i32 {
    answer(|| registration::register_additional_process(process_id, thread_id))
}

#[unsafe(no_mangle)]
extern "C" fn WerUnregisterAdditionalProcess(process_id: u32) -> i32 {
    answer(|| registration::unregister_additional_process(process_id))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerRegisterAppLocalDump(path: *const u16) -> i32 {
    answer(|| {
        // SAFETY: a wide string, by the contract of the function.
        unsafe { with_text::<FOLDER_BYTES>(path, registration::register_app_local_dump) }
    })
}

#[unsafe(no_mangle)]
extern "C" fn WerUnregisterAppLocalDump() -> i32 {
    answer(registration::unregister_app_local_dump)
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerRegisterFile(path: *const u16, file_type: u32, flags: u32) -> i32 {
    answer(|| {
        // SAFETY: a wide string, by the contract of the function.
        unsafe { with_path::<PATH_BYTES>(path, |path| registration::register_file(path, file_type, flags)) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerUnregisterFile(path: *const u16) -> i32 {
    answer(|| {
        // SAFETY: a wide string, by the contract of the function.
        unsafe { with_path::<PATH_BYTES>(path, registration::unregister_file) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerRegisterCustomMetadata(key: *const u16, value: *const u16) -> i32 {
    answer(|| {
        let register = |key: &str| {
            let register = |value: &str| registration::register_custom_metadata(key, value);
            // SAFETY: a wide string, by the contract of the function.
            unsafe { with_text::<VALUE_BYTES>(value, register) }
        };
        // SAFETY: as above.
        unsafe { with_text::<KEY_BYTES>(key, register) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerUnregisterCustomMetadata(key: *const u16) -> i32 {
    answer(|| {
        // SAFETY: a wide string, by the contract of the function.
        unsafe { with_text::<KEY_BYTES>(key, registration::unregister_custom_metadata) }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerRegisterRuntimeExceptionModule(path: *const u16, context: *mut c_void) -> i32 {
    answer(|| {
        // SAFETY: a wide string, by the contract of the function.
        unsafe {
            with_path::<PATH_BYTES>(path, |path| {
                registration::register_runtime_exception_module(path, context as u64)
            })
        }
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerUnregisterRuntimeExceptionModule(path: *const u16, context: *mut c_void) -> i32 {
    answer(|| {
        // SAFETY: a wide string, by the contract of the function.
        unsafe {
            with_path::<PATH_BYTES>(path, |path| {
                registration::unregister_runtime_exception_module(path, context as u64)
            })
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn WerSetFlags(flags: u32) -> i32 {
    answer(|| registration::set_flags(flags))
}

#[unsafe(no_mangle)]
unsafe extern "C" fn WerGetFlags(process: *mut c_void, flags: *mut u32) -> i32 {
    answer(|| {
        if flags.is_null() {
            return Err(Hresult::E_INVALIDARG);
        }
        let value = flags_of(Handle(process as usize))?;
        // SAFETY: not null, so writable by the contract of the function.
        unsafe { flags.write_unaligned(value) };
        Ok(())
    })
}

#[unsafe(no_mangle)]
extern "C" fn WerSetMaxProcessHoldMilliseconds(milliseconds: u32) -> i32 {
    answer(|| registration::set_max_hold_ms(milliseconds))
}

fn flags_of(process: Handle) -> Result<u32, Hresult> {
    ask_process(process, registration::flags, registration::flags_of_process)
}

/// Asks for what this process or another one has registered.
///
/// # Errors
/// `E_HANDLE` for what is no handle of a process; what `own` or `of_other` answer.
pub(crate) fn ask_process<T>(
    process: Handle,
    own: impl FnOnce() -> Result<T, Hresult>,
    of_other: impl FnOnce(u32, BorrowedFd<'_>) -> Result<T, Hresult>,
) -> Result<T, Hresult> {
    match process.kind() {
        Some(HandleKind::CurrentProcess) => own(),
        Some(HandleKind::Process { mem_fd, .. }) => {
            let pid = wer_winbase::process_id(process).map_err(|_| Hresult::E_HANDLE)?;
            // SAFETY: borrowed for this call only; a number that is no descriptor fails to be read.
            let memory = unsafe { BorrowedFd::borrow_raw(i32::from(mem_fd)) };
            of_other(pid, memory)
        }
        _ => Err(Hresult::E_HANDLE),
    }
}
