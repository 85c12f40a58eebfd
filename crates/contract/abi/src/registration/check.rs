//! Check words: how a reader tells what was registered from what a wild write has left.
//!
//! They guard against accidents, not against an application that lies about itself.

/// Two odd numbers without a pattern (the fractional parts of the golden ratio and of the square root of 3).
const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
const START: u64 = 0xBB67_AE85_84CA_A73B;

/// The check word of some numbers and a text; never 0, which stands for "not checked".
///
/// The definition, for readers in other languages: starting from `0xBB67AE8584CAA73B`, for each number, then for each
/// eight bytes of the text (little endian, the last ones padded with zeros), then for the text's length in bytes:
/// `h = rotate_left(h ^ number, 29) * 0x9E3779B97F4A7C15` modulo 2^64. The answer is `h >> 32`, and 1 in place of 0.
#[must_use]
pub fn check_word(numbers: &[u64], text: &[u8]) -> u32 {
    let mut hash = numbers.iter().fold(START, |hash, number| mix(hash, *number));
    let (words, rest) = text.as_chunks::<8>();
    for word in words {
        hash = mix(hash, u64::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        for (into, from) in last.iter_mut().zip(rest) {
            *into = *from;
        }
        hash = mix(hash, u64::from_le_bytes(last));
    }
    match (mix(hash, text.len() as u64) >> 32) as u32 {
        0 => 1,
        word => word,
    }
}

/// [`check_word`] of a text in UTF-16, whose bytes are those of its units, little endian.
#[must_use]
pub fn check_word_of_units(numbers: &[u64], units: impl IntoIterator<Item = u16>) -> u32 {
    let mut hash = numbers.iter().fold(START, |hash, number| mix(hash, *number));
    let (mut word, mut bits, mut bytes) = (0, 0, 0);
    for unit in units {
        word |= u64::from(unit) << bits;
        bits += u16::BITS;
        bytes += 2;
        if bits == u64::BITS {
            hash = mix(hash, word);
            (word, bits) = (0, 0);
        }
    }
    if bits != 0 {
        hash = mix(hash, word);
    }
    match (mix(hash, bytes) >> 32) as u32 {
        0 => 1,
        word => word,
    }
}

const fn mix(hash: u64, number: u64) -> u64 {
    (hash ^ number).rotate_left(29).wrapping_mul(MULTIPLIER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_count_as_their_bytes() {
        for length in 0..20_u16 {
            let units: Vec<u16> = (0..length).map(|unit| unit * 3001 + 7).collect();
            let bytes: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            assert_eq!(check_word_of_units(&[1, 2], units), check_word(&[1, 2], &bytes));
        }
    }

    #[test]
    fn every_single_changed_bit_is_seen() {
        let (numbers, text) = ([7, 0x5000, 0, 64], *b"/var/log/app.log");
        let good = check_word(&numbers, &text);
        for bit in 0..64 * numbers.len() {
            let mut wrong = numbers;
            wrong[bit / 64] ^= 1 << (bit % 64);
            assert_ne!(check_word(&wrong, &text), good, "bit {bit} of the numbers");
        }
        for bit in 0..8 * text.len() {
            let mut wrong = text;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(check_word(&numbers, &wrong), good, "bit {bit} of the text");
        }
        assert_ne!(check_word(&numbers, b"/var/log/app.lo"), good);
        assert_ne!(check_word(&numbers, b"/var/log/app.log\0"), good);
        assert_ne!(check_word(&[], &[]), 0);
    }
}
