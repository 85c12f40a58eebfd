//! Reading the process is progress too: a heap of many gigabytes is copied for longer than anybody waits in silence.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use wer_snapshot::MemoryReader;

/// How often reads are told as progress.
const INTERVAL: Duration = Duration::from_millis(100);

/// A process's memory whose reads are told.
pub(crate) struct ToldReader<'a> {
    memory: &'a dyn MemoryReader,
    progress: RefCell<&'a mut dyn FnMut()>,
    last: Cell<Instant>,
}

impl<'a> ToldReader<'a> {
    pub(crate) fn new(memory: &'a dyn MemoryReader, progress: &'a mut dyn FnMut()) -> Self {
        Self { memory, progress: RefCell::new(progress), last: Cell::new(Instant::now()) }
    }
}

impl MemoryReader for ToldReader<'_> {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let count = self.memory.read(address, buffer);
        if count > 0 && self.last.get().elapsed() >= INTERVAL {
            self.last.set(Instant::now());
            if let Ok(mut progress) = self.progress.try_borrow_mut() {
                progress();
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;
    impl MemoryReader for Zeros {
        fn read(&self, _address: u64, buffer: &mut [u8]) -> usize {
            buffer.fill(0);
            buffer.len()
        }
    }

    #[test]
    fn only_some_reads_are_told() {
        let mut told = 0;
        let mut count = || told += 1;
        let reader = ToldReader::new(&Zeros, &mut count);
        assert_eq!(reader.read(0, &mut [1; 4]), 4);
        let long_ago = Instant::now().checked_sub(INTERVAL).expect("a machine that is up for a while");
        reader.last.set(long_ago);
        assert_eq!(reader.read(0, &mut [1; 4]), 4);
        assert_eq!(reader.read(0, &mut [1; 4]), 4);
        assert_eq!(told, 1);
    }
}
