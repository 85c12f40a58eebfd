//! `MiniDumpFilterMemory`: of every stack only the words that unwinding may need are kept, addresses of code and of
//! stacks (saved frame pointers); everything else, the user's data, becomes zero.

use wer_copy::{Range, range};
use wer_snapshot::ProcessSnapshot;

const WORD: usize = 8;

/// Which words stay.
#[derive(Debug)]
pub(crate) struct StackFilter {
    /// Stacks as they are kept.
    stacks: Vec<Range>,
    /// What a word may point to: code, modules and whole stacks.
    targets: Vec<Range>,
}

impl StackFilter {
    /// `stacks` is merged.
    pub(crate) fn new(snapshot: &ProcessSnapshot, stacks: Vec<Range>) -> Self {
        let executable = snapshot.regions.iter().filter(|region| region.protection.execute);
        let executable = executable.map(|region| Range::new(region.start, region.end));
        let modules = snapshot.modules.iter();
        let modules = modules.map(|module| Range::new(module.base, module.base.saturating_add(module.size)));
        let targets = range::merge(executable.chain(modules).chain(stacks.iter().copied()).collect());
        Self { stacks, targets }
    }

    /// Clears what need not stay of bytes that were read from `address` on. Words that are cut by their ends go.
    pub(crate) fn apply(&self, address: u64, bytes: &mut [u8]) {
        let all = Range::new(address, address.saturating_add(bytes.len() as u64));
        let first = self.stacks.partition_point(|stack| stack.end <= all.start);
        for stack in self.stacks.iter().skip(first).take_while(|stack| stack.start < all.end) {
            let part = stack.within(all);
            let (start, end) = ((part.start - address) as usize, (part.end - address) as usize);
            let cut = (part.start.next_multiple_of(WORD as u64) - part.start) as usize;
            let Some(bytes) = bytes.get_mut(start..end) else { continue };
            let (head, words) = bytes.split_at_mut(cut.min(bytes.len()));
            head.fill(0);
            for word in words.chunks_mut(WORD) {
                let value = (&*word).try_into().ok().map(u64::from_le_bytes);
                if !value.is_some_and(|value| self.is_target(value)) {
                    word.fill(0);
                }
            }
        }
    }

    fn is_target(&self, value: u64) -> bool {
        let index = self.targets.partition_point(|target| target.end <= value);
        self.targets.get(index).is_some_and(|target| target.start <= value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_stay_and_only_stacks_are_touched() {
        let filter = StackFilter {
            stacks: vec![Range::new(0x1000, 0x1020)],
            targets: vec![Range::new(0x1000, 0x1020), Range::new(0x5000, 0x6000)],
        };
        let words = [0x7777_u64, 0x1010, 0x5FFF, 0x6000, 0xAAAA, 0xBBBB];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut filtered = bytes.clone();
        filter.apply(0xFF8, &mut filtered);
        let after = [0x7777_u64, 0x1010, 0x5FFF, 0, 0, 0xBBBB];
        assert_eq!(filtered, after.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>());
        // A read that begins within a word.
        let mut cut = bytes[11..].to_vec();
        filter.apply(0x1003, &mut cut);
        assert_eq!(cut[..5], [0; 5]);
        assert_eq!(cut[5..13], 0x5FFF_u64.to_le_bytes());
    }
}
