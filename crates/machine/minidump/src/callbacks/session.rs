//! Asks the caller, and believes no answer before it is checked.

use wer_abi::Hresult;
use wer_copy::Range;

use crate::callbacks::{CallbackInput, CallbackOutput, Callbacks, OutputValue, VmRegion};
use crate::error::DumpError;
use crate::limits::{MAX_CALLBACK_RANGES, PAGE_BYTES};
use crate::options::DumpOptions;

/// What answers so far mean for the rest of the dump.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallbackState {
    /// Nobody is there.
    pub(crate) idle: bool,
    /// Cancelling may still be asked about.
    pub(crate) polls: bool,
    /// The caller sees every read.
    pub(crate) vm: bool,
    /// The caller writes the file.
    pub(crate) io: bool,
    /// `MINIDUMP_SECONDARY_FLAGS`.
    pub(crate) secondary: u32,
}

/// The caller, for one phase of a dump.
pub(crate) struct Session<'a> {
    callbacks: &'a mut dyn Callbacks,
    options: &'a DumpOptions,
    pub(crate) state: CallbackState,
}

impl<'a> Session<'a> {
    pub(crate) fn start(callbacks: &'a mut dyn Callbacks, options: &'a DumpOptions) -> Self {
        let idle = callbacks.is_idle();
        let state = CallbackState { idle, polls: !idle, vm: false, io: false, secondary: 0 };
        Self { callbacks, options, state }
    }

    /// A later phase of the same dump.
    pub(crate) fn go_on(
        callbacks: &'a mut dyn Callbacks,
        options: &'a DumpOptions,
        state: CallbackState,
    ) -> Self {
        Self { callbacks, options, state }
    }

    pub(crate) fn ask(&mut self, input: CallbackInput<'_>) -> CallbackOutput {
        let preset = input.preset(self.options);
        if self.state.idle { preset } else { self.callbacks.call(input, preset) }
    }

    /// The same with flags that the caller's custom options, or its earlier answers, have narrowed.
    pub(crate) fn ask_flags(&mut self, input: CallbackInput<'_>, allowed: u32) -> Option<u32> {
        let mut preset = input.preset(self.options);
        preset.value = match preset.value {
            OutputValue::ModuleFlags(_) => OutputValue::ModuleFlags(allowed),
            OutputValue::ThreadFlags(_) => OutputValue::ThreadFlags(allowed),
            other => other,
        };
        let answer = if self.state.idle { preset } else { self.callbacks.call(input, preset) };
        let flags = match answer.value {
            OutputValue::ModuleFlags(flags) | OutputValue::ThreadFlags(flags) => flags,
            _ => allowed,
        };
        answer.accepted.then_some(flags)
    }

    /// A question that is answered by an `HRESULT`; `None` for `FALSE`.
    pub(crate) fn status(&mut self, input: CallbackInput<'_>) -> Option<i32> {
        let answer = self.ask(input);
        match answer.value {
            OutputValue::Status(status) => answer.accepted.then_some(status),
            _ => None,
        }
    }

    /// Asks whether to go on, as long as the caller wants to be asked.
    pub(crate) fn poll(&mut self) -> Result<(), DumpError> {
        if !self.state.polls {
            return Ok(());
        }
        let answer = self.ask(CallbackInput::Cancel);
        let OutputValue::Cancel { check, cancel } = answer.value else { return Ok(()) };
        if answer.accepted && cancel {
            return Err(DumpError::Cancelled);
        }
        self.state.polls = answer.accepted && check;
        Ok(())
    }

    /// Ranges that the caller names until it has no more.
    pub(crate) fn ranges(&mut self, remove: bool) -> Result<Vec<Range>, DumpError> {
        let callback = if remove { "RemoveMemoryCallback" } else { "MemoryCallback" };
        let mut ranges = Vec::new();
        loop {
            let answer = self.ask(if remove { CallbackInput::RemoveMemory } else { CallbackInput::Memory });
            let OutputValue::Memory { base, size } = answer.value else { return Ok(ranges) };
            if !answer.accepted || size == 0 {
                return Ok(ranges);
            }
            let end = base.checked_add(size).ok_or_else(|| {
                DumpError::lie(callback, format!("{size:#x} bytes from {base:#x} on wrap around"))
            })?;
            if ranges.len() >= MAX_CALLBACK_RANGES {
                return Err(DumpError::lie(callback, format!("more than {MAX_CALLBACK_RANGES} ranges")));
            }
            ranges.push(Range::new(base, end));
            self.poll()?;
        }
    }

