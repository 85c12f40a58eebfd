//! Keeps the message and place of a panic as the process's last words, by a hook that runs before the one it replaces.
//!
//! A panic that is caught leaves its words too, until others replace them: they were said before the process died.

use std::panic::PanicHookInfo;
use std::sync::Once;

use crate::os::registration::{LastWordsSource, set_last_words};

static INSTALLED: Once = Once::new();

/// Installs the hook, once per process.
pub(crate) fn install() {
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            // A panic has a message of its own to print; that it could not be kept is not worth another.
            let _ = set_last_words(LastWordsSource::RustPanic, &describe(info));
            previous(info);
        }));
    });
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    let message = info.payload_as_str().unwrap_or("Box<dyn Any>");
    match info.location() {
        Some(place) => format!("thread '{name}' panicked at {place}: {message}"),
        None => format!("thread '{name}' panicked: {message}"),
    }
}
