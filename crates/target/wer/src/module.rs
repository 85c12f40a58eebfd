//! Runtime exception modules in Rust: the code that is loaded in another process after a crash, reads the crashed
//! process, and may claim the crash and name it.
//!
//! A module is a `cdylib` with one type that implements [`RuntimeExceptionModule`], exported by
//! [`#[wer::exception_module]`](crate::exception_module) before that implementation. The application registers its path,
//! and the machine's settings must list it (`docs/modules.md`). It runs confined, as the crashed user, with a deadline,
//! and must not depend on anything but what it reads from the process.
//!
//! The same source makes a module for Windows (`cargo build --target x86_64-pc-windows-gnu`), which `WerFault.exe` loads.
//!
//! ```
//! use wer::module::{Claim, ExceptionInfo, RuntimeExceptionModule};
//!
//! #[derive(Default)]
//! struct Handler {
//!     version: u32,
//! }
//!
//! #[wer::exception_module]
//! impl RuntimeExceptionModule for Handler {
//!     fn event(&mut self, exception: &ExceptionInfo<'_>) -> Claim {
//!         match exception.read::<u32>(exception.context()) {
//!             Ok(version) => {
//!                 self.version = version;
//!                 Claim::named("My crash report", 1)
//!             }
//!             Err(_) => Claim::Declined,
//!         }
//!     }
//!
//!     fn signature(&mut self, _: &ExceptionInfo<'_>, _index: u32) -> Option<(String, String)> {
//!         Some(("Version".to_owned(), self.version.to_string()))
//!     }
//! }
//! # fn main() {}
//! ```

#[doc(hidden)]
pub mod entry;
mod exception_info;
mod from_target;

pub use crate::os::process::{PartialCopy, Win32Error};
pub use exception_info::{ExceptionInfo, ReadError};
pub use from_target::FromTarget;

/// What a module answers to an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The next module is asked, then the system reports.
    Declined,
    /// The crash is this module's.
    Claimed {
        /// The event's name, at most 64 characters; `None` leaves name and parameters to the system.
        event_name: Option<String>,
        /// Signature pairs that [`RuntimeExceptionModule::signature`] will give, at most ten.
        pairs: u32,
    },
}

impl Claim {
    /// A claim under the module's own event name, with `pairs` signature pairs.
    pub fn named(event_name: impl Into<String>, pairs: u32) -> Self {
        Self::Claimed { event_name: Some(event_name.into()), pairs }
    }

    /// A claim that leaves name and parameters to the system.
    #[must_use]
    pub const fn unnamed() -> Self {
        Self::Claimed { event_name: None, pairs: 0 }
    }
}

/// A debugger that a module wants for a claimed crash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebuggerLaunch {
    /// Full path and quoted arguments; two `%ld` stand for the process id and an event handle.
    pub command: String,
    /// Start it without asking.
    pub autolaunch: bool,
}

/// A runtime exception module. One value is made per host process, by `Default`, and kept between the calls.
///
/// A panic in any of these is a failure code to the host; the claim of an `event` that panics is not made.
pub trait RuntimeExceptionModule: Default + Send {
    /// `OutOfProcessExceptionEventCallback`: looks at the exception and claims it or not. Called a second time when
    /// the event's name needs a larger buffer than the first.
    fn event(&mut self, exception: &ExceptionInfo<'_>) -> Claim;

    /// `OutOfProcessExceptionEventSignatureCallback`: name and value of pair `index`, asked in order. `None` answers
    /// `E_UNEXPECTED`, which gives the event back to the system's own name and parameters.
    fn signature(&mut self, exception: &ExceptionInfo<'_>, index: u32) -> Option<(String, String)> {
        let _ = (exception, index);
        None
    }

    /// `OutOfProcessExceptionEventDebuggerLaunchCallback`: a debugger of its own, if any.
    fn debugger(&mut self, exception: &ExceptionInfo<'_>) -> Option<DebuggerLaunch> {
        let _ = exception;
        None
    }
}

/// `OutputDebugString`: a line on the host's standard error, which a developer sees.
pub fn debug_output(text: &str) {
    crate::os::process::output_debug_string(text);
}

/// What [`#[wer::exception_module]`](crate::exception_module) writes: exports a type as this library's runtime exception module: the three functions that a host looks for, each with a
/// panic boundary. Once per `cdylib`.
#[macro_export]
macro_rules! export_module {
    ($module:ty) => {
        const _: () = {
            static MODULE: $crate::module::entry::ModuleState<$module> =
                $crate::module::entry::ModuleState::new();

            $crate::__export_module_functions!(MODULE);
        };
    };
}

/// The three exports of [`export_module!`].
#[doc(hidden)]
#[macro_export]
macro_rules! __export_module_functions {
    ($state:ident) => {
        #[allow(unsafe_code, reason = "a host calls these by name, with pointers")]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn OutOfProcessExceptionEventCallback(
            context: *mut ::core::ffi::c_void,
            information: *const $crate::module::entry::Information,
            claimed: *mut i32,
            event_name: *mut u16,
            event_name_size: *mut u32,
            signature_count: *mut u32,
        ) -> i32 {
            let name = $crate::module::entry::WideOut::new(event_name, event_name_size);
            // SAFETY: the host's pointers lead where the interface says, for the length of this call.
            unsafe {
                $crate::module::entry::event(&$state, context, information, claimed, name, signature_count)
            }
        }

        #[allow(unsafe_code, reason = "a host calls these by name, with pointers")]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn OutOfProcessExceptionEventSignatureCallback(
            context: *mut ::core::ffi::c_void,
            information: *const $crate::module::entry::Information,
            index: u32,
            name: *mut u16,
            name_size: *mut u32,
            value: *mut u16,
            value_size: *mut u32,
        ) -> i32 {
            let name = $crate::module::entry::WideOut::new(name, name_size);
            let value = $crate::module::entry::WideOut::new(value, value_size);
            // SAFETY: the host's pointers lead where the interface says, for the length of this call.
            unsafe { $crate::module::entry::signature(&$state, context, information, index, name, value) }
        }

        #[allow(unsafe_code, reason = "a host calls these by name, with pointers")]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn OutOfProcessExceptionEventDebuggerLaunchCallback(
            context: *mut ::core::ffi::c_void,
            information: *const $crate::module::entry::Information,
            is_custom: *mut i32,
            launch: *mut u16,
            launch_size: *mut u32,
            autolaunch: *mut i32,
        ) -> i32 {
            let launch = $crate::module::entry::WideOut::new(launch, launch_size);
            // SAFETY: the host's pointers lead where the interface says, for the length of this call.
            unsafe {
                $crate::module::entry::debugger(&$state, context, information, is_custom, launch, autolaunch)
            }
        }
    };
}
