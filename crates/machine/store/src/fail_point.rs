//! Places between two steps that change the disk, where a test ends a writer as `kill -9` would. Nothing outside tests.

/// A place.
#[cfg(not(test))]
pub(crate) const fn reach() {}

/// The variable that names the place, counted from 0 over the life of a process.
#[cfg(test)]
pub(crate) const VARIABLE: &str = "WER_STORE_KILL_AT";

/// Ends this process at the place that [`VARIABLE`] names.
#[cfg(test)]
pub(crate) fn reach() {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicUsize, Ordering};
    static END: LazyLock<Option<usize>> = LazyLock::new(|| std::env::var(VARIABLE).ok()?.parse().ok());
    static REACHED: AtomicUsize = AtomicUsize::new(0);
    let Some(end) = *END else { return };
    if REACHED.fetch_add(1, Ordering::SeqCst) == end {
        let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        unreachable!("a signal to oneself arrives: {killed:?}");
    }
}
