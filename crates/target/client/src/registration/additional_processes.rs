//! `WerRegisterAdditionalProcess`.

use core::sync::atomic::Ordering;

use wer_abi::Hresult;
use wer_abi::limits::WER_MAX_REGISTERED_DUMPCOLLECTION;
use wer_abi::registration::kind;

use super::Result;
use super::entries::Fields;
use super::lock::WriteGuard;

/// Registers another process, of which a triage dump is added to the reports of this one; of its thread `thread_id`,
/// if that is not 0, the dump says more. Whether there is such a process, and who may look into it, is looked at after
/// a crash only, with the rights of this process's user.
///
/// Registering a process again gives it the new thread and makes it the newest.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for process 0; [`Hresult::WER_E_INSUFFICIENT_BUFFER`] for a fifth process, or when 512
/// things are registered.
pub fn register_additional_process(process_id: u32, thread_id: u32) -> Result<()> {
    if process_id == 0 {
        return Err(Hresult::E_INVALIDARG);
    }
    let fields =
        Fields { kind: kind::ADDITIONAL_PROCESS, address: u64::from(process_id), size: thread_id, flags: 0 };
    let guard = WriteGuard::take()?;
    if let Some((_, slot)) = guard.block().index_find(fields.kind, fields.address) {
        guard.replace(slot, fields, |_, _| ());
        return Ok(());
    }
    let count = guard.block().header().additional_process_count.load(Ordering::Relaxed);
    if count as usize >= WER_MAX_REGISTERED_DUMPCOLLECTION {
        return Err(Hresult::WER_E_INSUFFICIENT_BUFFER);
    }
    guard.add(fields, |_, _| ())
}

/// Takes back [`register_additional_process`].
///
/// # Errors
/// [`Hresult::WER_E_NOT_FOUND`] for a process that is not registered, 0 among them.
pub fn unregister_additional_process(process_id: u32) -> Result<()> {
    let guard = WriteGuard::take()?;
    let found = guard.block().index_find(kind::ADDITIONAL_PROCESS, u64::from(process_id));
    let (place, slot) = found.ok_or(Hresult::WER_E_NOT_FOUND)?;
    guard.remove(place, slot);
    Ok(())
}
