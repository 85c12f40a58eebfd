//! Modules by name: `LoadLibrary`, `GetModuleHandle`, `GetProcAddress`, `GetModuleFileName`.
//!
//! Sources look functions up in `kernel32.dll`, `wer.dll` and the like at run time, to do without those that an older
//! Windows lacks: these names lead to our own libraries. Any other name is a shared object.
#![expect(unsafe_code, reason = "asks the dynamic linker")]

use core::ffi::{CStr, c_void};
use std::ffi::CString;
use std::path::PathBuf;

use crate::error::Win32Error;
use crate::path::{to_linux, to_windows};

/// Libraries of Windows whose functions `libwer.so` has.
const WER: [&str; 6] = ["kernel32", "kernelbase", "wer", "faultrep", "advapi32", "ntdll"];
/// Libraries of Windows whose functions `libwerdbghelp.so` has.
const DBGHELP: [&str; 2] = ["dbghelp", "dbgcore"];
/// The beginning of the names of Windows' API sets.
const API_SET: &str = "api-ms-win-";

fn shared_object(name: &str) -> Result<CString, Win32Error> {
    let plain = name.rsplit(['\\', '/']).next().unwrap_or(name).to_ascii_lowercase();
    let stem = plain.strip_suffix(".dll").unwrap_or(&plain);
    let path = if WER.contains(&stem) || stem.starts_with(API_SET) {
        PathBuf::from("libwer.so")
    } else if DBGHELP.contains(&stem) {
        PathBuf::from("libwerdbghelp.so")
    } else {
        to_linux(name)?
    };
    CString::new(path.into_os_string().into_encoded_bytes()).map_err(|_| Win32Error::MOD_NOT_FOUND)
}

/// `GetModuleHandle` (`may_load` false), `LoadLibrary`. The handle is the dynamic linker's own and counts one use, also
/// that of `GetModuleHandle`.
///
/// # Errors
/// [`Win32Error::MOD_NOT_FOUND`].
pub fn open(name: &str, may_load: bool) -> Result<*mut c_void, Win32Error> {
    let name = shared_object(name)?;
    let how = if may_load { libc::RTLD_NOW } else { libc::RTLD_NOW | libc::RTLD_NOLOAD };
    // SAFETY: a C string; what a library runs when it is loaded is its caller's decision, as on Windows.
    let module = unsafe { libc::dlopen(name.as_ptr(), how) };
    if module.is_null() { Err(Win32Error::MOD_NOT_FOUND) } else { Ok(module) }
}

/// The main program's handle: `GetModuleHandle(NULL)`.
///
/// # Errors
/// [`Win32Error::MOD_NOT_FOUND`].
pub fn own() -> Result<*mut c_void, Win32Error> {
    // SAFETY: asks for the main program.
    let module = unsafe { libc::dlopen(core::ptr::null(), libc::RTLD_NOW) };
    if module.is_null() { Err(Win32Error::MOD_NOT_FOUND) } else { Ok(module) }
}

/// The folder of the library that this code is in, through no symbolic link.
#[must_use]
pub fn own_library_folder() -> Option<PathBuf> {
    // SAFETY: all zeros is a Dl_info.
    let mut found: libc::Dl_info = unsafe { core::mem::zeroed() };
    // SAFETY: the address of our own function, and an answer of ours.
    let known = unsafe { libc::dladdr(own_library_folder as *const c_void, &raw mut found) } != 0;
    if !known || found.dli_fname.is_null() {
        return None;
    }
    // SAFETY: the linker's own text, alive as long as this library.
    let name = unsafe { CStr::from_ptr(found.dli_fname) };
    let path = PathBuf::from(name.to_string_lossy().into_owned()).canonicalize().ok()?;
    path.parent().map(PathBuf::from)
}

