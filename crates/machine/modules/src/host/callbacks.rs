//! Loading a module and calling its three exports, with the buffers and size words that their documentation asks for.
//!
//! Answers are copied out as they are. Judging them is `werfault`'s affair.
#![expect(unsafe_code, reason = "runs a module's code, in a process that has nothing to lose")]

use core::ffi::c_void;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW, Symbol};
use wer_abi::{Hresult, WerRuntimeExceptionInformation};

use crate::limits::{FIRST_BUFFER_WCHARS, MAX_BUFFER_WCHARS};
use crate::protocol::{Callback, HostMessage, WideAnswer};

type Information = *mut WerRuntimeExceptionInformation;

/// `PFN_WER_RUNTIME_EXCEPTION_EVENT`.
type EventFn = unsafe extern "C" fn(*mut c_void, Information, *mut i32, *mut u16, *mut u32, *mut u32) -> i32;
/// `PFN_WER_RUNTIME_EXCEPTION_EVENT_SIGNATURE`.
type SignatureFn =
    unsafe extern "C" fn(*mut c_void, Information, u32, *mut u16, *mut u32, *mut u16, *mut u32) -> i32;
/// `PFN_WER_RUNTIME_EXCEPTION_DEBUGGER_LAUNCH`.
type DebuggerLaunchFn =
    unsafe extern "C" fn(*mut c_void, Information, *mut i32, *mut u16, *mut u32, *mut i32) -> i32;

/// `DllMain`.
type DllMainFn = unsafe extern "C" fn(*mut c_void, u32, *mut c_void) -> i32;

/// Why a module was not loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    /// The dynamic loader refused it.
    #[error("{0}")]
    Loader(String),
    /// It lacks one of the three exports.
    #[error("it does not export {0}")]
    NoExport(&'static str),
    /// Its `DllMain` answered FALSE.
    #[error("its DllMain refused to be loaded")]
    Refused,
}

/// The loader's own words, which libloading keeps as the source of its error.
fn words(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Finds an export.
///
/// # Safety
/// What is exported under this name has the type `F`.
unsafe fn export<F>(library: &Library, name: &'static str) -> Result<Symbol<F>, LoadError> {
    // SAFETY: the caller's promise.
    unsafe { library.get::<F>(name.as_bytes()) }.map_err(|_| LoadError::NoExport(name))
}

/// A loaded module. Never unloaded: the process ends instead.
pub(super) struct Module {
    event: Symbol<EventFn>,
    signature: Symbol<SignatureFn>,
    debugger_launch: Symbol<DebuggerLaunchFn>,
    _library: Library,
}

impl Module {
    /// Loads a module by its full path, finds its exports, and calls its `DllMain` where it exports one, as a loader on
    /// Windows does.
    ///
    /// # Errors
    /// [`LoadError`], with the loader's own words.
    pub(super) fn load(path: &str) -> Result<Self, LoadError> {
        // SAFETY: this runs the module's start-up code, which is what this process is for.
        let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }
            .map_err(|error| LoadError::Loader(words(&error)))?;
        // SAFETY: the export of this name has this signature by the interface's documentation.
        let event = unsafe { export::<EventFn>(&library, Callback::EVENT_EXPORT) }?;
        // SAFETY: as above.
        let signature = unsafe { export::<SignatureFn>(&library, Callback::SIGNATURE_EXPORT) }?;
        // SAFETY: as above.
        let debugger_launch = unsafe { export::<DebuggerLaunchFn>(&library, Callback::DEBUGGER_EXPORT) }?;
        attach_to_process(&library)?;
        Ok(Self { event, signature, debugger_launch, _library: library })
    }

    /// Calls the event callback, a second time when it needs a larger buffer.
    pub(super) fn event(&self, context: u64, information: Information) -> EventAnswer {
        let answer = self.event_once(context, information, FIRST_BUFFER_WCHARS);
        match answer.name.larger(answer.result) {
            Some(capacity) => self.event_once(context, information, capacity),
            None => answer,
        }
    }

    fn event_once(&self, context: u64, information: Information, capacity: usize) -> EventAnswer {
        let mut name = WideBuffer::new(capacity);
        let (mut claimed, mut signature_count) = (0_i32, 0_u32);
        // SAFETY: every pointer leads to a live variable or to as many WCHARs as the size word says; the context is
        // the application's own number, which only the module understands.
        let result = unsafe {
            (self.event)(
                context_pointer(context),
                information,
                &raw mut claimed,
                name.units.as_mut_ptr(),
                &raw mut name.size,
                &raw mut signature_count,
            )
        };
        EventAnswer { result: Hresult(result), claimed: claimed != 0, name, signature_count }
    }

    /// Calls the signature callback, a second time when it needs larger buffers.
    pub(super) fn signature(&self, context: u64, information: Information, index: u32) -> SignatureAnswer {
        let first = FIRST_BUFFER_WCHARS;
        let answer = self.signature_once(context, information, index, first, first);
        let larger = (answer.name.larger(answer.result), answer.value.larger(answer.result));
        match larger {
            (None, None) => answer,
            (name, value) => {
                let (name, value) = (name.unwrap_or(first), value.unwrap_or(first));
                self.signature_once(context, information, index, name, value)
            }
        }
    }

    fn signature_once(
        &self,
        context: u64,
        information: Information,
        index: u32,
        name_capacity: usize,
        value_capacity: usize,
    ) -> SignatureAnswer {
        let (mut name, mut value) = (WideBuffer::new(name_capacity), WideBuffer::new(value_capacity));
        // SAFETY: as in `event_once`.
        let result = unsafe {
            (self.signature)(
                context_pointer(context),
                information,
                index,
                name.units.as_mut_ptr(),
                &raw mut name.size,
                value.units.as_mut_ptr(),
                &raw mut value.size,
            )
        };
        SignatureAnswer { result: Hresult(result), name, value }
    }

    /// Calls the debugger launch callback, a second time when it needs a larger buffer.
    pub(super) fn debugger_launch(&self, context: u64, information: Information) -> HostMessage {
        let answer = self.debugger_launch_once(context, information, FIRST_BUFFER_WCHARS);
        let answer = match answer.command.larger(answer.result) {
            Some(capacity) => self.debugger_launch_once(context, information, capacity),
            None => answer,
        };
        HostMessage::DebuggerLaunch {
            result: answer.result.0,
            is_custom: answer.is_custom,
            command: answer.command.into_answer(),
            autolaunch: answer.autolaunch,
        }
    }

    fn debugger_launch_once(
        &self,
        context: u64,
        information: Information,
        capacity: usize,
    ) -> DebuggerLaunchAnswer {
        let mut command = WideBuffer::new(capacity);
        let (mut is_custom, mut autolaunch) = (0_i32, 0_i32);
        // SAFETY: as in `event_once`.
        let result = unsafe {
            (self.debugger_launch)(
                context_pointer(context),
                information,
                &raw mut is_custom,
                command.units.as_mut_ptr(),
                &raw mut command.size,
                &raw mut autolaunch,
            )
        };
        DebuggerLaunchAnswer {
            result: Hresult(result),
            is_custom: is_custom != 0,
            command,
            autolaunch: autolaunch != 0,
        }
    }
}

