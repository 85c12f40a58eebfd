//! What `smaps` tells of mappings that a fork does not copy as they are.
//!
//! Reading `smaps` walks all page tables of the process, so it is read before the stop, and line by line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use rustix::fs::OFlags;
use wer_sys::Process;

use super::limits::MAX_SMAPS_BYTES;

/// Mappings by what the process asked of them; addresses rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// `MADV_WIPEONFORK`: a copy has zeros.
    pub(crate) wiped: Vec<(u64, u64)>,
    /// `MADV_DONTFORK`: a copy has nothing.
    pub(crate) not_forked: Vec<(u64, u64)>,
    /// Memory of devices: reading it may have effects.
    pub(crate) device: Vec<(u64, u64)>,
    /// Page faults of some mapping are answered by a program (userfaultfd).
    pub(crate) userfault: bool,
    /// Bytes of private mappings of huge pages that were set aside (hugetlbfs).
    pub(crate) private_huge_bytes: u64,
}

/// Reads the marks of a process.
pub(crate) fn read(process: &Process) -> std::io::Result<Marks> {
    let file = process.open_file("smaps", OFlags::RDONLY)?;
    parse(BufReader::with_capacity(1 << 16, File::from(file).take(MAX_SMAPS_BYTES)))
}

/// Parses `smaps`. Lines that cannot be understood are passed over.
pub(crate) fn parse(mut text: impl BufRead) -> std::io::Result<Marks> {
    let mut marks = Marks::default();
    let (mut line, mut range, mut shared) = (Vec::new(), (0, 0), false);
    loop {
        line.clear();
        if text.read_until(b'\n', &mut line)? == 0 {
            return Ok(marks);
        }
        if let Some((start, end, is_shared)) = header(&line) {
            (range, shared) = ((start, end), is_shared);
        } else if let Some(flags) = line.strip_prefix(b"VmFlags:") {
            for flag in flags.split(|byte| byte.is_ascii_whitespace()) {
                match flag {
                    b"wf" => marks.wiped.push(range),
                    b"dc" => marks.not_forked.push(range),
                    b"io" | b"pf" if marks.device.last() != Some(&range) => marks.device.push(range),
                    b"um" | b"uw" | b"ui" => marks.userfault = true,
                    b"ht" if !shared => marks.private_huge_bytes += range.1 - range.0,
                    _ => {}
                }
            }
        }
    }
}

/// `7f00-7f10 rw-p 00000000 00:00 0`: start, end, shared.
fn header(line: &[u8]) -> Option<(u64, u64, bool)> {
    let mut words = line.split(|byte| *byte == b' ');
    let (range, permissions) = (words.next()?, words.next()?);
    let (start, end) = str::from_utf8(range).ok()?.split_once('-')?;
    let (start, end) = (u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
    (start < end && permissions.len() == 4).then(|| (start, end, permissions[3] == b's'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn flags_belong_to_the_mapping_above_them() {
        let text = b"1000-2000 rw-p 00000000 00:00 0 \nSize: 4 kB\nVmFlags: rd wr mr mw me wf ac \n\
            3000-5000 rw-s 00000000 00:05 7 /dev/x VmFlags: wf\nVmFlags: rd io pf dc \n\
            6000-7000 rw-p 00000000 00:00 0 \nVmFlags: rd um ht \n";
        let marks = parse(&text[..]).expect("memory");
        assert_eq!(marks.wiped, [(0x1000, 0x2000)]);
        assert_eq!(
            (&marks.device[..], &marks.not_forked[..]),
            (&[(0x3000, 0x5000)][..], &[(0x3000, 0x5000)][..])
        );
        assert!(marks.userfault);
        assert_eq!(marks.private_huge_bytes, 0x1000);
    }

    #[test]
    fn our_own_are_read() {
        let marks = read(&Process::open(std::process::id()).expect("our own")).expect("smaps");
        assert!(!marks.userfault && marks.not_forked.is_empty());
    }

    proptest! {
        #[test]
        fn no_contents_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&text[..]);
        }
    }
}