    /// What of a mapping is kept, and whether to ask about the next one.
    pub(crate) fn vm_region(&mut self, region: VmRegion) -> Result<(Range, bool), DumpError> {
        let whole = Range::new(region.base, region.base.saturating_add(region.size));
        let answer = self.ask(CallbackInput::IncludeVmRegion { region });
        let OutputValue::VmRegion { start, size, keep_going } = answer.value else {
            return Ok((whole, false));
        };
        if !answer.accepted {
            return Ok((whole, false));
        }
        if size == 0 {
            return Ok((Range::new(whole.start, whole.start), keep_going));
        }
        let end = start.checked_add(size);
        let is_subset = end.is_some_and(|end| whole.start <= start && end <= whole.end);
        if !is_subset || !start.is_multiple_of(PAGE_BYTES) || !size.is_multiple_of(PAGE_BYTES) {
            return Err(DumpError::lie(
                "IncludeVmRegionCallback",
                format!(
                    "{size:#x} bytes from {start:#x} on are no whole pages of the mapping from {:#x} to {:#x}",
                    whole.start, whole.end
                ),
            ));
        }
        Ok((Range::new(start, start.saturating_add(size)), keep_going))
    }

    /// What the caller says is at an address; `None` when it does not say.
    pub(crate) fn query(&mut self, address: u64) -> Result<Option<VmRegion>, DumpError> {
        let answer = self.ask(CallbackInput::VmQuery { address });
        match answer.value {
            OutputValue::VmQuery { status: 0, region } if answer.accepted => {
                if region.base != address
                    || region.size == 0
                    || region.base.checked_add(region.size).is_none()
                {
                    return Err(DumpError::lie(
                        "VmQueryCallback",
                        format!("a mapping from {:#x} on, asked for {address:#x}", region.base),
                    ));
                }
                Ok(Some(region))
            }
            _ => Ok(None),
        }
    }

    /// Lets the caller serve a read: how many bytes are there, or `None` when it did not.
    pub(crate) fn before_read(&mut self, address: u64, buffer: &mut [u8]) -> Option<usize> {
        let length = buffer.len();
        let answer = self.ask(CallbackInput::VmPreRead { address, buffer });
        match answer.value {
            OutputValue::VmRead { status, completed } if answer.accepted => match status {
                0 => Some((completed as usize).min(length)),
                status if status < 0 && status != Hresult::E_NOTIMPL.0 => Some(0),
                _ => None,
            },
            _ => None,
        }
    }

    /// Lets the caller alter what was read. A failure means that these bytes are not to be had: they become zero.
    pub(crate) fn after_read(&mut self, address: u64, buffer: &mut [u8], completed: usize) {
        let read = if completed == 0 { UNREADABLE.0 } else { 0 };
        let input = CallbackInput::VmPostRead { address, buffer: &mut *buffer, completed, status: read };
        let answer = self.ask(input);
        let fails = match answer.value {
            OutputValue::VmRead { status, .. } => !answer.accepted || status < 0,
            _ => true,
        };
        if fails && read == 0 {
            buffer.fill(0);
        }
    }

    /// Memory that cannot be read: an error where the caller, or the dump's type, wants no dump without it.
    pub(crate) fn unreadable(&mut self, range: Range) -> Result<(), DumpError> {
        let bytes = u32::try_from(range.bytes()).unwrap_or(u32::MAX);
        let input = CallbackInput::ReadMemoryFailure { offset: range.start, bytes, status: UNREADABLE.0 };
        match self.status(input) {
            Some(0) => Ok(()),
            Some(status) if status < 0 => Err(DumpError::Unreadable { range, status }),
            _ => Err(DumpError::Unreadable { range, status: UNREADABLE.0 }),
        }
    }

    /// After the file is whole: there is no kernel dump to be had.
    pub(crate) fn kernel_minidump(&mut self) {
        if !self.state.idle && self.ask(CallbackInput::WriteKernelMinidump).accepted {
            self.ask(CallbackInput::KernelMinidumpStatus { status: Hresult::E_NOTIMPL.0 });
        }
    }
}

/// `HRESULT_FROM_WIN32(ERROR_PARTIAL_COPY)`.
pub(crate) const UNREADABLE: Hresult = Hresult::from_win32(299);
