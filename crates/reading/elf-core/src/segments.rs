//! Which memory becomes which segment: bytes that the dump has, cut at the borders of mappings; and mappings of files
//! without bytes, which a debugger then reads from the file.

use crate::mappings::{Mapping, UNKNOWN_ACCESS};

/// A memory segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// `PF_*`.
    pub(crate) flags: u32,
    /// Where its bytes are in the dump; `None` = it has none.
    pub(crate) dump_offset: Option<u64>,
}

/// Bytes of the dump: first address, bytes, and where they are in the dump.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) start: u64,
    pub(crate) size: u64,
    pub(crate) dump_offset: u64,
}

impl Held {
    const fn end(&self) -> u64 {
        self.start.saturating_add(self.size)
    }
}

/// Segments by address; `held` and `mappings` are by address and do not overlap among themselves.
pub(crate) fn segments(held: &[Held], mappings: &[Mapping]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::with_capacity(held.len());
    let (mut held, mut mappings) = (held.iter().peekable(), mappings.iter().peekable());
    let mut at = 0;
    loop {
        while held.next_if(|it| it.end() <= at).is_some() {}
        while mappings.next_if(|it| it.end <= at).is_some() {}
        let (bytes, mapping) = (held.peek().copied(), mappings.peek().copied());
        let starts = [bytes.map(|it| it.start), mapping.map(|it| it.start)];
        let Some(start) = starts.into_iter().flatten().map(|start| start.max(at)).min() else {
            return segments;
        };
        let border = |from: u64, to: u64| if from <= start { to } else { from };
        let ends = [bytes.map(|it| border(it.start, it.end())), mapping.map(|it| border(it.start, it.end))];
        let Some(end) = ends.into_iter().flatten().min() else { return segments };
        let bytes = bytes.filter(|it| it.start <= start);
        let mapping = mapping.filter(|it| it.start <= start);
        if bytes.is_some() || mapping.is_some_and(|it| it.file.is_some()) {
            let dump_offset = bytes.map(|it| it.dump_offset.saturating_add(start - it.start));
            let flags = mapping.map_or(UNKNOWN_ACCESS, |it| it.flags);
            push(&mut segments, Segment { start, end, flags, dump_offset });
        }
        at = end;
    }
}

/// Joins what lies together both in memory and in the dump.
fn push(segments: &mut Vec<Segment>, next: Segment) {
    if let Some(last) = segments.last_mut() {
        let follows = match (last.dump_offset, next.dump_offset) {
            (Some(one), Some(two)) => one.saturating_add(last.end - last.start) == two,
            _ => false,
        };
        if last.end == next.start && last.flags == next.flags && follows {
            last.end = next.end;
            return;
        }
    }
    segments.push(next);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mappings::{MappedFile, PF_R, PF_X};

    #[test]
    fn bytes_are_cut_at_mappings_and_files_without_bytes_stay() {
        let mapping = |start, end, flags, file: bool| Mapping {
            start,
            end,
            flags,
            file: file.then(|| MappedFile { path: b"/f".to_vec(), offset: 0 }),
        };
        let held = |start, size, dump_offset| Held { start, size, dump_offset };
        let mappings =
            [mapping(10, 30, PF_R, true), mapping(30, 40, PF_X, false), mapping(50, 60, PF_R, false)];
        let held = [held(10, 5, 100), held(15, 5, 105), held(28, 4, 200), held(90, 1, 300)];
        let found: Vec<_> = segments(&held, &mappings)
            .iter()
            .map(|segment| (segment.start, segment.end, segment.flags, segment.dump_offset))
            .collect();
        assert_eq!(
            found,
            [
                (10, 20, PF_R, Some(100)),
                (20, 28, PF_R, None),
                (28, 30, PF_R, Some(200)),
                (30, 32, PF_X, Some(202)),
                (90, 91, UNKNOWN_ACCESS, Some(300)),
            ]
        );
    }
}
