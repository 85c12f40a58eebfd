//! `libwer-preload.so`: attaches the crash handler to a program that knows nothing of it, through `LD_PRELOAD`
//! (`wer run -- CMD`). `WER_WERFAULT` names the `werfault` to run.
//!
//! Its constructor attaches, `pthread_create` is wrapped so that every thread gets an alternate stack, and `dlclose` so
//! that what it unloads is remembered. Children inherit the variable and attach themselves. Must never print, fail the program it is loaded into, or change what
//! its functions answer.
#![expect(unsafe_code, reason = "is a constructor and stands in front of libc functions")]

use core::ffi::{CStr, c_int, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};
use std::panic::catch_unwind;

use wer_client::crash::{AttachOptions, attach, thread_attach};
use wer_client::watch_close;

/// A thread's function. Unwinding passes through: that is how `pthread_exit` and cancellation leave it.
type StartRoutine = unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void;
type PthreadCreate = unsafe extern "C" fn(
    *mut libc::pthread_t,
    *const libc::pthread_attr_t,
    Option<StartRoutine>,
    *mut c_void,
) -> c_int;
type Dlclose = unsafe extern "C-unwind" fn(*mut c_void) -> c_int;

#[used]
#[unsafe(link_section = ".init_array")]
static CONSTRUCTOR: extern "C" fn() = on_load;

extern "C" fn on_load() {
    // The program must start all the same; without a handler it only dies unreported.
    let _ = catch_unwind(|| attach(&AttachOptions::default()));
}

/// What a new thread is to run.
struct Start {
    routine: StartRoutine,
    argument: *mut c_void,
}

/// `pthread_create`, with an alternate stack for the new thread.
///
/// # Safety
/// That of `pthread_create`.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut libc::pthread_t,
    attributes: *const libc::pthread_attr_t,
    routine: Option<StartRoutine>,
    argument: *mut c_void,
) -> c_int {
    let (Some(real), Some(routine)) = (real_pthread_create(), routine) else { return libc::EAGAIN };
    let start = Box::into_raw(Box::new(Start { routine, argument }));
    // SAFETY: the caller's own arguments, with a routine that takes the start over.
    let answer = unsafe { real(thread, attributes, Some(run), start.cast()) };
    if answer != 0 {
        // SAFETY: no thread was started, so the start is still ours.
        drop(unsafe { Box::from_raw(start) });
    }
    answer
}

/// The first frame of a new thread. Holds nothing that would have to be dropped when the thread is cancelled.
unsafe extern "C-unwind" fn run(start: *mut c_void) -> *mut c_void {
    let Start { routine, argument } = take(start);
    let _ = catch_unwind(thread_attach);
    // SAFETY: what the program passed to `pthread_create`.
    unsafe { routine(argument) }
}

fn take(start: *mut c_void) -> Start {
    // SAFETY: made by `pthread_create` above, for this thread alone.
    *unsafe { Box::from_raw(start.cast()) }
}

/// `dlclose`, remembering what it unloads.
///
/// # Safety
/// That of `dlclose`.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn dlclose(module: *mut c_void) -> c_int {
    let Some(real) = real_dlclose() else { return -1 };
    // SAFETY: the caller's own argument.
    watch_close(|| unsafe { real(module) })
}

fn real_pthread_create() -> Option<PthreadCreate> {
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());
    let real = next_in_order(&REAL, c"pthread_create");
    // SAFETY: null is None; otherwise it is `pthread_create`.
    unsafe { core::mem::transmute::<*mut c_void, Option<PthreadCreate>>(real) }
}

fn real_dlclose() -> Option<Dlclose> {
    static REAL: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());
    let real = next_in_order(&REAL, c"dlclose");
    // SAFETY: null is None; otherwise it is `dlclose`.
    unsafe { core::mem::transmute::<*mut c_void, Option<Dlclose>>(real) }
}

/// The next function of this name in the order of loading, libc's; `known` remembers it.
fn next_in_order(known: &AtomicPtr<c_void>, name: &CStr) -> *mut c_void {
    let mut real = known.load(Ordering::Relaxed);
    if real.is_null() {
        // SAFETY: looks a name up in what is loaded after this library.
        real = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
        known.store(real, Ordering::Relaxed);
    }
    real
}
