//! Installs the crash handler.
#![expect(unsafe_code, reason = "installs signal handlers")]

use core::sync::atomic::{AtomicU64, Ordering};
use std::path::Path;

use wer_abi::Hresult;

use super::prepared::{self, SIGNALS};
use super::{altstack, handler, uncaught_exception, werfault_path};
use crate::registration;

/// Choices of an application that attaches.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttachOptions<'a> {
    /// Path of `werfault`. None: the variable `WER_WERFAULT`, else beside the file that contains this code, else
    /// `/usr/libexec/wer/werfault` or `/usr/lib/wer/werfault`.
    pub werfault: Option<&'a Path>,
}

/// Says that a handler is installed where there is no block to say it.
static WITHOUT_BLOCK: AtomicU64 = AtomicU64::new(0);

/// Installs the crash handler for SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP and SIGSYS, on an alternate stack
/// that the calling thread gets. What these signals did before is put back after a report, and then happens.
///
/// One handler per process: when another copy of the client has attached, or this one before, only the calling thread
/// gets its alternate stack.
///
/// # Errors
/// [`Hresult::E_OUTOFMEMORY`] when the handler's memory cannot be had; those of
/// [`thread_attach`](super::thread_attach).
pub fn attach(options: &AttachOptions<'_>) -> Result<(), Hresult> {
    let block = registration::block().ok();
    let marker = block.map_or(&WITHOUT_BLOCK, |block| &block.header().handler);
    let mine = handler::on_crash as *const () as u64;
    altstack::thread_attach()?;
    if marker.compare_exchange(0, mine, Ordering::AcqRel, Ordering::Acquire).is_err() {
        return Ok(());
    }
    let address = block.map_or(core::ptr::null(), registration::Block::address);
    if !prepared::prepare(address, &werfault_path::choose(options.werfault)) {
        marker.store(0, Ordering::Release);
        return Err(Hresult::E_OUTOFMEMORY);
    }
    for signal in SIGNALS {
        install(signal);
    }
    uncaught_exception::install();
    Ok(())
}

fn install(signal: libc::c_int) {
    // SAFETY: all zero is a valid sigaction.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = handler::on_crash as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: fills the mask of `action`.
    unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    // SAFETY: the handler has the signature that SA_SIGINFO asks for and makes async-signal-safe calls only.
    unsafe { libc::sigaction(signal, &raw const action, core::ptr::null_mut()) };
}
