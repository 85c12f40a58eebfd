//! The process's memory as planning reads it: past a caller that wants to see reads. What the process excluded is zero
//! here too.

use std::cell::RefCell;

use wer_copy::Range;
use wer_snapshot::MemoryReader;

use crate::callbacks::session::Session;

/// Memory through the eyes of the caller.
pub(crate) struct WatchedMemory<'m, 's, 'c> {
    pub(crate) memory: &'m dyn MemoryReader,
    pub(crate) session: &'s RefCell<Session<'c>>,
    /// Bytes that the process excluded; merged.
    pub(crate) excluded: Vec<Range>,
}

impl WatchedMemory<'_, '_, '_> {
    fn clear(&self, address: u64, bytes: &mut [u8]) {
        let all = Range::new(address, address.saturating_add(bytes.len() as u64));
        let first = self.excluded.partition_point(|range| range.end <= all.start);
        for range in self.excluded.iter().skip(first).take_while(|range| range.start < all.end) {
            let part = range.within(all);
            let (start, end) = ((part.start - address) as usize, (part.end - address) as usize);
            if let Some(bytes) = bytes.get_mut(start..end) {
                bytes.fill(0);
            }
        }
    }
}

impl MemoryReader for WatchedMemory<'_, '_, '_> {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let Ok(mut session) = self.session.try_borrow_mut() else { return 0 };
        if !session.state.vm {
            return self.memory.read(address, buffer).min(buffer.len());
        }
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = address.saturating_add(done as u64);
            let served = session.before_read(at, rest);
            let count = served.unwrap_or_else(|| self.memory.read(at, rest)).min(rest.len());
            self.clear(at, rest);
            session.after_read(at, rest, count);
            done += count;
            // What the caller left out is asked for again; what the process left out is not there.
            if served.is_none() || count == 0 {
                break;
            }
        }
        done
    }
}
