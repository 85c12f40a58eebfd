//! Keeps the type and `what()` of an uncaught C++ exception as last words, by a terminate handler that chains to the
//! one before it.
//!
//! Everything is looked up by name at attach, so a program without C++ is not given any. With libstdc++ both type and
//! text are had; its symbols must be visible to the dynamic linker, so a program that links it statically says
//! nothing. A terminate handler is ordinary code (no signal handler): it may allocate.
#![expect(unsafe_code, reason = "calls the C++ runtime by its ABI")]

use core::ffi::{CStr, c_char, c_int, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::registration::{LastWordsSource, set_last_words};

type TerminateHandler = extern "C" fn();
/// `std::type_info`: vtable pointer, then the name.
#[repr(C)]
struct TypeInfo {
    vtable: *const *const c_void,
    name: *const c_char,
}

/// Place of `__do_catch` in libstdc++'s `type_info` vtable: two destructors, `__is_pointer_p`, `__is_function_p`.
const DO_CATCH: usize = 4;
/// Place of `what` in the vtable of `std::exception`: two destructors.
const WHAT: usize = 2;

static PREVIOUS: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());

/// Installs the handler if a C++ runtime is loaded.
pub(super) fn install() {
    let Some(set_terminate) = symbol(c"_ZSt13set_terminatePFvvE") else { return };
    // SAFETY: `std::terminate_handler std::set_terminate(std::terminate_handler)`.
    let set_terminate: extern "C" fn(TerminateHandler) -> *mut c_void =
        unsafe { core::mem::transmute(set_terminate) };
    PREVIOUS.store(set_terminate(on_terminate), Ordering::Release);
}

extern "C" fn on_terminate() {
    if let Some(text) = describe() {
        // Nothing more can be done about it here.
        let _ = set_last_words(LastWordsSource::CppException, &text);
    }
    let previous = PREVIOUS.load(Ordering::Acquire);
    if !previous.is_null() {
        // SAFETY: the handler that `set_terminate` returned.
        let previous: TerminateHandler = unsafe { core::mem::transmute(previous) };
        previous();
    }
    std::process::abort();
}

/// `std::runtime_error: the text`, or only the type.
fn describe() -> Option<String> {
    let current_type = symbol(c"__cxa_current_exception_type")?;
    // SAFETY: `std::type_info* abi::__cxa_current_exception_type()`.
    let current_type: extern "C" fn() -> *const TypeInfo = unsafe { core::mem::transmute(current_type) };
    let thrown = current_type();
    // SAFETY: null, or the type of the exception that is being handled.
    let name = unsafe { thrown.as_ref() }?.name;
    let name = demangle(name).or_else(|| text_of(name))?;
    Some(match what(thrown) {
        Some(what) => format!("{name}: {what}"),
        None => name,
    })
}

fn demangle(mangled: *const c_char) -> Option<String> {
    let demangle = symbol(c"__cxa_demangle")?;
    // SAFETY: `char* abi::__cxa_demangle(const char*, char*, size_t*, int*)`.
    let demangle: extern "C" fn(*const c_char, *mut c_char, *mut usize, *mut c_int) -> *mut c_char =
        unsafe { core::mem::transmute(demangle) };
    let mut status = 0;
    let name = demangle(mangled, core::ptr::null_mut(), core::ptr::null_mut(), &raw mut status);
    let text = text_of(name);
    // SAFETY: null, or memory from malloc that is ours.
    unsafe { libc::free(name.cast()) };
    text.filter(|_| status == 0)
}

/// `what()` of the current exception if its type derives from `std::exception`.
fn what(thrown: *const TypeInfo) -> Option<String> {
    // Only libstdc++ lays its type_info out as below.
    symbol(c"_ZNKSt9type_info10__do_catchEPKS_PPvj")?;
    let base = symbol(c"_ZTISt9exception")?.cast::<TypeInfo>().cast_const();
    let mut object = current_object()?;
    // SAFETY: `bool type_info::__do_catch(const type_info* thrown, void** object, unsigned outer) const`.
    let do_catch: extern "C" fn(*const TypeInfo, *const TypeInfo, *mut *mut c_void, u32) -> bool =
        unsafe { core::mem::transmute(virtual_function(base.cast(), DO_CATCH)?) };
    if !do_catch(base, thrown, &raw mut object, 1) {
        return None;
    }
    // SAFETY: `const char* std::exception::what() const noexcept`; `object` is one now.
    let what: extern "C" fn(*const c_void) -> *const c_char =
        unsafe { core::mem::transmute(virtual_function(object, WHAT)?) };
    text_of(what(object))
}

/// The object that was thrown: what `std::current_exception()` points to. The reference is not given back: the process
/// ends.
fn current_object() -> Option<*mut c_void> {
    let current_exception = symbol(c"_ZSt17current_exceptionv")?;
    // SAFETY: returns a class of one pointer, in memory that the caller provides.
    let current_exception: extern "C" fn(*mut *mut c_void) -> *mut *mut c_void =
        unsafe { core::mem::transmute(current_exception) };
    let mut object = core::ptr::null_mut();
    current_exception(&raw mut object);
    (!object.is_null()).then_some(object)
}

fn virtual_function(object: *const c_void, place: usize) -> Option<*const c_void> {
    // SAFETY: the callers pass objects with virtual functions, which begin with the address of their vtable.
    let vtable = unsafe { object.cast::<*const *const c_void>().read() };
    // SAFETY: the callers know that the vtable has this many entries.
    let function = unsafe { vtable.wrapping_add(place).read() };
    (!function.is_null()).then_some(function)
}

fn text_of(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the C++ runtime gives C strings.
    let text = unsafe { CStr::from_ptr(text) };
    Some(text.to_string_lossy().into_owned())
}

fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: looks a name up in what is loaded.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}
