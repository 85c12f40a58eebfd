//! The calling thread's last error. `libwer.so` keeps one too, and a program that links both has its `GetLastError`
//! from the one that comes first, so that one is told as well as our own.
#![expect(unsafe_code, reason = "looks a function up by its name")]

use wer_abi::Hresult;
use wer_winbase::set_last_error;

type SetLastError = extern "C" fn(u32);

/// Sets the last error of this library, and of the library that the program's `GetLastError` comes from.
pub(crate) fn set(error: Hresult) {
    set_last_error(error.bits());
    // SAFETY: the name is a C string; the lookup has no other effect.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"WerWinSetLastError".as_ptr()) };
    if found.is_null() {
        return;
    }
    // SAFETY: every library that exports this name has it from `wer_winbase.h`, with this signature.
    let set_last_error = unsafe { std::mem::transmute::<*mut libc::c_void, SetLastError>(found) };
    set_last_error(error.bits());
}
