//! The FS base of a thread that must not be stopped: the crashing thread, which waits in its own signal handler.
//!
//! A signal's frame does not hold it. glibc registers the thread's list of robust futexes with the kernel, and that
//! list's head is part of the same control block that FS points to, which begins with its own address. So it is found
//! without disturbing the thread.

use wer_snapshot::MemoryReader;

use crate::bytes::u64_at;
use crate::limits::MAX_LIST_HEAD_OFFSET_BYTES;

/// The control block that holds `list_head`; `None` where it is not laid out like glibc's.
pub(crate) fn control_block_with(memory: &dyn MemoryReader, list_head: u64) -> Option<u64> {
    /// Offset of the second copy of its own address: `tcbhead_t.self`.
    const SELF: usize = 16;
    let length = MAX_LIST_HEAD_OFFSET_BYTES;
    let end = list_head & !7;
    let start = end.checked_sub(length as u64).filter(|_| end <= i64::MAX as u64)?;
    let bytes = readable_end(memory, start, length);
    let base = end - bytes.len() as u64;
    let places = (0..bytes.len().checked_sub(SELF + 8)?).step_by(8).rev();
    places
        .map(|at| (at, base + at as u64))
        .find(|(at, address)| {
            u64_at(&bytes, *at) == Some(*address) && u64_at(&bytes, at + SELF) == Some(*address)
        })
        .map(|(_, address)| address)
}

/// The last of `length` bytes from `start` on, without pages that cannot be read before them.
fn readable_end(memory: &dyn MemoryReader, start: u64, length: usize) -> Vec<u8> {
    const PAGE: u64 = 4096;
    let end = start + length as u64;
    let mut from = start;
    while from < end {
        if let Some(bytes) = usize::try_from(end - from).ok().and_then(|size| memory.read_exact(from, size)) {
            return bytes;
        }
        from = (from + 1).next_multiple_of(PAGE);
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_memory::TestMemory;

    fn block(at: u64, address: u64) -> (u64, Vec<u8>) {
        let mut bytes = vec![0; 0x1000];
        for offset in [0, 16] {
            bytes[offset..offset + 8].copy_from_slice(&address.to_le_bytes());
        }
        (at, bytes)
    }

    #[test]
    fn the_nearest_block_that_names_itself_is_found() {
        let memory = TestMemory::new([block(0x7000, 0x7000)]);
        assert_eq!(control_block_with(&memory, 0x72e0), Some(0x7000));
        assert_eq!(control_block_with(&memory, 0x7020), Some(0x7000));
    }

    #[test]
    fn what_does_not_name_itself_is_refused() {
        let memory = TestMemory::new([block(0x7000, 0x8000)]);
        assert_eq!(control_block_with(&memory, 0x72e0), None);
        for head in [0, 8, 0x900, 0x7000, u64::MAX] {
            assert_eq!(control_block_with(&memory, head), None);
        }
    }

    #[test]
    fn our_own_thread_pointer_is_found() {
        let me = wer_sys::Process::open(std::process::id()).expect("ours");
        let memory = me.memory(false).expect("our memory");
        let tid = rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned();
        let head = wer_sys::robust_list::robust_list(tid).expect("this test runs on glibc");
        let found = control_block_with(&memory, head).expect("a control block");
        assert_eq!(memory.read_u64(found), Some(found));
    }
}
