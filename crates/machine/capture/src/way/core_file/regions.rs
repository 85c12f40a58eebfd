//! Mappings from a core: its segments say where and with what rights, its list of files says of what.

use wer_snapshot::{MemoryReader, Protection, Region, RegionKind, RegionMarks};

use super::memory::CoreMemory;
use super::notes::MappedFile;
use super::segments::{self, Segment};
use crate::elf::{Image, PF_X, PT_LOAD};

const AT_EXECFN: u64 = 31;
const AT_RANDOM: u64 = 25;
pub(super) const AT_SYSINFO_EHDR: u64 = 33;
const PF_W: u32 = 2;
const PF_R: u32 = 4;
/// The vsyscall page, the last thing in every address space.
const VSYSCALL: u64 = 0xffff_ffff_ff60_0000;

/// The value of a key in an auxiliary vector.
pub(super) fn auxv_value(auxv: &[(u64, u64)], key: u64) -> Option<u64> {
    auxv.iter().find(|(found, _)| *found == key).map(|(_, value)| *value).filter(|value| *value != 0)
}

/// Makes the mappings, by address.
pub(super) fn regions(memory: &CoreMemory, files: &[MappedFile], auxv: &[(u64, u64)]) -> Vec<Region> {
    let mut regions: Vec<Region> =
        pieces(memory.segments(), files).into_iter().map(|piece| region(&piece, auxv)).collect();
    name_kernel_pages(&mut regions, auxv);
    guess_rights(&mut regions, memory);
    regions
}

/// Marks what has no bytes anywhere; the file's end does not count as left out.
pub(super) fn mark_left_out(regions: &mut [Region], memory: &CoreMemory) {
    for region in regions {
        let cut = segments::at(memory.segments(), region.start).is_some_and(|segment| segment.cut > 0);
        region.marks.not_dumped = !cut && !memory.has(region.start);
    }
}

/// Addresses that belong to one segment, or one file, or both.
struct Piece<'a> {
    start: u64,
    end: u64,
    segment: Option<&'a Segment>,
    file: Option<&'a MappedFile>,
}

fn pieces<'a>(segments: &'a [Segment], files: &'a [MappedFile]) -> Vec<Piece<'a>> {
    let mut pieces = Vec::with_capacity(segments.len());
    let (mut segments, mut files) = (segments.iter().peekable(), files.iter().peekable());
    let mut at = 0;
    loop {
        while segments.next_if(|segment| segment.end <= at).is_some() {}
        while files.next_if(|file| file.end <= at).is_some() {}
        let (segment, file) = (segments.peek().copied(), files.peek().copied());
        let starts = [segment.map(|it| it.start), file.map(|it| it.start)];
        let Some(start) = starts.into_iter().flatten().map(|start| start.max(at)).min() else {
            return pieces;
        };
        // The end of what has begun, or the beginning of what has not.
        let border = |from: u64, to: u64| if from <= start { to } else { from };
        let ends = [segment.map(|it| border(it.start, it.end)), file.map(|it| border(it.start, it.end))];
        let Some(end) = ends.into_iter().flatten().min() else { return pieces };
        pieces.push(Piece {
            start,
            end,
            segment: segment.filter(|it| it.start <= start),
            file: file.filter(|it| it.start <= start),
        });
        at = end;
    }
}

fn region(piece: &Piece<'_>, auxv: &[(u64, u64)]) -> Region {
    let flags = piece.segment.map_or(0, |segment| segment.flags);
    let is_at = |key| auxv_value(auxv, key).is_some_and(|at| (piece.start..piece.end).contains(&at));
    let kind = match piece.file {
        Some(file) => file_kind(&file.path),
        None if piece.start >= VSYSCALL => RegionKind::Kernel,
        None if is_at(AT_SYSINFO_EHDR) => RegionKind::Vdso,
        None if is_at(AT_RANDOM) || is_at(AT_EXECFN) => RegionKind::Stack,
        None => RegionKind::Anonymous,
    };
    Region {
        start: piece.start,
        end: piece.end,
        protection: Protection {
            read: flags & PF_R != 0,
            write: flags & PF_W != 0,
            execute: flags & PF_X != 0,
            shared: false,
        },
        offset: piece.file.map_or(0, |file| file.offset.saturating_add(piece.start - file.start)),
        device: 0,
        inode: 0,
        kind,
        marks: RegionMarks::default(),
    }
}

fn file_kind(path: &str) -> RegionKind {
    match path.strip_suffix(" (deleted)") {
        Some(path) => RegionKind::File { path: path.into(), deleted: true },
        None => RegionKind::File { path: path.into(), deleted: false },
    }
}

