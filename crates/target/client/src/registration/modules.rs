//! `WerRegisterRuntimeExceptionModule`.

use core::sync::atomic::Ordering;

use wer_abi::Hresult;
use wer_abi::registration::check_word;

use super::Result;
use super::block::ModuleSlot;
use super::entries::{add_to, withdraw};
use super::files::check_path;
use super::lock::WriteGuard;
use super::text;

/// Registers a handler module: a shared library that the reporting process loads after a crash and calls with
/// `context`, an address in this process or just a number. Modules are asked in the order of registration. Whether the
/// file exists and is allowed is looked at after a crash only.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for a path that is not absolute, holds a NUL or is longer than 259 UTF-16 units, and for
/// a path that is registered with the same context already (with another context it is a second module);
/// [`Hresult::WER_E_INSUFFICIENT_BUFFER`] when 16 are registered.
pub fn register_runtime_exception_module(path: &str, context: u64) -> Result<()> {
    check_path(path)?;
    let guard = WriteGuard::take()?;
    if find(&guard, path, context).is_some() {
        return Err(Hresult::E_INVALIDARG);
    }
    let mut modules = guard.block().modules();
    let free = modules.find(|module| module.sequence().load(Ordering::Relaxed) == 0);
    let module = free.ok_or(Hresult::WER_E_INSUFFICIENT_BUFFER)?;
    module.context().store(context, Ordering::Relaxed);
    text::write(module.path(), path, "");
    let sequence = guard.next_sequence();
    text::write_module_check(module.path(), check_word(&[sequence, context], path.as_bytes()));
    module.sequence().store(sequence, Ordering::Release);
    add_to(&guard.block().header().module_count, 1);
    Ok(())
}

/// Takes back [`register_runtime_exception_module`]; path and context must both be the same.
///
/// # Errors
/// [`Hresult::E_INVALIDARG`] for a path that cannot have been registered; [`Hresult::WER_E_NOT_FOUND`].
pub fn unregister_runtime_exception_module(path: &str, context: u64) -> Result<()> {
    check_path(path)?;
    let guard = WriteGuard::take()?;
    let module = find(&guard, path, context).ok_or(Hresult::WER_E_NOT_FOUND)?;
    withdraw(module.sequence());
    add_to(&guard.block().header().module_count, -1);
    Ok(())
}

fn find(guard: &WriteGuard, path: &str, context: u64) -> Option<ModuleSlot> {
    guard.block().modules().find(|module| {
        module.sequence().load(Ordering::Relaxed) != 0
            && module.context().load(Ordering::Relaxed) == context
            && text::first_is(module.path(), path)
    })
}
