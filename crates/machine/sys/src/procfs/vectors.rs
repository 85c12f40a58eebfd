//! The small files: `auxv`, `cmdline`, `limits`, `syscall`.

use super::parse_hex;
use crate::limits::{MAX_ARGUMENTS, MAX_AUXV_PAIRS};

/// Parses `/proc/PID/auxv` of a 64-bit process: pairs up to `AT_NULL`.
#[must_use]
pub fn parse_auxv(bytes: &[u8]) -> Vec<(u64, u64)> {
    let (words, _) = bytes.as_chunks::<8>();
    let (pairs, _) = words.as_chunks::<2>();
    pairs
        .iter()
        .map(|[key, value]| (u64::from_le_bytes(*key), u64::from_le_bytes(*value)))
        .take_while(|(key, _)| *key != 0)
        .take(MAX_AUXV_PAIRS)
        .collect()
}

/// Parses `/proc/PID/cmdline`: strings, each ended by a zero.
#[must_use]
pub fn parse_cmdline(bytes: &[u8]) -> Vec<String> {
    let text = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if text.is_empty() {
        return Vec::new();
    }
    text.split(|byte| *byte == 0)
        .take(MAX_ARGUMENTS)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// Soft limits of `/proc/PID/limits`; `None` = unlimited or not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoreAndStackLimits {
    /// `RLIMIT_CORE`, bytes.
    pub core_bytes: Option<u64>,
    /// `RLIMIT_STACK`, bytes.
    pub stack_bytes: Option<u64>,
}

/// Parses `/proc/PID/limits`.
#[must_use]
pub fn parse_limits(text: &[u8]) -> CoreAndStackLimits {
    let soft = |name: &[u8]| {
        let line = text.split(|byte| *byte == b'\n').find(|line| line.starts_with(name))?;
        super::leading_number(line.get(name.len()..)?)
    };
    CoreAndStackLimits { core_bytes: soft(b"Max core file size"), stack_bytes: soft(b"Max stack size") }
}

/// Where a thread that waits in the kernel left user space (`/proc/PID/task/TID/syscall`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockedCall {
    /// Stack pointer.
    pub stack_pointer: u64,
    /// Instruction after the call.
    pub instruction: u64,
}

/// Parses a `syscall` file; `None` for a thread that runs.
#[must_use]
pub fn parse_syscall(text: &[u8]) -> Option<BlockedCall> {
    let mut words = text.trim_ascii().rsplit(|byte| *byte == b' ');
    let instruction = parse_hex(words.next()?.strip_prefix(b"0x")?)?;
    let stack_pointer = parse_hex(words.next()?.strip_prefix(b"0x")?)?;
    Some(BlockedCall { stack_pointer, instruction })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_auxiliary_vector_ends_at_its_null() {
        let words: [u64; 8] = [3, 0x40, 9, 0x1000, 0, 0, 7, 7];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(parse_auxv(&bytes), [(3, 0x40), (9, 0x1000)]);
        assert_eq!(parse_auxv(&bytes[..17]), [(3, 0x40)]);
    }

    #[test]
    fn empty_arguments_count() {
        assert_eq!(parse_cmdline(b"a\0\0b c\0"), ["a", "", "b c"]);
        assert!(parse_cmdline(b"").is_empty());
        assert_eq!(parse_cmdline(b"title without end"), ["title without end"]);
    }

    #[test]
    fn limits_are_read_by_name() {
        let text = b"Limit                     Soft Limit           Hard Limit           Units     \n\
            Max stack size            8388608              unlimited            bytes     \n\
            Max core file size        1                    unlimited            bytes     \n";
        assert_eq!(
            parse_limits(text),
            CoreAndStackLimits { core_bytes: Some(1), stack_bytes: Some(8_388_608) }
        );
        assert_eq!(parse_limits(b"Max core file size        unlimited  unlimited bytes").core_bytes, None);
    }

    #[test]
    fn a_waiting_thread_shows_its_stack() {
        let text = b"7 0x7ffd 0x1 0xffffffff 0x0 0x0 0x0 0x7ffe1000 0x7f0042\n";
        assert_eq!(
            parse_syscall(text),
            Some(BlockedCall { stack_pointer: 0x7ffe_1000, instruction: 0x7f_0042 })
        );
        assert_eq!(parse_syscall(b"running\n"), None);
        assert_eq!(parse_syscall(b""), None);
    }

    proptest! {
        #[test]
        fn no_contents_make_them_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (parse_auxv(&bytes), parse_cmdline(&bytes), parse_limits(&bytes), parse_syscall(&bytes));
        }
    }
}
