//! Registration: each call is the function of the system. Last words are a registered memory block.
#![expect(unsafe_code, reason = "calls the system's functions, which take pointers to text and numbers")]

use core::ffi::c_void;
use std::sync::Mutex;

use wer_abi::Hresult;
use wer_abi::limits::MAX_LAST_WORDS_BYTES;
use windows_sys::Win32::System::ErrorReporting as system;
use windows_sys::Win32::System::Recovery as recovery;
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::strings::wide;

/// Who says last words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastWordsSource {
    /// The application itself.
    Application,
    /// A panic.
    RustPanic,
}

fn answer(result: i32) -> Result<(), Hresult> {
    if result == Hresult::S_OK.0 { Ok(()) } else { Err(Hresult(result)) }
}

fn pointer(address: usize) -> *const c_void {
    core::ptr::without_provenance(address)
}

pub(crate) fn register_file(path: &str, file_type: u32, flags: u32) -> Result<(), Hresult> {
    let path = wide(path)?;
    let file_type = file_type.cast_signed();
    // SAFETY: the path ends with a NUL and lives for the call.
    answer(unsafe { system::WerRegisterFile(path.as_ptr(), file_type, flags) })
}

pub(crate) fn unregister_file(path: &str) -> Result<(), Hresult> {
    let path = wide(path)?;
    // SAFETY: the path ends with a NUL and lives for the call.
    answer(unsafe { system::WerUnregisterFile(path.as_ptr()) })
}

pub(crate) fn register_memory_block(address: usize, bytes: usize) -> Result<(), Hresult> {
    let bytes = u32::try_from(bytes).map_err(|_| Hresult::E_INVALIDARG)?;
    // SAFETY: only the numbers are kept; the block is read from outside the process.
    answer(unsafe { system::WerRegisterMemoryBlock(pointer(address), bytes) })
}

pub(crate) fn unregister_memory_block(address: usize) -> Result<(), Hresult> {
    // SAFETY: a number.
    answer(unsafe { system::WerUnregisterMemoryBlock(pointer(address)) })
}

pub(crate) fn register_custom_metadata(key: &str, value: &str) -> Result<(), Hresult> {
    let (key, value) = (wide(key)?, wide(value)?);
    // SAFETY: both end with a NUL and live for the call.
    answer(unsafe { system::WerRegisterCustomMetadata(key.as_ptr(), value.as_ptr()) })
}

pub(crate) fn unregister_custom_metadata(key: &str) -> Result<(), Hresult> {
    let key = wide(key)?;
    // SAFETY: the key ends with a NUL and lives for the call.
    answer(unsafe { system::WerUnregisterCustomMetadata(key.as_ptr()) })
}

pub(crate) fn register_runtime_exception_module(path: &str, context: u64) -> Result<(), Hresult> {
    let path = wide(path)?;
    // SAFETY: the path ends with a NUL and lives for the call; the context is only a number here.
    answer(unsafe { system::WerRegisterRuntimeExceptionModule(path.as_ptr(), pointer(context as usize)) })
}

pub(crate) fn unregister_runtime_exception_module(path: &str, context: u64) -> Result<(), Hresult> {
    let path = wide(path)?;
    // SAFETY: as above.
    answer(unsafe { system::WerUnregisterRuntimeExceptionModule(path.as_ptr(), pointer(context as usize)) })
}

pub(crate) fn set_flags(flags: u32) -> Result<(), Hresult> {
    // SAFETY: a number.
    answer(unsafe { system::WerSetFlags(flags) })
}

pub(crate) fn flags() -> Result<u32, Hresult> {
    let mut flags = 0;
    // SAFETY: takes nothing and gives a pseudo handle.
    let own = unsafe { GetCurrentProcess() };
    // SAFETY: the handle is this process's, and the pointer leads to a live number.
    answer(unsafe { system::WerGetFlags(own, &raw mut flags) })?;
    Ok(flags)
}

/// The system has a limit of its own, which only newer versions let a program change: not called here.
pub(crate) fn set_max_hold_ms(_: u32) -> Result<(), Hresult> {
    Err(Hresult::E_NOTIMPL)
}

/// Memory that a heap dump holds: a mark, and the words with a NUL.
static WORDS: Mutex<[u8; MAX_LAST_WORDS_BYTES]> = Mutex::new([0; MAX_LAST_WORDS_BYTES]);

