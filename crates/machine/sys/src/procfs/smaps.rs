//! `/proc/PID/smaps`: the lines of `maps`, each followed by what the kernel counts in the mapping. Only `VmFlags` is used.
//!
//! The file is large (a kilobyte for each mapping), so it is taken in piece by piece, and only the lines of `maps` are
//! kept.

use wer_snapshot::RegionMarks;

use super::maps::{Maps, parse_maps};
use crate::limits::MAX_MAPS_BYTES;

/// Longest line that is looked at; a line of `maps` has a path of at most 4 KiB, whose newlines take four bytes each.
const MAX_LINE_BYTES: usize = 32 << 10;

/// What `smaps` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Smaps {
    /// The lines that `maps` would have.
    pub maps_text: Vec<u8>,
    /// The same, parsed, with marks.
    pub maps: Maps,
}

/// Takes in `smaps` piece by piece.
#[derive(Clone, Debug, Default)]
pub struct SmapsParser {
    maps_text: Vec<u8>,
    /// By line of `maps_text`.
    marks: Vec<RegionMarks>,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
}

impl SmapsParser {
    /// Takes in the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, following) = rest.split_at(end);
            rest = following.get(1..).unwrap_or_default();
            if self.begun.is_empty() {
                self.line(line);
            } else {
                self.begun.extend(line.iter().take(MAX_LINE_BYTES));
                let whole = std::mem::take(&mut self.begun);
                self.line(&whole);
            }
        }
        let room = MAX_LINE_BYTES.saturating_sub(self.begun.len());
        self.begun.extend(rest.iter().take(room));
    }

    fn line(&mut self, line: &[u8]) {
        if let Some(flags) = line.strip_prefix(b"VmFlags:") {
            if let Some(marks) = self.marks.last_mut() {
                *marks = marks_of(flags);
            }
            return;
        }
        // Every line between two mappings begins with a capital letter, every mapping with a hexadecimal digit.
        let is_mapping =
            line.first().is_some_and(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte));
        if is_mapping && self.maps_text.len() + line.len() < MAX_MAPS_BYTES {
            self.maps_text.extend(line);
            self.maps_text.push(b'\n');
            self.marks.push(RegionMarks::default());
        }
    }

    /// All that was taken in.
    #[must_use]
    pub fn finish(mut self) -> Smaps {
        if !self.begun.is_empty() {
            let last = std::mem::take(&mut self.begun);
            self.line(&last);
        }
        let mut maps = parse_maps(&self.maps_text);
        if maps.regions.len() == self.marks.len() {
            for (region, marks) in maps.regions.iter_mut().zip(&self.marks) {
                region.marks = *marks;
            }
        } else {
            self.match_by_line(&mut maps);
        }
        Smaps { maps_text: self.maps_text, maps }
    }

    /// Where lines were dropped, a mapping's marks are found by its line.
    fn match_by_line(&self, maps: &mut Maps) {
        let mut regions = maps.regions.iter_mut().peekable();
        for (line, marks) in self.maps_text.split(|byte| *byte == b'\n').zip(&self.marks) {
            let parsed = parse_maps(line).regions;
            let (Some(wanted), Some(next)) = (parsed.first(), regions.peek_mut()) else { continue };
            if (wanted.start, wanted.end) == (next.start, next.end) {
                next.marks = *marks;
                regions.next();
            }
        }
    }
}

/// Parses a whole `smaps` file.
#[must_use]
pub fn parse_smaps(text: &[u8]) -> Smaps {
    let mut parser = SmapsParser::default();
    parser.push(text);
    parser.finish()
}

fn marks_of(flags: &[u8]) -> RegionMarks {
    let mut marks = RegionMarks::default();
    for flag in flags.split(u8::is_ascii_whitespace) {
        match flag {
            b"dd" => marks.not_dumped = true,
            b"dc" => marks.not_forked = true,
            b"wf" => marks.wiped_on_fork = true,
            b"io" | b"pf" => marks.device = true,
            _ => {}
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "1000-3000 rw-p 00000000 00:00 0 \nSize:                  8 kB\nRss:                   0 kB\n\
        THPeligible:           0\nVmFlags: rd wr mr mw me ac dd wf \n\
        4000-5000 r--p 00000000 fe:10 7                          /tmp/VmFlags: dd\nSize: 4 kB\nVmFlags: rd mr mw me dc io \n\
        6000-7000 r--s 00000000 fe:10 8                          /x\nVmFlags: rd pf\n";

    #[test]
    fn marks_are_read_with_the_lines_of_maps() {
        let smaps = parse_smaps(TEXT.as_bytes());
        let marks: Vec<RegionMarks> = smaps.maps.regions.iter().map(|region| region.marks).collect();
        let none = RegionMarks::default();
        assert_eq!(marks[0], RegionMarks { not_dumped: true, wiped_on_fork: true, ..none });
        assert_eq!(marks[1], RegionMarks { not_forked: true, device: true, ..none });
        assert_eq!(marks[2], RegionMarks { device: true, ..none });
        assert_eq!(smaps.maps_text.iter().filter(|byte| **byte == b'\n').count(), 3);
        assert_eq!(parse_maps(&smaps.maps_text).regions.len(), 3);
    }

    #[test]
    fn pieces_of_any_size_give_the_same() {
        let whole = parse_smaps(TEXT.as_bytes());
        for size in 1..TEXT.len() {
            let mut parser = SmapsParser::default();
            TEXT.as_bytes().chunks(size).for_each(|piece| parser.push(piece));
            assert_eq!(parser.finish(), whole, "{size}");
        }
    }

    #[test]
    fn a_dropped_line_does_not_move_the_marks() {
        let text = format!("0-x rw-p 0 0:0 0\nVmFlags: dc\n{TEXT}800-900 r--p 0 0:0 0\nVmFlags: dc\n");
        let smaps = parse_smaps(text.as_bytes());
        assert_eq!(smaps.maps.dropped_lines, 2);
        assert_eq!(smaps.maps.regions, parse_smaps(TEXT.as_bytes()).maps.regions);
    }

    proptest! {
        #[test]
        fn no_contents_make_it_panic(text in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = parse_smaps(&text);
        }

        #[test]
        fn no_lines_make_it_panic(text in "([0-9a-f]{1,4}-[0-9a-f]{1,4} rw-p 0 0:0 0\n|VmFlags: (dd|dc|io)\n|Size: 1\n){0,30}") {
            let smaps = parse_smaps(text.as_bytes());
            prop_assert!(smaps.maps.regions.is_sorted_by(|a, b| a.end <= b.start));
        }
    }
}
