//! One dump of a process at a time: a thread can have one tracer only, so a second dump of the same process by this one
//! waits for the first. Dumps of different processes do not wait for one another.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, PoisonError};

use crate::error::MinidumpError;

static DUMPED: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());
static ENDED: Condvar = Condvar::new();

thread_local! {
    /// What this thread dumps at the moment; more than one when a callback asks for another dump.
    static OF_THIS_THREAD: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// The right to dump a process, until it is dropped.
pub(crate) struct Turn {
    pid: u32,
}

impl Turn {
    /// Waits until nobody else here dumps the process.
    pub(crate) fn wait(pid: u32) -> Result<Self, MinidumpError> {
        if OF_THIS_THREAD.with_borrow(|pids| pids.contains(&pid)) {
            return Err(MinidumpError::Nested { pid });
        }
        // Room for it beforehand: nothing of this may fail while the process stands.
        OF_THIS_THREAD.with_borrow_mut(|pids| pids.push(pid));
        let mut dumped = DUMPED.lock().unwrap_or_else(PoisonError::into_inner);
        while !dumped.insert(pid) {
            dumped = ENDED.wait(dumped).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(Self { pid })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        OF_THIS_THREAD.with_borrow_mut(|pids| pids.retain(|pid| *pid != self.pid));
        DUMPED.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.pid);
        ENDED.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn one_at_a_time_and_none_within_itself() {
        let inside = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let _turn = Turn::wait(u32::MAX).expect("a turn");
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    assert!(matches!(Turn::wait(u32::MAX), Err(MinidumpError::Nested { .. })));
                    let _other = Turn::wait(u32::MAX - 1).expect("another process");
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
    }
}
