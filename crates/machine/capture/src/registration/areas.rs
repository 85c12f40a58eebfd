//! The areas of the header that came after version 1 was made: app-local dump, restart, recovery. Each has a sequence
//! of its own and a check word; what was overwritten is left out with a sentence that says so.

use std::mem::{offset_of, size_of};

use wer_abi::limits::{
    RECOVERY_MAX_PING_INTERVAL_MS, RESTART_MAX_CMD_LINE, WER_MAX_LOCAL_DUMP_SUBPATH_LENGTH,
};
use wer_abi::registration::{
    APP_LOCAL_DUMP_BYTES, AppLocalDumpArea, Header, RecoveryArea, RestartArea, check_word, restart_state,
};
use wer_snapshot::{RecoveryRegistration, RestartRegistration};

use super::BlockReader;
use crate::bytes::{u16_at, u32_at, u64_at};

/// The answer of one area: nothing registered, what is registered, or why it cannot be told.
type Area<T> = Result<Option<T>, &'static str>;

impl BlockReader<'_> {
    pub(super) fn app_local_dump(&mut self) -> Option<String> {
        let area = self.area(offset_of!(Header, app_local_dump), size_of::<AppLocalDumpArea>());
        self.told("app-local dump", area.and_then(|bytes| app_local_dump(&bytes)))
    }

    pub(super) fn restart(&mut self) -> Option<RestartRegistration> {
        let area = self.area(offset_of!(Header, restart), size_of::<RestartArea>());
        self.told("restart", area.and_then(|bytes| restart(&bytes)))
    }

    pub(super) fn recovery(&mut self) -> Option<RecoveryRegistration> {
        let area = self.area(offset_of!(Header, recovery), RECOVERY_REGISTERED_BYTES);
        let rest = self.at(offset_of!(Header, recovery), size_of::<RecoveryArea>());
        let found = self.told("recovery callback", area.and_then(|bytes| recovery(&bytes)));
        let word = |offset| rest.as_deref().and_then(|bytes| u32_at(bytes, offset)).unwrap_or(0);
        found.map(|found| RecoveryRegistration {
            phase: word(offset_of!(RecoveryArea, phase)),
            progress_count: word(offset_of!(RecoveryArea, progress_count)),
            ..found
        })
    }

    /// The bytes of an area that was not being written; its sequence is its first word.
    fn area(&self, offset: usize, length: usize) -> Result<Vec<u8>, &'static str> {
        let bytes = self.stable(offset, length).ok_or("kept changing while it was read")?;
        match u32_at(&bytes, 0) {
            Some(sequence) if sequence % 2 == 0 => Ok(bytes),
            _ => Err("was being written"),
        }
    }

    fn told<T>(&mut self, what: &str, area: Area<T>) -> Option<T> {
        area.unwrap_or_else(|reason| {
            self.complain(format!("The registered {what} {reason}; it is left out."));
            None
        })
    }
}

const OVERWRITTEN: &str = "was overwritten";

/// The part of the recovery area that its sequence protects.
const RECOVERY_REGISTERED_BYTES: usize = offset_of!(RecoveryArea, phase);

fn app_local_dump(area: &[u8]) -> Area<String> {
    let Some(check) = u32_at(area, offset_of!(AppLocalDumpArea, check)).filter(|check| *check != 0) else {
        return Ok(None);
    };
    let length = u32_at(area, offset_of!(AppLocalDumpArea, path_bytes)).unwrap_or(0) as usize;
    let path = area.get(offset_of!(AppLocalDumpArea, path)..).and_then(|path| path.get(..length));
    let path = path.filter(|_| length <= APP_LOCAL_DUMP_BYTES).ok_or(OVERWRITTEN)?;
    let text = std::str::from_utf8(path).map_err(|_| OVERWRITTEN)?;
    if check_word(&[], path) != check || !is_inner_path(text) {
        return Err(OVERWRITTEN);
    }
    Ok(Some(text.to_owned()))
}

/// Whether a path stays below the folder that it is relative to. The client lets no other one in; the block can say
/// anything.
fn is_inner_path(path: &str) -> bool {
    path.encode_utf16().count() < WER_MAX_LOCAL_DUMP_SUBPATH_LENGTH
        && !path.contains('\0')
        && path.split('/').all(|name| !matches!(name, "" | "." | ".."))
}

fn restart(area: &[u8]) -> Area<RestartRegistration> {
    let word = |offset| u32_at(area, offset).unwrap_or(0);
    let check = word(offset_of!(RestartArea, check));
    if check == 0 {
        return Ok(None);
    }
    let (state, flags) = (word(offset_of!(RestartArea, state)), word(offset_of!(RestartArea, flags)));
    let registered_ms = u64_at(area, offset_of!(RestartArea, registered_ms)).unwrap_or(0);
    let units = word(offset_of!(RestartArea, command_units)) as usize;
    if units >= RESTART_MAX_CMD_LINE {
        return Err(OVERWRITTEN);
    }
    let start = offset_of!(RestartArea, command);
    let command = area.get(start..start + 2 * units).ok_or(OVERWRITTEN)?;
    if check_word(&[u64::from(state), u64::from(flags), registered_ms], command) != check {
        return Err(OVERWRITTEN);
    }
    let command: Vec<u16> = (0..units).filter_map(|unit| u16_at(command, 2 * unit)).collect();
    let command_line = match state {
        restart_state::COMMAND => Some(String::from_utf16(&command).map_err(|_| OVERWRITTEN)?),
        restart_state::OWN_ARGUMENTS => None,
        _ => return Err("is of an unknown kind"),
    };
    Ok(Some(RestartRegistration { command_line, flags, registered_ms }))
}

fn recovery(area: &[u8]) -> Area<RecoveryRegistration> {
    let word = |offset| u32_at(area, offset).unwrap_or(0);
    let long = |offset| u64_at(area, offset).unwrap_or(0);
    let check = word(offset_of!(RecoveryArea, check));
    if check == 0 {
        return Ok(None);
    }
    let found = RecoveryRegistration {
        callback: long(offset_of!(RecoveryArea, callback)),
        parameter: long(offset_of!(RecoveryArea, parameter)),
        ping_interval_ms: word(offset_of!(RecoveryArea, ping_interval_ms)),
        flags: word(offset_of!(RecoveryArea, flags)),
        phase: 0,
        progress_count: 0,
    };
    let sane = found.callback != 0 && found.ping_interval_ms <= RECOVERY_MAX_PING_INTERVAL_MS;
    let numbers =
        [found.callback, found.parameter, u64::from(found.ping_interval_ms), u64::from(found.flags)];
    if sane && check_word(&numbers, &[]) == check { Ok(Some(found)) } else { Err(OVERWRITTEN) }
}
