//! A lock for what a process keeps, which a child of `fork` can take although another thread held it at the fork.
//!
//! That thread is not in the child and never lets go, and may have left what it worked on half done. So the first caller in
//! a process looks whether the lock it inherited is free, before any other caller gets by; if it is not, the child begins
//! with a new value, and the old one stays where it is. The child of a `vfork` must not come here.
#![expect(unsafe_code, reason = "a value that can be left behind is reached through a pointer")]

use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// In [`ForkMutex::process`]: its first caller is still looking.
const LOOKING: u64 = 1 << 32;

/// The lock.
#[derive(Debug)]
pub struct ForkMutex<T: 'static> {
    /// Null, or a leaked box.
    current: AtomicPtr<Mutex<T>>,
    /// The process in which the lock was looked at, 0 = none.
    process: AtomicU64,
    make: fn() -> T,
}

impl<T> ForkMutex<T> {
    /// A lock whose value `make` makes when it is first wanted, and in a child that cannot have its parent's.
    pub const fn new(make: fn() -> T) -> Self {
        Self { current: AtomicPtr::new(null_mut()), process: AtomicU64::new(0), make }
    }

    /// Waits for the lock. A panic of another holder does not count.
    pub fn lock(&self) -> MutexGuard<'static, T> {
        self.look(u64::from(std::process::id()));
        let mutex = self.current().unwrap_or_else(|| self.replace());
        mutex.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when somebody of this process has looked at the lock.
    fn look(&self, process: u64) {
        loop {
            let seen = self.process.load(Ordering::Acquire);
            if seen == process {
                return;
            }
            if seen == process | LOOKING {
                std::thread::yield_now();
                continue;
            }
            let claim =
                self.process.compare_exchange(seen, process | LOOKING, Ordering::AcqRel, Ordering::Acquire);
            if claim.is_ok() {
                break;
            }
        }
        // Nobody else of this process gets here, so whoever holds it is not of this process.
        let is_held = |mutex: &Mutex<T>| matches!(mutex.try_lock(), Err(TryLockError::WouldBlock));
        if self.current().is_none_or(is_held) {
            self.replace();
        }
        self.process.store(process, Ordering::Release);
    }

    fn current(&self) -> Option<&'static Mutex<T>> {
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: null, or from `replace`, which leaks what it makes.
        unsafe { current.as_ref() }
    }

    fn replace(&self) -> &'static Mutex<T> {
        let new: &'static mut Mutex<T> = Box::leak(Box::new(Mutex::new((self.make)())));
        self.current.store(new, Ordering::Release);
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_no_process_of_ours_holds_is_left_behind() {
        static VALUE: ForkMutex<u32> = ForkMutex::new(|| 7);
        *VALUE.lock() = 8;
        assert_eq!(*VALUE.lock(), 8);
        let held = VALUE.lock();
        // As a child finds it that was forked meanwhile.
        VALUE.process.store(1, Ordering::Release);
        assert_eq!(*VALUE.lock(), 7);
        drop(held);
        // As a child finds it that was forked while nobody held it.
        *VALUE.lock() = 9;
        VALUE.process.store(1, Ordering::Release);
        assert_eq!(*VALUE.lock(), 9);
    }

    #[test]
    fn threads_take_turns() {
        static COUNT: ForkMutex<u32> = ForkMutex::new(|| 0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| *COUNT.lock() += 1));
            }
        });
        assert_eq!(*COUNT.lock(), 4000);
    }
}
