//! Ctrl-C and its like: the dump is given up, the process goes on, and no file remains.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Whether somebody wants it to end.
#[derive(Clone, Debug)]
pub(super) struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// From now on these signals do not end us, but are noted.
    ///
    /// # Errors
    /// The kernel's.
    pub(super) fn by_signals() -> Result<Self> {
        let wanted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&wanted))
                .context("signals cannot be waited for")?;
        }
        Ok(Self(wanted))
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
