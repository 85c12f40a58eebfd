//! Whose lock a futex is. Kernel: `FUTEX_LOCK_PI` words and robust locks hold the owner's thread id. glibc: an ordinary
//! `pthread_mutex_t` begins with lock word, count, owner, users, kind, four bytes each.

use wer_snapshot::MemoryReader;

use crate::limits::MAX_MUTEX_USERS;

/// The thread id in a word of a PI or robust lock.
const FUTEX_TID_MASK: u32 = 0x3FFF_FFFF;
/// Somebody waits for the lock of such a word.
const FUTEX_WAITERS: u32 = 0x8000_0000;
/// glibc's lock word of a mutex that somebody waits for.
const CONTENDED: u32 = 2;
/// Bits of glibc's `kind` that an ordinary mutex can have: type, robust, PI, protect, process-shared, elision.
const KNOWN_KINDS: u32 = 0x3FF;
/// Largest type in the low bits of `kind`.
const MAX_TYPE: u32 = 3;

/// Operations without flags.
mod operation {
    pub(super) const MASK: u32 = 0x7F;
    pub(super) const WAIT: u32 = 0;
    pub(super) const LOCK_PI: u32 = 6;
    pub(super) const WAIT_BITSET: u32 = 9;
    pub(super) const LOCK_PI2: u32 = 13;
}

/// What memory says of a futex that a thread waits on. Ids are those of the process's own namespace, not yet believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// This thread holds the lock.
    Lock(u32),
    /// This thread is waited for to end.
    Join(u32),
}

/// The owner, where `is_thread` confirms that there is such a thread.
pub(crate) fn owner(
    memory: &dyn MemoryReader,
    (address, operation, expected): (u64, u64, u64),
    is_thread: impl Fn(u32) -> bool,
) -> Option<Owner> {
    let operation = u32::try_from(operation & u64::from(u32::MAX)).ok()? & operation::MASK;
    let expected = u32::try_from(expected & u64::from(u32::MAX)).ok()?;
    let word = u32_at(memory, address)?;
    let named = word & FUTEX_TID_MASK;
    match operation {
        operation::LOCK_PI | operation::LOCK_PI2 => is_thread(named).then_some(Owner::Lock(named)),
        operation::WAIT | operation::WAIT_BITSET => {
            if word != expected {
                return None;
            }
            if word & FUTEX_WAITERS != 0 {
                return is_thread(named).then_some(Owner::Lock(named));
            }
            if word == CONTENDED {
                let holder = mutex_owner(memory, address).filter(|tid| is_thread(*tid));
                if let Some(holder) = holder {
                    return Some(Owner::Lock(holder));
                }
                // In a pid namespace of its own the second thread has this number.
            }
            is_thread(word).then_some(Owner::Join(word))
        }
        _ => None,
    }
}

/// The holder that a lock names, where what it is says that it is one: a PI or robust lock, or a mutex.
pub(crate) fn named(memory: &dyn MemoryReader, call: (u64, u64, u64)) -> Option<u32> {
    match owner(memory, call, |_| true)? {
        Owner::Lock(named) => Some(named).filter(|named| *named > 1),
        Owner::Join(_) => None,
    }
}

fn mutex_owner(memory: &dyn MemoryReader, address: u64) -> Option<u32> {
    let field = |offset: u64| u32_at(memory, address.checked_add(offset)?);
    let (owner, users, kind) = (field(8)?, field(12)?, field(16)?);
    let is_mutex =
        (1..=MAX_MUTEX_USERS).contains(&users) && kind & !KNOWN_KINDS == 0 && kind & 0xF <= MAX_TYPE;
    (is_mutex && owner != 0).then_some(owner)
}

fn u32_at(memory: &dyn MemoryReader, address: u64) -> Option<u32> {
    Some(u32::from_le_bytes(*memory.read_exact(address, 4)?.first_chunk()?))
}
