//! What [`export_module!`](crate::export_module) calls: from the host's pointers to the module's methods and back.
//!
//! Public for that macro only. Each entry is: panic boundary, check pointers, call the module, write its answer.
#![expect(unsafe_code, reason = "reads and writes through the host's pointers")]

use core::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use wer_abi::Hresult;

use super::{Claim, ExceptionInfo, RuntimeExceptionModule};

pub use wer_abi::WerRuntimeExceptionInformation as Information;

/// The module's value between the callbacks.
#[derive(Debug)]
pub struct ModuleState<T>(Mutex<Option<T>>);

impl<T> ModuleState<T> {
    /// Not made yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Default for ModuleState<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A buffer of WCHARs and its size word, as the host gives them.
#[derive(Clone, Copy, Debug)]
pub struct WideOut {
    units: *mut u16,
    size: *mut u32,
}

impl WideOut {
    /// From the host's two pointers.
    #[must_use]
    pub const fn new(units: *mut u16, size: *mut u32) -> Self {
        Self { units, size }
    }

    /// Writes a text and its length, both with the terminator; or only the length, when the buffer is too small.
    ///
    /// # Safety
    /// `size` leads to a word that says how many units `units` leads to.
    unsafe fn write(self, text: &str) -> Hresult {
        let wide: Vec<u16> = text.encode_utf16().filter(|unit| *unit != 0).chain([0]).collect();
        // SAFETY: the caller's promise.
        let capacity = unsafe { self.size.read() } as usize;
        // SAFETY: the caller's promise. A text of 4 GiB does not exist here.
        unsafe { self.size.write(u32::try_from(wide.len()).unwrap_or(u32::MAX)) };
        if wide.len() > capacity {
            return Hresult::WER_E_INSUFFICIENT_BUFFER;
        }
        // SAFETY: the buffer has `capacity` units, no fewer than are copied, and is not ours.
        unsafe { self.units.copy_from_nonoverlapping(wide.as_ptr(), wide.len()) };
        Hresult::S_OK
    }

    fn is_null(self) -> bool {
        self.units.is_null() || self.size.is_null()
    }
}

/// The event callback.
///
/// # Safety
/// The pointers are those of `PFN_WER_RUNTIME_EXCEPTION_EVENT`, live for the length of the call.
pub unsafe fn event<T: RuntimeExceptionModule>(
    state: &ModuleState<T>,
    context: *mut c_void,
    information: *const Information,
    claimed: *mut i32,
    name: WideOut,
    signature_count: *mut u32,
) -> i32 {
    boundary(|| {
        if claimed.is_null() || signature_count.is_null() || name.is_null() {
            return Hresult::E_INVALIDARG;
        }
        // SAFETY: the caller's promise.
        let answer = unsafe { with_module(state, context, information, T::event) };
        let Some(Claim::Claimed { event_name, pairs }) = answer else {
            return if answer.is_some() { Hresult::S_OK } else { Hresult::E_INVALIDARG };
        };
        if let Some(event_name) = event_name {
            // SAFETY: the caller's promise.
            let result = unsafe { name.write(&event_name) };
            if !result.is_success() {
                return result;
            }
        }
        // SAFETY: not null, so the caller's promise.
        unsafe { signature_count.write(pairs) };
        // SAFETY: as above.
        unsafe { claimed.write(1) };
        Hresult::S_OK
    })
}

/// The signature callback.
///
/// # Safety
/// The pointers are those of `PFN_WER_RUNTIME_EXCEPTION_EVENT_SIGNATURE`, live for the length of the call.
pub unsafe fn signature<T: RuntimeExceptionModule>(
    state: &ModuleState<T>,
    context: *mut c_void,
    information: *const Information,
    index: u32,
    name: WideOut,
    value: WideOut,
) -> i32 {
    boundary(|| {
        if name.is_null() || value.is_null() {
            return Hresult::E_INVALIDARG;
        }
        let ask = |module: &mut T, exception: &ExceptionInfo<'_>| module.signature(exception, index);
        // SAFETY: the caller's promise.
        let answer = unsafe { with_module(state, context, information, ask) };
        let Some(Some((pair_name, pair_value))) = answer else { return Hresult::E_UNEXPECTED };
        // SAFETY: the caller's promise.
        let named = unsafe { name.write(&pair_name) };
        // SAFETY: as above.
        let valued = unsafe { value.write(&pair_value) };
        if named.is_success() { valued } else { named }
    })
}

/// The debugger launch callback.
///
/// # Safety
/// The pointers are those of `PFN_WER_RUNTIME_EXCEPTION_DEBUGGER_LAUNCH`, live for the length of the call.
pub unsafe fn debugger<T: RuntimeExceptionModule>(
    state: &ModuleState<T>,
    context: *mut c_void,
    information: *const Information,
    is_custom: *mut i32,
    launch: WideOut,
    autolaunch: *mut i32,
) -> i32 {
    boundary(|| {
        if is_custom.is_null() || autolaunch.is_null() || launch.is_null() {
            return Hresult::E_INVALIDARG;
        }
        // SAFETY: the caller's promise.
        let answer = unsafe { with_module(state, context, information, T::debugger) }.flatten();
        // SAFETY: not null, so the caller's promise.
        unsafe { is_custom.write(0) };
        let Some(wish) = answer else { return Hresult::S_OK };
        // SAFETY: the caller's promise.
        let result = unsafe { launch.write(&wish.command) };
        if result.is_success() {
            // SAFETY: not null, so the caller's promise.
            unsafe { autolaunch.write(i32::from(wish.autolaunch)) };
            // SAFETY: as above.
            unsafe { is_custom.write(1) };
        }
        result
    })
}

/// Calls the module, which is made at the first call; `None` for a null pointer.
///
/// # Safety
/// `information` is null or leads to a live structure.
unsafe fn with_module<T: RuntimeExceptionModule, R>(
    state: &ModuleState<T>,
    context: *mut c_void,
    information: *const Information,
    call: impl FnOnce(&mut T, &ExceptionInfo<'_>) -> R,
) -> Option<R> {
    // SAFETY: the caller's promise.
    let information = unsafe { information.as_ref() }?;
    // SAFETY: part of the structure's contract: null, or a string with a terminator.
    let report_id = unsafe { until_nul(information.report_id) };
    let exception = ExceptionInfo::new(context.addr() as u64, information, report_id);
    // After a panic in an earlier callback the value is still the module's own.
    let mut module = state.0.lock().unwrap_or_else(PoisonError::into_inner);
    Some(call(module.get_or_insert_with(T::default), &exception))
}

/// The units before the terminator; none for a null pointer.
///
/// # Safety
/// `text` is null or leads to units that end with a zero and live for `'a`.
unsafe fn until_nul<'a>(text: *const u16) -> &'a [u16] {
    if text.is_null() {
        return &[];
    }
    let mut length = 0;
    // SAFETY: no unit before this one was the terminator.
    while unsafe { text.wrapping_add(length).read() } != 0 {
        length += 1;
    }
    // SAFETY: `length` units have just been read.
    unsafe { core::slice::from_raw_parts(text, length) }
}

/// A panic must not reach the host's C frames.
fn boundary(body: impl FnOnce() -> Hresult) -> i32 {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(Hresult::E_FAIL).0
}

#[cfg(test)]
mod tests;
