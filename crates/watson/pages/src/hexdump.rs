//! Memory as hex and text, sixteen bytes a line. Pure.

use std::fmt::Write;

/// Bytes of one line.
const LINE_BYTES: usize = 16;

/// Bytes of hex digits; what is no hex ends them.
pub(crate) fn bytes_of(hex: &str, limit_bytes: usize) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .take(limit_bytes.saturating_mul(2))
        .map_while(|digit| digit.to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
}

/// The classic dump: address, hex, printable ASCII.
pub(crate) fn dump(address: u64, bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 5);
    for (index, line) in bytes.chunks(LINE_BYTES).enumerate() {
        let at = address.wrapping_add((index * LINE_BYTES) as u64);
        let _ = write!(text, "{at:016x} ");
        for position in 0..LINE_BYTES {
            let gap = if position == LINE_BYTES / 2 { "  " } else { " " };
            let _ = match line.get(position) {
                Some(byte) => write!(text, "{gap}{byte:02x}"),
                None => write!(text, "{gap}  "),
            };
        }
        text.push_str("  |");
        text.extend(
            line.iter().map(|byte| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' }),
        );
        text.push_str("|\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_dumped_as_always() {
        assert_eq!(
            dump(0x7ffc_0000_1000, b"Hello, <world>\x00\xff!"),
            "00007ffc00001000  48 65 6c 6c 6f 2c 20 3c  77 6f 72 6c 64 3e 00 ff  |Hello, <world>..|\n\
             00007ffc00001010  21                                                |!|\n"
        );
        assert_eq!(dump(0, &[]), "");
    }

    #[test]
    fn only_hex_is_read() {
        assert_eq!(bytes_of("48656c", 2), [0x48, 0x65]);
        assert_eq!(bytes_of("4865zz41", 9), [0x48, 0x65]);
        assert_eq!(bytes_of("486", 9), [0x48]);
    }
}
