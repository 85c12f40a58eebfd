//! `/proc/PID/maps`.

use wer_snapshot::{Protection, Region, RegionKind, RegionMarks};

use super::{parse_decimal, parse_hex};
use crate::limits::{MAX_PATH_BYTES, MAX_REGIONS};

/// The mappings of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maps {
    /// By address, not overlapping.
    pub regions: Vec<Region>,
    /// Lines that could not be understood, overlapped an earlier one, or were beyond the limit.
    pub dropped_lines: usize,
}

/// Parses a `maps` file.
///
/// The kernel prints a newline in a file's name as `\012` and marks a name whose file is gone with " (deleted)". A file
/// whose real name ends so, or holds a backslash and `012`, cannot be told apart here: the mark wins.
#[must_use]
pub fn parse_maps(text: &[u8]) -> Maps {
    let mut maps = Maps::default();
    let mut end_of_last = 0;
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match parse_line(line) {
            Some(region) if region.start >= end_of_last && maps.regions.len() < MAX_REGIONS => {
                end_of_last = region.end;
                maps.regions.push(region);
            }
            _ => maps.dropped_lines += 1,
        }
    }
    maps
}

fn parse_line(line: &[u8]) -> Option<Region> {
    let mut rest = line;
    let range = next_word(&mut rest)?;
    let permissions = next_word(&mut rest)?;
    let offset = parse_hex(next_word(&mut rest)?)?;
    let device = parse_device(next_word(&mut rest)?)?;
    let inode = parse_decimal(next_word(&mut rest)?)?;
    let dash = range.iter().position(|byte| *byte == b'-')?;
    let (start, end) = (parse_hex(&range[..dash])?, parse_hex(&range[dash + 1..])?);
    let protection = parse_protection(permissions)?;
    let kind = parse_kind(rest.trim_ascii_start());
    (start < end).then_some(Region {
        start,
        end,
        protection,
        offset,
        device,
        inode,
        kind,
        marks: RegionMarks::default(),
    })
}

fn next_word<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let text = rest.trim_ascii_start();
    let length = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (word, tail) = text.split_at(length);
    *rest = tail;
    (!word.is_empty()).then_some(word)
}

fn parse_device(word: &[u8]) -> Option<u64> {
    let colon = word.iter().position(|byte| *byte == b':')?;
    let major = u32::try_from(parse_hex(&word[..colon])?).ok()?;
    let minor = u32::try_from(parse_hex(&word[colon + 1..])?).ok()?;
    Some(u64::from(major) << 32 | u64::from(minor))
}

fn parse_protection(word: &[u8]) -> Option<Protection> {
    let [read, write, execute, shared] = word.first_chunk::<4>()?;
    Some(Protection {
        read: *read == b'r',
        write: *write == b'w',
        execute: *execute == b'x',
        shared: *shared == b's',
    })
}

fn parse_kind(name: &[u8]) -> RegionKind {
    match name {
        b"" => RegionKind::Anonymous,
        b"[heap]" => RegionKind::Heap,
        b"[stack]" => RegionKind::Stack,
        b"[vdso]" => RegionKind::Vdso,
        _ if name.starts_with(b"[anon") => RegionKind::Anonymous,
        _ if name.starts_with(b"[") => RegionKind::Kernel,
        _ => {
            let (path, deleted) = match name.strip_suffix(b" (deleted)") {
                Some(path) => (path, true),
                None => (name, false),
            };
            RegionKind::File { path: unescape(path), deleted }
        }
    }
}

fn unescape(path: &[u8]) -> String {
    let kept = &path[..path.len().min(MAX_PATH_BYTES)];
    String::from_utf8_lossy(kept).replace("\\012", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn only(line: &str) -> Region {
        let maps = parse_maps(line.as_bytes());
        assert_eq!((maps.regions.len(), maps.dropped_lines), (1, 0), "{line:?}");
        maps.regions[0].clone()
    }

    fn path_of(line: &str) -> (String, bool) {
        match only(line).kind {
            RegionKind::File { path, deleted } => (path, deleted),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_ordinary_line_is_understood() {
        let region = only("7f00a000-7f00c000 r-xs 0001f000 fe:10 1317                       /usr/lib/x.so\n");
        assert_eq!((region.start, region.end, region.offset), (0x7f00_a000, 0x7f00_c000, 0x1f000));
        assert_eq!((region.device, region.inode), (0xfe << 32 | 0x10, 1317));
        let Protection { read, write, execute, shared } = region.protection;
        assert_eq!((read, write, execute, shared), (true, false, true, true));
    }

    #[test]
    fn kinds_are_told_apart() {
        let kind = |name: &str| only(&format!("1000-2000 rw-p 00000000 00:00 0 {name}")).kind;
        assert_eq!(kind(""), RegionKind::Anonymous);
        assert_eq!(kind("[heap]"), RegionKind::Heap);
        assert_eq!(kind("[stack]"), RegionKind::Stack);
        assert_eq!(kind("[vdso]"), RegionKind::Vdso);
        assert_eq!(kind("[vvar]"), RegionKind::Kernel);
        assert_eq!(kind("[anon:glibc: malloc]"), RegionKind::Anonymous);
    }

    #[test]
    fn hostile_names_stay_names() {
        let line = |name: &str| format!("1000-2000 r--p 00000000 fe:10 7     {name}");
        assert_eq!(path_of(&line("/tmp/a b  c")), ("/tmp/a b  c".into(), false));
        assert_eq!(path_of(&line("/tmp/x (deleted)")), ("/tmp/x".into(), true));
        assert_eq!(path_of(&line("/tmp/x (deleted) (deleted)")), ("/tmp/x (deleted)".into(), true));
        assert_eq!(path_of(&line("/tmp/a\\0122000-3000 rwxp")), ("/tmp/a\n2000-3000 rwxp".into(), false));
        assert_eq!(path_of(&line("/memfd:[heap] (deleted)")), ("/memfd:[heap]".into(), true));
    }

    #[test]
    fn bad_lines_are_counted_and_the_rest_is_kept() {
        let text = "1000-2000 r--p 0 0:0 0\nnonsense\n2000-1000 r--p 0 0:0 0\n1800-3000 r--p 0 0:0 0\n3000-4000 r--p 0 0:0 0\n";
        let maps = parse_maps(text.as_bytes());
        assert_eq!(maps.regions.iter().map(|region| region.start).collect::<Vec<_>>(), [0x1000, 0x3000]);
        assert_eq!(maps.dropped_lines, 3);
    }

    proptest! {
        #[test]
        fn regions_are_always_in_order(text in "([0-9a-f]{1,4}-[0-9a-f]{1,4} r--p 0 0:0 0 .{0,8}\n?){0,20}") {
            let maps = parse_maps(text.as_bytes());
            prop_assert!(maps.regions.iter().all(|region| region.start < region.end));
            prop_assert!(maps.regions.is_sorted_by(|a, b| a.end <= b.start));
        }

        #[test]
        fn no_contents_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_maps(&text);
        }
    }
}
