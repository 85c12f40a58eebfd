//! Stands in for `libfuzzer-sys`, so that the targets below `fuzz/fuzz_targets` run as ordinary tests too: a bounded
//! number of inputs, the same every time, with the workspace's compiler.
//!
//! `cargo fuzz` finds more and needs hours and a nightly compiler; this finds out that a target does not even survive
//! what is near to good inputs. No part of the product.

#![forbid(unsafe_code)]

/// The target's body as a function `run`.
#[macro_export]
macro_rules! fuzz_target {
    (|$bytes:ident: &[u8]| $body:block) => {
        pub(crate) fn run($bytes: &[u8]) {
            $body
        }
    };
    (|$text:ident: &str| $body:block) => {
        pub(crate) fn run(bytes: &[u8]) {
            if let Ok($text) = core::str::from_utf8(bytes) {
                $body
            }
        }
    };
}

/// Bytes that are larger are not made larger.
const MAX_GROWTH_BYTES: usize = 64 << 10;
/// Changes to one input at most.
const MAX_CHANGES: u64 = 6;
/// Numbers that break arithmetic.
const ODD_NUMBERS: [u64; 12] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x1_0000_0000,
    i64::MAX as u64,
    u64::MAX - 7,
    u64::MAX,
];

/// Inputs made of seeds; the same ones for the same number.
#[derive(Clone, Debug)]
pub struct Mutations {
    state: u64,
}

impl Mutations {
    /// A series of its own for each number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self { state: number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit.max(1)
    }

    /// One of the seeds, changed in a few places. Half of the changes fall into the first 4 KiB, where formats keep
    /// their numbers.
    #[must_use]
    pub fn of(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let at = self.below(seeds.len());
        let mut bytes = seeds.get(at).cloned().unwrap_or_default();
        for _ in 0..=self.next() % MAX_CHANGES {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let reach = if self.next() & 1 == 0 { bytes.len().min(4096) } else { bytes.len() };
        let at = self.below(reach);
        match self.next() % 8 {
            0 => bytes.truncate(at),
            1 | 2 => self.overwrite(bytes, at & !3),
            3 => self.overwrite(bytes, at),
            4 if bytes.len() < MAX_GROWTH_BYTES => {
                let end = (at + self.below(64)).min(bytes.len());
                let again = bytes[at.min(end)..end].to_vec();
                bytes.splice(at.min(end)..at.min(end), again);
            }
            5 => {
                let end = (at + self.below(32)).min(bytes.len());
                bytes.drain(at.min(end)..end);
            }
            6 => {
                let byte = self.next() as u8;
                bytes.get_mut(at).into_iter().for_each(|place| *place = byte);
            }
            _ => {
                let bit = self.next() % 8;
                bytes.get_mut(at).into_iter().for_each(|place| *place ^= 1 << bit);
            }
        }
    }

    /// A number of one to eight bytes.
    fn overwrite(&mut self, bytes: &mut [u8], at: usize) {
        let number = match self.next() % 3 {
            0 => self.next() >> (self.next() % 64),
            _ => ODD_NUMBERS[self.below(ODD_NUMBERS.len())],
        };
        let width = 1 << (self.next() % 4);
        for (place, byte) in bytes.iter_mut().skip(at).zip(number.to_le_bytes()).take(width) {
            *place = byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_is_the_same_again_and_differs_from_the_seeds() {
        let seeds = [vec![7; 100], b"text".to_vec(), Vec::new()];
        let series = |number| {
            let mut mutations = Mutations::new(number);
            (0..500).map(|_| mutations.of(&seeds)).collect::<Vec<_>>()
        };
        assert_eq!(series(3), series(3));
        assert_ne!(series(3), series(4));
        assert!(series(3).iter().filter(|input| !seeds.contains(input)).count() > 250);
    }
}
