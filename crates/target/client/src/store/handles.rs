//! Handles of stores: numbers that are looked up and never followed as pointers, each with its place among the keys.
//!
//! One lock serialises all threads; it is never held while `werfault` is asked. Two threads that go through the keys of one
//! handle share its place: each key is told once. Not for signal handlers. The child of a fork has its parent's handles,
//! and begins without any where another thread was in here meanwhile.

use std::sync::MutexGuard;

use wer_abi::Hresult;
use wer_abi::store_requests::StoreType;

use super::Result;
use crate::ForkMutex;

/// Stores that may be open at once.
pub const MAX_OPEN: usize = 1024;
/// Marks numbers of ours: no address of x86-64 user space begins so, and no handle of a report.
const MARK: u64 = 0x5253 << 48;
/// Bits of a number below those of its process.
const PROCESS_SHIFT: u32 = 24;

struct Open {
    handle: u64,
    store: StoreType,
    /// Keys with their terminators, as they were when they were asked for.
    keys: Option<Vec<u16>>,
    /// Units that were told.
    told: usize,
}

struct Table {
    open: Vec<Open>,
    /// Never given out again, so that a closed handle stays closed.
    next: u64,
}

/// Numbers begin elsewhere in each process, so that none that a parent gave is another store's in its child.
static TABLE: ForkMutex<Table> = ForkMutex::new(|| Table {
    open: Vec::new(),
    next: MARK + (u64::from(std::process::id()) << PROCESS_SHIFT) + 1,
});

/// A panic in here leaves whole entries only.
fn table() -> MutexGuard<'static, Table> {
    TABLE.lock()
}

/// Gives a store a handle.
pub(super) fn open(store: StoreType) -> Result<u64> {
    let mut table = table();
    if table.open.len() >= MAX_OPEN {
        return Err(Hresult::E_OUTOFMEMORY);
    }
    let handle = table.next;
    table.next += 1;
    table.open.push(Open { handle, store, keys: None, told: 0 });
    Ok(handle)
}

fn with<T>(handle: u64, body: impl FnOnce(&mut Open) -> T) -> Result<T> {
    let mut table = table();
    let open = table.open.iter_mut().find(|open| open.handle == handle).ok_or(Hresult::E_INVALIDARG)?;
    Ok(body(open))
}

pub(super) fn store_of(handle: u64) -> Result<StoreType> {
    with(handle, |open| open.store)
}

pub(super) fn has_begun(handle: u64) -> Result<bool> {
    with(handle, |open| open.keys.is_some())
}

/// Keys to go through, each with its terminator.
pub(super) fn begin(handle: u64, keys: Vec<u16>) -> Result<()> {
    let before = with(handle, |open| {
        open.told = 0;
        open.keys.replace(keys)
    })?;
    drop(before);
    Ok(())
}

/// The next key, with its terminator.
pub(super) fn next(handle: u64) -> Result<Option<Vec<u16>>> {
    with(handle, |open| {
        let rest = open.keys.as_deref()?.get(open.told..)?;
        let length = rest.iter().position(|unit| *unit == 0)? + 1;
        open.told += length;
        rest.get(..length).map(<[u16]>::to_vec)
    })
}

/// Closes a store. What is not the handle of an open one, null among it, changes nothing.
pub fn close(handle: u64) {
    let mut table = table();
    let place = table.open.iter().position(|open| open.handle == handle);
    let closed = place.map(|place| table.open.swap_remove(place));
    drop(table);
    drop(closed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_handle_has_its_place_and_a_closed_one_stays_closed() {
        let [first, second] = [(); 2].map(|()| open(StoreType::UserQueue).unwrap());
        assert_eq!(next(first), Ok(None));
        assert_eq!(has_begun(first), Ok(false));
        for handle in [first, second] {
            begin(handle, vec![1, 0, 2, 3, 0]).unwrap();
        }
        assert_eq!(next(first), Ok(Some(vec![1, 0])));
        assert_eq!(next(first), Ok(Some(vec![2, 3, 0])));
        assert_eq!(next(first), Ok(None));
        assert_eq!(next(second), Ok(Some(vec![1, 0])));
        close(first);
        close(first);
        close(0);
        assert_eq!(next(first), Err(Hresult::E_INVALIDARG));
        assert_eq!(begin(first, Vec::new()), Err(Hresult::E_INVALIDARG));
        close(second);
    }
}