/// The kernel's data pages lie right below the vdso, two mappings that nobody may write to.
fn name_kernel_pages(regions: &mut [Region], auxv: &[(u64, u64)]) {
    const MAX_MAPPINGS: usize = 2;
    let vdso = auxv_value(auxv, AT_SYSINFO_EHDR).unwrap_or(0);
    let index = regions.partition_point(|region| region.start < vdso);
    let mut above = vdso;
    for region in regions.get_mut(..index).unwrap_or_default().iter_mut().rev().take(MAX_MAPPINGS) {
        let rights = region.protection;
        let is_read_only = rights.read && !rights.write && !rights.execute;
        if region.end != above || region.kind != RegionKind::Anonymous || !is_read_only {
            break;
        }
        region.kind = RegionKind::Kernel;
        above = region.start;
    }
}

/// A debugger leaves mappings out that are as in their files; their rights are those of the image that they belong to.
fn guess_rights(regions: &mut [Region], memory: &CoreMemory) {
    let mut image: Option<(String, u64, Image<'_>)> = None;
    for region in regions {
        let RegionKind::File { path, .. } = &region.kind else { continue };
        if region.offset == 0 && memory.has(region.start) {
            image = Image::read(memory, region.start).map(|image| (path.clone(), region.start, image));
        }
        if segments::at(memory.segments(), region.start).is_some() {
            continue;
        }
        region.protection.read = true;
        let own =
            image.as_ref().filter(|(name, base, image)| name == path && region.start - base < image.span());
        region.protection.execute = own.is_some_and(|(_, _, image)| {
            let address = region.start.wrapping_sub(image.bias());
            image.headers().iter().any(|header| {
                header.kind == PT_LOAD
                    && header.flags & PF_X != 0
                    && address.wrapping_sub(header.address & !0xfff)
                        < header.memory_bytes.saturating_add(0xfff)
            })
        });
    }
}

/// The mappings as `/proc/PID/maps` would have them, for readers that know that stream. Device and inode are not in a
/// core.
pub(super) fn as_maps_text(regions: &[Region]) -> Vec<u8> {
    use std::fmt::Write as _;
    let mut text = String::new();
    for region in regions {
        let letter = |set: bool, letter: char| if set { letter } else { '-' };
        let Protection { read, write, execute, shared } = region.protection;
        let _ = write!(
            text,
            "{:x}-{:x} {}{}{}{} {:08x} 00:00 0",
            region.start,
            region.end,
            letter(read, 'r'),
            letter(write, 'w'),
            letter(execute, 'x'),
            if shared { 's' } else { 'p' },
            region.offset
        );
        match &region.kind {
            RegionKind::Anonymous => {}
            RegionKind::Heap => text.push_str(" [heap]"),
            RegionKind::Stack => text.push_str(" [stack]"),
            RegionKind::Vdso => text.push_str(" [vdso]"),
            RegionKind::Kernel if region.start >= VSYSCALL => text.push_str(" [vsyscall]"),
            RegionKind::Kernel => text.push_str(" [vvar]"),
            RegionKind::File { path, deleted } => {
                let mark = if *deleted { " (deleted)" } else { "" };
                let _ = write!(text, " {}{mark}", path.replace('\n', "\\012"));
            }
        }
        text.push('\n');
    }
    text.into_bytes()
}

/// Whether the bytes at an address begin as an ELF image.
pub(super) fn is_image(memory: &dyn MemoryReader, address: u64) -> bool {
    let mut magic = [0; 4];
    memory.read(address, &mut magic) == magic.len() && &magic == b"\x7fELF"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_segments_cut_at_the_borders_of_files() {
        let segment = |start, end| Segment { start, end, flags: 4, offset: 0, stored: 0, cut: 0 };
        let file = |start, end| MappedFile { start, end, offset: 0, path: "/f".into() };
        let segments = [segment(10, 20), segment(20, 30), segment(50, 60)];
        let files = [file(5, 8), file(12, 25), file(58, 70)];
        let found: Vec<_> = pieces(&segments, &files)
            .iter()
            .map(|piece| (piece.start, piece.end, piece.segment.is_some(), piece.file.is_some()))
            .collect();
        assert_eq!(
            found,
            [
                (5, 8, false, true),
                (10, 12, true, false),
                (12, 20, true, true),
                (20, 25, true, true),
                (25, 30, true, false),
                (50, 58, true, false),
                (58, 60, true, true),
                (60, 70, false, true),
            ]
        );
    }
}
