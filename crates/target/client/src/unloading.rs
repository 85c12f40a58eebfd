//! Remembers which modules went away: what `dlclose` really unloaded, with its address then, so that an address in a
//! crash or a dump that leads nowhere any more still has a name.
//!
//! [`watch_close`] stands around a call of `dlclose`: `libwer-preload.so` calls it, and so may any program around its
//! own calls. The loader itself says what is there (`dl_iterate_phdr`), and its count of unloaded modules tells cheaply
//! that nothing went. What goes by other doors (a `dlopen` that fails half way, libc's own plug-ins, namespaces of
//! `dlmopen`) is not seen. Runs in ordinary calls only, never in the crash path; must never fail or print.

mod loaded;

use loaded::{LoadedModules, unload_count};

use crate::registration::unloaded::{UnloadedModule, remember};

/// Calls `close`, which calls `dlclose`, and remembers in the registration block what went away meanwhile. Answers what
/// `close` answers. Several of these around one call remember each module once.
pub fn watch_close<T>(close: impl FnOnce() -> T) -> T {
    let before = LoadedModules::now();
    let answer = close();
    if unload_count() != before.unload_count() {
        let after = LoadedModules::now();
        let gone = before.without(&after).map(|module| UnloadedModule {
            base: module.base,
            size: module.size,
            path_bytes: module.path_bytes,
            path_end: before.path_end(module),
        });
        // Without block or lock the list lacks something; the program goes on all the same.
        let _ = remember(gone, before.unload_count(), after.unload_count());
    }
    answer
}
