//! `libwer.so` beside us, by its C functions. Pointers are numbers here: what stands behind them is the caller's affair.
#![expect(unsafe_code, reason = "loads a library and finds its C functions")]

use std::ffi::{CString, c_void};
use std::os::unix::ffi::OsStrExt;

use anyhow::{Context, Result, ensure};

/// A UTF-16 string with its terminator.
#[derive(Debug)]
pub(super) struct Wide(Vec<u16>);

impl Wide {
    pub(super) fn new(text: &str) -> Self {
        Self(text.encode_utf16().chain([0]).collect())
    }

    /// Valid as long as this is.
    pub(super) fn at(&self) -> usize {
        self.0.as_ptr() as usize
    }
}

macro_rules! functions {
    ($($field:ident = $name:literal ($($parameter:ty),*);)*) => {
        /// The functions that are measured. Every answer is an HRESULT.
        #[derive(Debug)]
        pub(super) struct Library {
            $(#[doc = $name] pub(super) $field: extern "C" fn($($parameter),*) -> i32,)*
            /// `WerReportCreate`, if it is there.
            pub(super) report_create: Option<extern "C" fn(usize, u32, usize, usize) -> i32>,
            /// `WerReportCloseHandle`, if it is there.
            pub(super) report_close: Option<extern "C" fn(usize) -> i32>,
        }

        impl Library {
            /// # Errors
            /// The library is not beside us, or has not all functions.
            pub(super) fn open() -> Result<Self> {
                let handle = load()?;
                Ok(Self {
                    $(
                        // SAFETY: the type is that of the function in the headers, with numbers for pointers.
                        $field: unsafe { find(handle, $name) }?,
                    )*
                    // SAFETY: as above.
                    report_create: unsafe { find(handle, "WerReportCreate") }.ok(),
                    // SAFETY: as above.
                    report_close: unsafe { find(handle, "WerReportCloseHandle") }.ok(),
                })
            }
        }
    };
}

functions! {
    register_block = "WerRegisterMemoryBlock" (usize, u32);
    unregister_block = "WerUnregisterMemoryBlock" (usize);
    register_excluded = "WerRegisterExcludedMemoryBlock" (usize, u32);
    unregister_excluded = "WerUnregisterExcludedMemoryBlock" (usize);
    register_file = "WerRegisterFile" (usize, u32, u32);
    unregister_file = "WerUnregisterFile" (usize);
    register_metadata = "WerRegisterCustomMetadata" (usize, usize);
    unregister_metadata = "WerUnregisterCustomMetadata" (usize);
    register_process = "WerRegisterAdditionalProcess" (u32, u32);
    unregister_process = "WerUnregisterAdditionalProcess" (u32);
    register_dump = "WerRegisterAppLocalDump" (usize);
    unregister_dump = "WerUnregisterAppLocalDump" ();
    register_module = "WerRegisterRuntimeExceptionModule" (usize, usize);
    unregister_module = "WerUnregisterRuntimeExceptionModule" (usize, usize);
    set_flags = "WerSetFlags" (u32);
    get_flags = "WerGetFlags" (usize, usize);
    set_hold = "WerSetMaxProcessHoldMilliseconds" (u32);
    register_restart = "RegisterApplicationRestart" (usize, u32);
    unregister_restart = "UnregisterApplicationRestart" ();
    register_recovery = "RegisterApplicationRecoveryCallback" (usize, usize, u32, u32);
    unregister_recovery = "UnregisterApplicationRecoveryCallback" ();
}

fn load() -> Result<*mut c_void> {
    let own = std::env::current_exe()?;
    let path = own.parent().context("our own folder")?.join("libwer.so");
    let name = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: loads the library under test, which runs no code at that.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) };
    ensure!(!handle.is_null(), "{} is missing; build wer-libwer in the same profile", path.display());
    Ok(handle)
}

/// # Safety
/// `T` must be a function pointer type that fits the function.
unsafe fn find<T>(handle: *mut c_void, name: &str) -> Result<T> {
    const { assert!(size_of::<T>() == size_of::<*mut c_void>()) };
    let wanted = CString::new(name)?;
    // SAFETY: a handle that `load` gave us; it is never closed.
    let address = unsafe { libc::dlsym(handle, wanted.as_ptr()) };
    ensure!(!address.is_null(), "libwer.so has no function {name}");
    // SAFETY: a function of this type, by the caller's promise; both are pointers.
    Ok(unsafe { std::mem::transmute_copy(&address) })
}