/// Calls `DllMain(_, DLL_PROCESS_ATTACH, NULL)`.
fn attach_to_process(library: &Library) -> Result<(), LoadError> {
    const DLL_PROCESS_ATTACH: u32 = 1;
    // SAFETY: what is exported under this name has this signature by the system's documentation.
    let Ok(dll_main) = (unsafe { export::<DllMainFn>(library, "DllMain") }) else { return Ok(()) };
    // Not null, and of no use to anybody: there are no module handles here.
    let instance = core::ptr::without_provenance_mut(1);
    // SAFETY: runs the module's code, which is what this process is for.
    let answer = unsafe { dll_main(instance, DLL_PROCESS_ATTACH, core::ptr::null_mut()) };
    if answer == 0 { Err(LoadError::Refused) } else { Ok(()) }
}

fn context_pointer(context: u64) -> *mut c_void {
    core::ptr::without_provenance_mut(context as usize)
}

/// What the event callback left behind.
pub(super) struct EventAnswer {
    result: Hresult,
    pub(super) claimed: bool,
    name: WideBuffer,
    pub(super) signature_count: u32,
}

impl EventAnswer {
    pub(super) fn into_message(self) -> HostMessage {
        HostMessage::Event {
            result: self.result.0,
            claimed: self.claimed,
            name: self.name.into_answer(),
            signature_count: self.signature_count,
        }
    }
}

/// What the signature callback left behind.
pub(super) struct SignatureAnswer {
    result: Hresult,
    name: WideBuffer,
    value: WideBuffer,
}

impl SignatureAnswer {
    pub(super) fn failed(&self) -> bool {
        !self.result.is_success()
    }

    pub(super) fn into_message(self, index: u32) -> HostMessage {
        HostMessage::Signature {
            index,
            result: self.result.0,
            name: self.name.into_answer(),
            value: self.value.into_answer(),
        }
    }
}

struct DebuggerLaunchAnswer {
    result: Hresult,
    is_custom: bool,
    command: WideBuffer,
    autolaunch: bool,
}

/// A buffer of WCHARs and its size word: capacity before the call, length after it, both with the terminator.
struct WideBuffer {
    units: Vec<u16>,
    size: u32,
}

impl WideBuffer {
    fn new(capacity: usize) -> Self {
        Self { units: vec![0; capacity], size: capacity as u32 }
    }

    /// The capacity to try again with, when the callback asked for one that can be given.
    fn larger(&self, result: Hresult) -> Option<usize> {
        let wanted = self.size as usize;
        let is_asking = result == Hresult::WER_E_INSUFFICIENT_BUFFER && wanted > self.units.len();
        (is_asking && wanted <= MAX_BUFFER_WCHARS).then_some(wanted)
    }

    fn into_answer(self) -> WideAnswer {
        let Self { mut units, size } = self;
        let capacity = units.len() as u32;
        units.truncate(size as usize);
        if let Some(end) = units.iter().position(|unit| *unit == 0) {
            units.truncate(end);
        }
        WideAnswer { capacity, size, units }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_at_the_first_nul_within_their_size() {
        let mut buffer = WideBuffer::new(8);
        buffer.units[..4].copy_from_slice(&[65, 66, 67, 68]);
        buffer.size = 3;
        assert_eq!(buffer.into_answer().units, [65, 66, 67]);
        let untouched = WideBuffer::new(8).into_answer();
        assert_eq!((untouched.units.len(), untouched.size, untouched.capacity), (0, 8, 8));
    }

    #[test]
    fn only_a_sensible_wish_for_room_is_granted() {
        let mut buffer = WideBuffer::new(260);
        assert_eq!(buffer.larger(Hresult::WER_E_INSUFFICIENT_BUFFER), None);
        buffer.size = 300;
        assert_eq!(buffer.larger(Hresult::WER_E_INSUFFICIENT_BUFFER), Some(300));
        assert_eq!(buffer.larger(Hresult::E_FAIL), None);
        buffer.size = u32::MAX;
        assert_eq!(buffer.larger(Hresult::WER_E_INSUFFICIENT_BUFFER), None);
    }
}
