//! The caller's own I/O: every byte of the file goes through `IoWriteAllCallback`.

use std::cell::RefCell;
use std::io;

use wer_abi::Hresult;
use wer_copy::WriteAt;

use crate::callbacks::{CallbackInput, CallbackOutput, Callbacks, OutputValue};

/// A caller that is asked from two places: by the dump, and by the output that writes through it.
pub struct SharedCallbacks<'a> {
    callbacks: RefCell<&'a mut (dyn Callbacks + 'a)>,
}

impl<'a> SharedCallbacks<'a> {
    /// Shares a caller.
    pub fn new(callbacks: &'a mut (dyn Callbacks + 'a)) -> Self {
        Self { callbacks: RefCell::new(callbacks) }
    }

    /// What an output writes through: `Output::custom(&mut shared.io())`.
    #[must_use]
    pub fn io(&self) -> CallbackIo<'_, 'a> {
        CallbackIo { callbacks: self }
    }
}

impl Callbacks for &SharedCallbacks<'_> {
    fn call(&mut self, input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        // Asked from within its own answer it would be asked twice at once: it is not, and the preset holds.
        self.callbacks.try_borrow_mut().map_or(preset, |mut callbacks| callbacks.call(input, preset))
    }

    fn is_idle(&self) -> bool {
        self.callbacks.try_borrow().is_ok_and(|callbacks| callbacks.is_idle())
    }
}

impl std::fmt::Debug for SharedCallbacks<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedCallbacks")
    }
}

/// Writes through `IoWriteAllCallback`.
#[derive(Debug)]
pub struct CallbackIo<'s, 'a> {
    callbacks: &'s SharedCallbacks<'a>,
}

impl WriteAt for CallbackIo<'_, '_> {
    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let preset = CallbackOutput::accept(OutputValue::Status(Hresult::E_NOTIMPL.0));
        let answer = (&mut &*self.callbacks).call(CallbackInput::IoWriteAll { offset, bytes }, preset);
        match answer.value {
            OutputValue::Status(0) if answer.accepted => Ok(()),
            OutputValue::Status(status) if answer.accepted && status < 0 => {
                Err(io::Error::other(IoRefused { status }))
            }
            _ => Err(io::Error::other(IoRefused { status: Hresult::E_FAIL.0 })),
        }
    }
}

/// The caller did not write.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the caller's I/O callback failed with {:#010x}", *status as u32)]
pub(crate) struct IoRefused {
    pub(crate) status: i32,
}
