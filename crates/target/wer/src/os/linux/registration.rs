//! Registration by the client, and the shape in which it calls back.

use core::ffi::c_void;

use wer_abi::Hresult;
pub(crate) use wer_client::registration::{
    LastWordsSource, application_recovery_in_progress as recovery_in_progress, flags,
    register_additional_process, register_app_local_dump, register_application_restart,
    register_custom_metadata, register_excluded_memory_block, register_file, register_memory_block,
    register_runtime_exception_module, set_flags, set_last_words, set_max_hold_ms,
    unregister_additional_process, unregister_app_local_dump,
    unregister_application_recovery_callback as unregister_recovery, unregister_application_restart,
    unregister_custom_metadata, unregister_excluded_memory_block, unregister_file, unregister_memory_block,
    unregister_runtime_exception_module,
};
use wer_client::registration::{
    RecoveryCallback, application_recovery_finished, register_application_recovery_callback,
};

/// Has `run` called; it says itself that it has finished.
pub(crate) fn register_recovery(run: fn(), ping_interval_ms: u32) -> Result<(), Hresult> {
    RUN.set(run).ok();
    register_application_recovery_callback(RecoveryCallback {
        callback: called as extern "C" fn(*mut c_void) -> u32 as usize,
        parameter: 0,
        ping_interval_ms,
        flags: 0,
    })
}

pub(crate) fn recovery_finished(saved: bool) {
    application_recovery_finished(saved);
}

/// Always the same function of this crate.
static RUN: std::sync::OnceLock<fn()> = std::sync::OnceLock::new();

extern "C" fn called(_: *mut c_void) -> u32 {
    if let Some(run) = RUN.get() {
        run();
    }
    0
}
