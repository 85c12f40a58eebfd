//! `WerRegisterAppLocalDump`.

use core::sync::atomic::Ordering;

use wer_abi::Hresult;
use wer_abi::limits::WER_MAX_LOCAL_DUMP_SUBPATH_LENGTH;
use wer_abi::registration::{APP_LOCAL_DUMP_BYTES, check_word};

use super::Result;
use super::areas::write_area;
use super::lock::WriteGuard;

/// Registers a folder that a copy of the dump of a crash is put into: `path` is relative to the folder that belongs to
/// the application (`docs/formats/registration.md`), with `/` or `\` between names. It is made after a crash, if it
/// does not exist. Nobody removes old dumps from it.
///
/// Registering again replaces the path: a process has one.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for a path that is empty, longer than 63 UTF-16 units, absolute, holds a NUL, or has a
/// name in it that is empty, `.` or `..`.
pub fn register_app_local_dump(path: &str) -> Result<()> {
    let fits = path.encode_utf16().count() < WER_MAX_LOCAL_DUMP_SUBPATH_LENGTH;
    let stays_inside = path.split(['/', '\\']).all(|name| !matches!(name, "" | "." | ".."));
    let mut bytes = [0; APP_LOCAL_DUMP_BYTES];
    let place = bytes.get_mut(..path.len()).filter(|_| fits && stays_inside && !path.contains('\0'));
    let place = place.ok_or(Hresult::E_INVALIDARG)?;
    for (into, byte) in place.iter_mut().zip(path.bytes()) {
        *into = if byte == b'\\' { b'/' } else { byte };
    }
    let path = &*place;
    let guard = WriteGuard::take()?;
    let area = &guard.block().header().app_local_dump;
    write_area(&area.sequence, || {
        for (place, byte) in area.path.iter().zip(path) {
            place.store(*byte, Ordering::Relaxed);
        }
        area.path_bytes.store(path.len() as u32, Ordering::Relaxed);
        area.check.store(check_word(&[], path), Ordering::Relaxed);
    });
    Ok(())
}

/// Takes back [`register_app_local_dump`]; it is no error if there is nothing to take back.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] without a block; [`Hresult::WER_E_INVALID_STATE`] without its lock.
pub fn unregister_app_local_dump() -> Result<()> {
    let guard = WriteGuard::take()?;
    let area = &guard.block().header().app_local_dump;
    write_area(&area.sequence, || area.check.store(0, Ordering::Relaxed));
    Ok(())
}
