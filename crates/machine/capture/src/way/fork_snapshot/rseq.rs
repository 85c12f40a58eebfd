//! Restartable sequences: a thread that was stopped within one must not be led elsewhere and back.
//!
//! When the kernel finds such a thread outside its sequence it forgets the sequence, and the thread would go on in the
//! middle of one that nobody watches any more. What the kernel does to a thread that it interrupts within one is to
//! lead it to the sequence's abort handler; that is done here, ahead of it.

use wer_snapshot::{MemoryReader, Registers};
use wer_sys::inject;

/// The registers with which a thread is to go on: those that it has, or those of its abort handler.
pub(crate) fn outside_critical_section(
    tid: u32,
    registers: &Registers,
    memory: &dyn MemoryReader,
) -> Registers {
    let area = inject::rseq_area(tid).ok().flatten();
    match area.and_then(|(address, _)| abort_address(registers.rip, address, memory)) {
        Some(rip) => Registers { rip, ..*registers },
        None => *registers,
    }
}

/// Where the sequence that holds `rip` aborts to. `area` is the thread's `struct rseq`.
fn abort_address(rip: u64, area: u64, memory: &dyn MemoryReader) -> Option<u64> {
    const CURRENT_SEQUENCE_OFFSET: u64 = 8;
    let sequence = memory.read_u64(area.checked_add(CURRENT_SEQUENCE_OFFSET)?)?;
    if sequence == 0 {
        return None;
    }
    // `struct rseq_cs`: version and flags, first address, bytes, address of the abort handler.
    let word = |index: u64| memory.read_u64(sequence.checked_add(index * 8)?);
    let (start, length, abort) = (word(1)?, word(2)?, word(3)?);
    (rip.wrapping_sub(start) < length).then_some(abort)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Words(Vec<u64>);

    impl MemoryReader for Words {
        fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
            let bytes: Vec<u8> = self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
            let Some(bytes) = bytes.get(address as usize..address as usize + buffer.len()) else { return 0 };
            buffer.copy_from_slice(bytes);
            buffer.len()
        }
    }

    #[test]
    fn only_a_thread_within_its_sequence_is_led_out() {
        // The area at 0 points to the sequence at 16: 100 to 120, abort at 500.
        let memory = Words(vec![0, 16, 0, 100, 20, 500]);
        for (rip, expected) in [(99, None), (100, Some(500)), (119, Some(500)), (120, None)] {
            assert_eq!(abort_address(rip, 0, &memory), expected);
        }
        assert_eq!(abort_address(100, 0, &Words(vec![0, 0])), None);
        assert_eq!(abort_address(100, 0, &Words(vec![0, 4711])), None, "a wild pointer");
    }
}
