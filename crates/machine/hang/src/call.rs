//! `/proc/PID/task/TID/syscall`: the call that a thread waits in, with its arguments.

/// A system call that has not returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number on x86-64.
    pub number: u32,
    /// Its six arguments.
    pub arguments: [u64; 6],
}

/// Parses a `syscall` file. `None` for a thread that runs, waits outside of a call (`-1 ...`), or anything else.
#[must_use]
pub fn parse_call(text: &[u8]) -> Option<Call> {
    let text = str::from_utf8(text).ok()?;
    let mut words = text.split_ascii_whitespace();
    let number = words.next()?.parse().ok()?;
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        *argument = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    }
    Some(Call { number, arguments })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_waiting_call_has_its_arguments() {
        let call = parse_call(b"202 0x7f01 0x80 0x2 0x0 0x0 0xffff 0x7ffe 0x7fff\n").expect("a call");
        assert_eq!(call, Call { number: 202, arguments: [0x7f01, 0x80, 2, 0, 0, 0xffff] });
        for no_call in [&b"running\n"[..], b"-1 0x7ffe 0x7fff\n", b"", b"202 0x1", b"202 1 2 3 4 5 6"] {
            assert_eq!(parse_call(no_call), None);
        }
    }

    proptest! {
        #[test]
        fn no_contents_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_call(&text);
        }
    }
}
