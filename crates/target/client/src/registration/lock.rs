//! The lock that serialises writers, in all copies of the client and all threads of a process.
//!
//! The lock word names its holder (`pid << 32 | tid`, 0 = free). A holder of another pid was left behind by a fork, and
//! a thread that is gone will not come back: in both cases the next writer takes the lock over and rebuilds what may
//! be half done. Readers and the crash path never touch it.
#![expect(unsafe_code, reason = "asks the kernel whether the holder's thread is alive")]

use core::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use wer_abi::Hresult;
use wer_abi::registration::recovery_phase;

use super::Result;
use super::block::{Block, block};
use super::identity::Identity;

/// Looks at the lock word before the processor is given away.
const SPINS: u32 = 100;
/// How often the processor is given away between two looks at the holder.
const YIELDS_PER_CHECK: u32 = 64;
/// A holder that was stopped inside a registration function, or left it by `longjmp`, must not stop the others for
/// ever.
const WAIT_LIMIT: Duration = Duration::from_secs(2);

/// The right to write. Dropping it gives the lock back.
pub(super) struct WriteGuard {
    block: Block,
}

impl WriteGuard {
    /// Takes the lock of the process's block.
    ///
    /// # Errors
    /// [`Hresult::E_OUTOFMEMORY`] without a block; [`Hresult::WER_E_INVALID_STATE`] when this very thread holds the
    /// lock already (a signal handler), nobody gives it up in time, or the process is in recovery: it has crashed, and
    /// what it registers would be in no report.
    pub(super) fn take() -> Result<Self> {
        let guard = Self::take_even_in_recovery()?;
        let phase = &guard.block.header().recovery.phase;
        if phase.load(Ordering::Relaxed) == recovery_phase::RUNNING {
            return Err(Hresult::WER_E_INVALID_STATE);
        }
        Ok(guard)
    }

    /// Takes the lock for what a recovery callback may do too.
    pub(super) fn take_even_in_recovery() -> Result<Self> {
        Self::take_of(block()?)
    }

    /// Takes the lock of `block`.
    pub(super) fn take_of(block: Block) -> Result<Self> {
        let me = Identity::current();
        let word = &block.header().lock;
        let free = word.compare_exchange(0, me.word(), Ordering::Acquire, Ordering::Relaxed);
        if free.is_err() {
            wait_for(block, me)?;
        }
        let guard = Self { block };
        let owner = &block.header().owner_pid;
        if owner.load(Ordering::Relaxed) != me.pid {
            owner.store(me.pid, Ordering::Relaxed);
            // The child of a process in recovery is not in recovery itself.
            block.header().recovery.phase.store(recovery_phase::NOT_CALLED, Ordering::Relaxed);
        }
        Ok(guard)
    }

    /// The block that the guard protects.
    pub(super) fn block(&self) -> Block {
        self.block
    }
}

impl Drop for WriteGuard {
    fn drop(&mut self) {
        self.block.header().lock.store(0, Ordering::Release);
    }
}

#[cold]
fn wait_for(block: Block, me: Identity) -> Result<()> {
    let word = &block.header().lock;
    let start = Instant::now();
    let mut rounds = 0_u32;
    loop {
        let holder = word.load(Ordering::Relaxed);
        if holder == 0 {
            if word.compare_exchange_weak(0, me.word(), Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return Ok(());
            }
            continue;
        }
        if holder == me.word() {
            return Err(Hresult::WER_E_INVALID_STATE);
        }
        rounds += 1;
        if rounds < SPINS {
            core::hint::spin_loop();
            continue;
        }
        if (rounds - SPINS).is_multiple_of(YIELDS_PER_CHECK) {
            if is_gone(Identity::from_word(holder), me)
                && word.compare_exchange(holder, me.word(), Ordering::Acquire, Ordering::Relaxed).is_ok()
            {
                block.rebuild();
                return Ok(());
            }
            if start.elapsed() > WAIT_LIMIT {
                return Err(Hresult::WER_E_INVALID_STATE);
            }
        }
        rustix::thread::sched_yield();
    }
}

/// Whether the holder can never give the lock back.
fn is_gone(holder: Identity, me: Identity) -> bool {
    holder.pid != me.pid || !thread_exists(holder)
}

fn thread_exists(thread: Identity) -> bool {
    // SAFETY: signal 0 sends nothing; it only asks.
    let answer = unsafe { libc::syscall(libc::SYS_tgkill, thread.pid, thread.tid, 0) };
    answer == 0 || std::io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

#[cfg(test)]
mod tests {
    use super::super::block::tests::private_block;
    use super::*;

    #[test]
    fn a_handler_in_the_same_thread_is_told() {
        let block = private_block();
        let guard = WriteGuard::take_of(block).unwrap();
        assert_eq!(WriteGuard::take_of(block).err(), Some(Hresult::WER_E_INVALID_STATE));
        drop(guard);
        assert!(WriteGuard::take_of(block).is_ok());
    }

    #[test]
    fn the_lock_of_a_thread_that_is_gone_is_taken_over() {
        let block = private_block();
        let me = Identity::current();
        let gone = std::thread::spawn(Identity::current).join().unwrap();
        block.header().lock.store(gone.word(), Ordering::Relaxed);
        assert!(WriteGuard::take_of(block).is_ok());
        let parent = Identity { pid: me.pid - 1, tid: me.pid - 1 };
        block.header().lock.store(parent.word(), Ordering::Relaxed);
        assert!(WriteGuard::take_of(block).is_ok());
        assert_eq!(block.header().lock.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_living_holder_is_waited_for() {
        let block = private_block();
        let guard = WriteGuard::take_of(block).unwrap();
        let waiter = std::thread::spawn(move || WriteGuard::take_of(block).is_ok());
        std::thread::yield_now();
        assert!(!waiter.is_finished());
        drop(guard);
        assert!(waiter.join().unwrap());
    }
}
