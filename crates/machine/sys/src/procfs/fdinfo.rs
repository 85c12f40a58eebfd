//! `/proc/PID/fdinfo/N`, and the links of `/proc/PID/ns`.

use super::{leading_number, parse_decimal};

/// What the system uses of an `fdinfo` file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FdInfo {
    /// `pos`: position in the file.
    pub offset: u64,
    /// `flags`: flags of `open`.
    pub open_flags: u32,
    /// `Pid`: the process that a pidfd names, in the namespace of the `/proc` mount; 0 or less = none that is seen from
    /// there. Only believable for a pidfd.
    pub pid: Option<i32>,
}

/// Parses an `fdinfo` file. What is missing stays 0; a key counts the first time it appears.
#[must_use]
pub fn parse_fdinfo(text: &[u8]) -> FdInfo {
    let value = |key: &[u8]| {
        let line = text.split(|byte| *byte == b'\n').find(|line| line.starts_with(key))?;
        Some(line.get(key.len()..)?.trim_ascii())
    };
    let octal = |digits: &[u8]| u32::from_str_radix(str::from_utf8(digits).ok()?, 8).ok();
    FdInfo {
        offset: value(b"pos:").and_then(leading_number).unwrap_or(0),
        open_flags: value(b"flags:").and_then(octal).unwrap_or(0),
        pid: value(b"Pid:").and_then(|digits| str::from_utf8(digits).ok()?.parse().ok()),
    }
}

/// Parses where a link such as `ns/pid` leads: `pid:[4026531836]` gives the number.
#[must_use]
pub fn parse_namespace_link(link: &[u8]) -> Option<u64> {
    let open = link.iter().position(|byte| *byte == b'[')?;
    parse_decimal(link.get(open + 1..)?.strip_suffix(b"]")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_ordinary_file_is_understood() {
        let text = b"pos:\t4711\nflags:\t02100002\nmnt_id:\t16\nino:\t1057\nPid:\t99\nNSpid:\t99\t7\n";
        assert_eq!(parse_fdinfo(text), FdInfo { offset: 4711, open_flags: 0o2_100_002, pid: Some(99) });
        assert_eq!(parse_fdinfo(b"pos:\t0\nflags:\t02\nPid:\t-1\n").pid, Some(-1));
        assert_eq!(parse_fdinfo(b""), FdInfo::default());
        assert_eq!(parse_fdinfo(b"flags:\t9\npos:\tx"), FdInfo::default());
    }

    #[test]
    fn namespaces_have_numbers() {
        assert_eq!(parse_namespace_link(b"pid:[4026531836]"), Some(4_026_531_836));
        assert_eq!(parse_namespace_link(b"pid:[x]"), None);
        assert_eq!(parse_namespace_link(b"pid"), None);
    }

    proptest! {
        #[test]
        fn no_contents_make_them_panic(text in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = (parse_fdinfo(&text), parse_namespace_link(&text));
        }
    }
}
