//! `RegisterApplicationRestart`: how `werfault` starts this application again after a crash.

use core::mem::offset_of;
use core::sync::atomic::Ordering;

use rustix::fd::BorrowedFd;
use rustix::time::{ClockId, clock_gettime};
use wer_abi::Hresult;
use wer_abi::flags::RESTART_VALID;
use wer_abi::limits::RESTART_MAX_CMD_LINE;
use wer_abi::registration::{Header, RestartArea, check_word_of_units, restart_state};

use super::Result;
use super::areas::write_area;
use super::flags::{long_at, read_header_area, word_at};
use super::lock::WriteGuard;

/// What was registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartSettings {
    /// Arguments without the program's name; none: those that this process was started with.
    pub command_line: Option<String>,
    /// `RESTART_NO_...`.
    pub flags: u32,
}

/// Asks for the application to be started again after it has crashed: the same executable, in the folder that it
/// works in when it crashes, with the environment that it was started with, as the same user. `command_line` has the
/// arguments without the program's name, quoted as Windows does it (`docs/formats/registration.md`); without one they
/// are those that this process was started with. `flags` say when not to (`RESTART_NO_...`).
///
/// Registering again replaces it; a recovery callback may do so too, to name what it has saved.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for an unknown flag, or a command line that holds a NUL or has more than 1,023 UTF-16
/// units.
pub fn register_application_restart(command_line: Option<&str>, flags: u32) -> Result<()> {
    match command_line {
        Some(text) => register(restart_state::COMMAND, text.encode_utf16(), flags),
        None => register(restart_state::OWN_ARGUMENTS, "".encode_utf16(), flags),
    }
}

/// [`register_application_restart`] with a command line that is UTF-16 already.
///
/// # Errors
/// The same; [`Hresult::E_INVALIDARG`] for unpaired surrogates.
pub fn register_application_restart_utf16(
    command_line: impl Iterator<Item = u16> + Clone,
    flags: u32,
) -> Result<()> {
    register(restart_state::COMMAND, command_line, flags)
}

fn register(state: u32, command: impl Iterator<Item = u16> + Clone, flags: u32) -> Result<()> {
    let units = command.clone().count();
    let is_plain = command.clone().all(|unit| unit != 0 && !(0xD800..0xE000).contains(&unit));
    let is_text =
        is_plain || char::decode_utf16(command.clone()).all(|unit| unit.is_ok_and(|unit| unit != '\0'));
    if flags & !RESTART_VALID != 0 || units >= RESTART_MAX_CMD_LINE || !is_text {
        return Err(Hresult::E_INVALIDARG);
    }
    // Some milliseconds do not matter, and this is the cheapest of the clocks.
    let now = clock_gettime(ClockId::MonotonicCoarse);
    let registered_ms = now.tv_sec.unsigned_abs() * 1000 + now.tv_nsec.unsigned_abs() / 1_000_000;
    let numbers = [u64::from(state), u64::from(flags), registered_ms];
    let guard = WriteGuard::take_even_in_recovery()?;
    let area = &guard.block().header().restart;
    write_area(&area.sequence, || {
        let stored = command.zip(&area.command).map(|(unit, place)| {
            place.store(unit, Ordering::Relaxed);
            unit
        });
        let check = check_word_of_units(&numbers, stored);
        area.state.store(state, Ordering::Relaxed);
        area.flags.store(flags, Ordering::Relaxed);
        area.registered_ms.store(registered_ms, Ordering::Relaxed);
        area.command_units.store(units as u32, Ordering::Relaxed);
        area.check.store(check, Ordering::Relaxed);
    });
    Ok(())
}

/// Takes back [`register_application_restart`]; it is no error if there is nothing to take back.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] without a block; [`Hresult::WER_E_INVALID_STATE`] without its lock.
pub fn unregister_application_restart() -> Result<()> {
    let guard = WriteGuard::take_even_in_recovery()?;
    let area = &guard.block().header().restart;
    write_area(&area.sequence, || {
        area.state.store(restart_state::NONE, Ordering::Relaxed);
        area.check.store(0, Ordering::Relaxed);
    });
    Ok(())
}

/// What this process has registered; nothing if it has not.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] without a block; [`Hresult::WER_E_INVALID_STATE`] without its lock, or when the
/// registration was overwritten.
pub fn application_restart_settings() -> Result<Option<RestartSettings>> {
    let guard = WriteGuard::take_even_in_recovery()?;
    Registered::of(&guard.block().header().restart).decode()
}

/// What another process has registered, read from its block; nothing when it has no block.
///
/// `memory` is a descriptor of its `/proc/PID/mem`.
///
/// # Errors
/// [`Hresult::E_ACCESSDENIED`] when its memory cannot be read; [`Hresult::WER_E_INVALID_STATE`] when it is just being
/// written, or was overwritten.
pub fn restart_settings_of_process(pid: u32, memory: BorrowedFd<'_>) -> Result<Option<RestartSettings>> {
    let mut bytes = [0; size_of::<RestartArea>()];
    if !read_header_area(pid, memory, offset_of!(Header, restart), &mut bytes)? {
        return Ok(None);
    }
    Registered::in_bytes(&bytes).decode()
}

/// The words of an area, not yet believed.
struct Registered {
    check: u32,
    state: u32,
    flags: u32,
    registered_ms: u64,
    units: usize,
    command: Vec<u16>,
}

impl Registered {
    fn of(area: &RestartArea) -> Self {
        let units = area.command_units.load(Ordering::Relaxed) as usize;
        let command = area.command.iter().take(units).map(|unit| unit.load(Ordering::Relaxed));
        Self {
            check: area.check.load(Ordering::Relaxed),
            state: area.state.load(Ordering::Relaxed),
            flags: area.flags.load(Ordering::Relaxed),
            registered_ms: area.registered_ms.load(Ordering::Relaxed),
            units,
            command: command.collect(),
        }
    }

    fn in_bytes(bytes: &[u8; size_of::<RestartArea>()]) -> Self {
        let units = word_at(bytes, offset_of!(RestartArea, command_units)) as usize;
        let command = bytes.get(offset_of!(RestartArea, command)..).unwrap_or_default();
        let (pairs, _) = command.as_chunks::<2>();
        Self {
            check: word_at(bytes, offset_of!(RestartArea, check)),
            state: word_at(bytes, offset_of!(RestartArea, state)),
            flags: word_at(bytes, offset_of!(RestartArea, flags)),
            registered_ms: long_at(bytes, offset_of!(RestartArea, registered_ms)),
            units,
            command: pairs.iter().take(units).map(|pair| u16::from_le_bytes(*pair)).collect(),
        }
    }

    fn decode(self) -> Result<Option<RestartSettings>> {
        if self.check == 0 {
            return Ok(None);
        }
        let numbers = [u64::from(self.state), u64::from(self.flags), self.registered_ms];
        let check = check_word_of_units(&numbers, self.command.iter().copied());
        let is_whole = self.units < RESTART_MAX_CMD_LINE && check == self.check;
        let command = String::from_utf16(&self.command).ok().filter(|_| is_whole);
        let command = command.ok_or(Hresult::WER_E_INVALID_STATE)?;
        let command_line = (self.state == restart_state::COMMAND).then_some(command);
        Ok(Some(RestartSettings { command_line, flags: self.flags }))
    }
}