/// Keeps the words in a registered memory block; the first call registers it.
pub(crate) fn set_last_words(_: LastWordsSource, text: &str) -> Result<(), Hresult> {
    static REGISTERED: Mutex<bool> = Mutex::new(false);
    let mut registered = REGISTERED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !*registered {
        register_memory_block((&raw const WORDS).addr(), size_of_val(&WORDS))?;
        *registered = true;
    }
    let mut words = WORDS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    words.fill(0);
    for (to, byte) in words.iter_mut().take(MAX_LAST_WORDS_BYTES - 1).zip(text.bytes()) {
        *to = byte;
    }
    Ok(())
}

pub(crate) fn register_excluded_memory_block(address: usize, bytes: usize) -> Result<(), Hresult> {
    let bytes = u32::try_from(bytes).map_err(|_| Hresult::E_INVALIDARG)?;
    // SAFETY: only the numbers are kept.
    answer(unsafe { system::WerRegisterExcludedMemoryBlock(pointer(address), bytes) })
}

pub(crate) fn unregister_excluded_memory_block(address: usize) -> Result<(), Hresult> {
    // SAFETY: a number.
    answer(unsafe { system::WerUnregisterExcludedMemoryBlock(pointer(address)) })
}

pub(crate) fn register_additional_process(process_id: u32, thread_id: u32) -> Result<(), Hresult> {
    // SAFETY: numbers.
    answer(unsafe { system::WerRegisterAdditionalProcess(process_id, thread_id) })
}

pub(crate) fn unregister_additional_process(process_id: u32) -> Result<(), Hresult> {
    // SAFETY: a number.
    answer(unsafe { system::WerUnregisterAdditionalProcess(process_id) })
}

pub(crate) fn register_app_local_dump(path: &str) -> Result<(), Hresult> {
    let path = wide(path)?;
    // SAFETY: the path ends with a NUL and lives for the call.
    answer(unsafe { system::WerRegisterAppLocalDump(path.as_ptr()) })
}

pub(crate) fn unregister_app_local_dump() -> Result<(), Hresult> {
    // SAFETY: takes nothing.
    answer(unsafe { system::WerUnregisterAppLocalDump() })
}

pub(crate) fn register_application_restart(command_line: Option<&str>, flags: u32) -> Result<(), Hresult> {
    let command_line = command_line.map(wide).transpose()?;
    let command_line = command_line.as_ref().map_or(core::ptr::null(), |text| text.as_ptr());
    // SAFETY: null, or a text that ends with a NUL and lives for the call.
    answer(unsafe { recovery::RegisterApplicationRestart(command_line, flags) })
}

pub(crate) fn unregister_application_restart() -> Result<(), Hresult> {
    // SAFETY: takes nothing.
    answer(unsafe { recovery::UnregisterApplicationRestart() })
}

/// Always the same function of this crate.
static RUN: std::sync::OnceLock<fn()> = std::sync::OnceLock::new();

unsafe extern "system" fn called(_: *mut c_void) -> u32 {
    if let Some(run) = RUN.get() {
        run();
    }
    0
}

/// Has `run` called; it says itself that it has finished.
pub(crate) fn register_recovery(run: fn(), ping_interval_ms: u32) -> Result<(), Hresult> {
    RUN.set(run).ok();
    // SAFETY: the function lives as long as the program and looks at no parameter.
    answer(unsafe {
        recovery::RegisterApplicationRecoveryCallback(Some(called), core::ptr::null(), ping_interval_ms, 0)
    })
}

pub(crate) fn unregister_recovery() -> Result<(), Hresult> {
    // SAFETY: takes nothing.
    answer(unsafe { recovery::UnregisterApplicationRecoveryCallback() })
}

pub(crate) fn recovery_in_progress() -> Result<bool, Hresult> {
    let mut cancelled = 0;
    // SAFETY: the pointer leads to a live number.
    answer(unsafe { recovery::ApplicationRecoveryInProgress(&raw mut cancelled) })?;
    Ok(cancelled != 0)
}

pub(crate) fn recovery_finished(saved: bool) {
    // SAFETY: a number.
    unsafe { recovery::ApplicationRecoveryFinished(i32::from(saved)) };
}