/// `GetProcAddress`: the function of this name, or ours that stands for it under a `WerWin` name.
///
/// # Safety
/// `module` came from [`open`] or [`own`].
///
/// # Errors
/// [`Win32Error::PROC_NOT_FOUND`].
pub unsafe fn find(module: *mut c_void, name: &CStr) -> Result<*mut c_void, Win32Error> {
    if module.is_null() {
        return Err(Win32Error::MOD_NOT_FOUND);
    }
    let ours = CString::new([b"WerWin", name.to_bytes()].concat()).map_err(|_| Win32Error::PROC_NOT_FOUND)?;
    for name in [name, &ours] {
        // SAFETY: a handle of the dynamic linker's, by the caller's promise, and a C string.
        let found = unsafe { libc::dlsym(module, name.as_ptr()) };
        if !found.is_null() {
            return Ok(found);
        }
    }
    Err(Win32Error::PROC_NOT_FOUND)
}

/// `FreeLibrary`.
///
/// # Safety
/// `module` came from [`open`], and nothing of it is used any more.
///
/// # Errors
/// [`Win32Error::MOD_NOT_FOUND`] for null or when the dynamic linker does not know it.
pub unsafe fn close(module: *mut c_void) -> Result<(), Win32Error> {
    // SAFETY: by the caller's promise.
    if module.is_null() || unsafe { libc::dlclose(module) } != 0 {
        return Err(Win32Error::MOD_NOT_FOUND);
    }
    Ok(())
}

/// `GetModuleFileName`: the path of a module, or of the program for null, with `\`.
///
/// # Safety
/// `module` is null or came from [`open`] or [`own`].
///
/// # Errors
/// [`Win32Error::MOD_NOT_FOUND`].
pub unsafe fn file_name(module: *mut c_void) -> Result<String, Win32Error> {
    let mut path = PathBuf::new();
    if !module.is_null() {
        let mut map: *mut LinkMap = core::ptr::null_mut();
        // SAFETY: a handle of the dynamic linker's, by the caller's promise; the answer is one pointer.
        let failed = unsafe { libc::dlinfo(module, libc::RTLD_DI_LINKMAP, (&raw mut map).cast()) } != 0;
        if failed || map.is_null() {
            return Err(Win32Error::MOD_NOT_FOUND);
        }
        // SAFETY: the linker's own entry, alive as long as the handle.
        let name = unsafe { (*map).name };
        // SAFETY: its name is a C string.
        let name = unsafe { CStr::from_ptr(name) };
        path = name.to_string_lossy().into_owned().into();
    }
    // The main program's entry has no name.
    if path.as_os_str().is_empty() {
        path = std::env::current_exe().map_err(|_| Win32Error::MOD_NOT_FOUND)?;
    }
    let path = std::path::absolute(path).map_err(|_| Win32Error::PATH_NOT_FOUND)?;
    Ok(to_windows(&path))
}

/// The beginning of `struct link_map` (`link.h`).
#[repr(C)]
struct LinkMap {
    address: usize,
    name: *const core::ffi::c_char,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_names_lead_to_our_libraries() {
        for name in ["kernel32.dll", "WER.DLL", "C:\\Windows\\System32\\wer.dll", "api-ms-win-core-x-l1-1-0"]
        {
            assert_eq!(shared_object(name), Ok(c"libwer.so".to_owned()), "{name}");
        }
        assert_eq!(shared_object("DbgHelp"), Ok(c"libwerdbghelp.so".to_owned()));
        assert_eq!(shared_object("\\opt\\x.so"), Ok(c"/opt/x.so".to_owned()));
    }

    #[test]
    fn modules_are_found_and_named() {
        let libc = open("libc.so.6", false).unwrap();
        // SAFETY: null, or handles from `open` and `own`.
        let file_name = |module| unsafe { file_name(module) };
        // SAFETY: a handle from `open`.
        let find = |name| unsafe { find(libc, name) };
        assert!(file_name(libc).unwrap().ends_with("\\libc.so.6"));
        assert!(find(c"getpid").is_ok());
        assert_eq!(find(c"WerNoSuchFunction"), Err(Win32Error::PROC_NOT_FOUND));
        // SAFETY: a handle from `open`, not used any more.
        assert_eq!(unsafe { close(libc) }, Ok(()));
        let program = to_windows(&std::env::current_exe().unwrap());
        assert_eq!(file_name(core::ptr::null_mut()), Ok(program.clone()));
        assert_eq!(file_name(own().unwrap()), Ok(program));
        assert_eq!(open("libno-such.so", true), Err(Win32Error::MOD_NOT_FOUND));
    }
}
