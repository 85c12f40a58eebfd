//! The unwind tables of one module: which entry covers an address, and the row for it.

use gimli::{
    BaseAddresses, CieOrFde, DebugFrame, EhFrame, EhFrameHdr, FrameDescriptionEntry, ParsedEhFrameHdr,
    UnwindContext, UnwindSection,
};

use crate::bytes::Section;
use crate::cfi::{Callee, Step, step};
use crate::elf::ElfImage;
use crate::limits::{MAX_UNWIND_ENTRIES, MAX_UNWIND_ROWS};

/// Tables of one module: of the file itself, and of its separate debug file.
pub(crate) struct UnwindTables {
    header: Option<(ParsedEhFrameHdr<Section>, EhFrame<Section>, BaseAddresses)>,
    eh_frame: Option<Indexed<EhFrame<Section>>>,
    debug_frame: Option<Indexed<DebugFrame<Section>>>,
    context: Box<UnwindContext<usize>>,
}

/// A table with the range of each of its entries, by address.
struct Indexed<S: UnwindSection<Section>> {
    section: S,
    bases: BaseAddresses,
    /// First address, address after the last, offset of the entry.
    ranges: Vec<(u64, u64, S::Offset)>,
}

impl UnwindTables {
    /// Finds the tables of a module in its images.
    pub(crate) fn read(images: &[&ElfImage]) -> Self {
        let mut tables =
            Self { header: None, eh_frame: None, debug_frame: None, context: Box::new(UnwindContext::new()) };
        for image in images {
            let bases = bases(image);
            if tables.header.is_none() && tables.eh_frame.is_none() {
                let eh_frame = EhFrame::from(image.section(".eh_frame"));
                match header(image, &bases) {
                    Some(header) => tables.header = Some((header, eh_frame, bases.clone())),
                    None => tables.eh_frame = Indexed::build(eh_frame, bases.clone()),
                }
            }
            if tables.debug_frame.is_none() {
                let mut section = DebugFrame::from(image.section(".debug_frame"));
                section.set_address_size(8);
                tables.debug_frame = Indexed::build(section, bases);
            }
        }
        tables
    }

    /// The caller of a frame whose instruction (or whose call) is at `address` in the file's own address space.
    pub(crate) fn step(&mut self, address: u64, callee: &Callee<'_>) -> Option<Step> {
        if let Some((header, section, bases)) = &self.header {
            let found = header.table().and_then(|table| {
                table.fde_for_address(section, bases, address, EhFrame::cie_from_offset).ok()
            });
            if let Some(entry) = found {
                return row_step(section, bases, &entry, &mut self.context, address, callee);
            }
        }
        let eh_frame =
            self.eh_frame.as_ref().and_then(|table| table.step(&mut self.context, address, callee));
        eh_frame.or_else(|| self.debug_frame.as_ref()?.step(&mut self.context, address, callee))
    }

    /// An entry covers the address: there is code there.
    pub(crate) fn covers(&self, address: u64) -> bool {
        let by_header = self.header.as_ref().is_some_and(|(header, section, bases)| {
            header.table().is_some_and(|table| {
                table.fde_for_address(section, bases, address, EhFrame::cie_from_offset).is_ok()
            })
        });
        by_header
            || self.eh_frame.as_ref().is_some_and(|table| table.find(address).is_some())
            || self.debug_frame.as_ref().is_some_and(|table| table.find(address).is_some())
    }
}

impl<S: UnwindSection<Section>> Indexed<S> {
    fn build(section: S, bases: BaseAddresses) -> Option<Self> {
        let mut ranges = Vec::new();
        let mut entries = section.entries(&bases);
        // A damaged entry ends the table; what came before it is kept.
        while let Ok(Some(entry)) = entries.next() {
            let CieOrFde::Fde(partial) = entry else { continue };
            let Ok(entry) = partial.parse(S::cie_from_offset) else { continue };
            if entry.len() > 0 {
                ranges.push((entry.initial_address(), entry.end_address(), S::Offset::from(entry.offset())));
            }
            if ranges.len() >= MAX_UNWIND_ENTRIES {
                break;
            }
        }
        ranges.sort_by_key(|range| range.0);
        (!ranges.is_empty()).then_some(Self { section, bases, ranges })
    }

    fn find(&self, address: u64) -> Option<FrameDescriptionEntry<Section>> {
        let after = self.ranges.partition_point(|range| range.0 <= address);
        let (_, end, offset) = self.ranges.get(after.checked_sub(1)?)?;
        if address >= *end {
            return None;
        }
        self.section.fde_from_offset(&self.bases, *offset, S::cie_from_offset).ok()
    }

    fn step(&self, context: &mut UnwindContext<usize>, address: u64, callee: &Callee<'_>) -> Option<Step> {
        let entry = self.find(address)?;
        row_step(&self.section, &self.bases, &entry, context, address, callee)
    }
}

fn row_step<S: UnwindSection<Section>>(
    section: &S,
    bases: &BaseAddresses,
    entry: &FrameDescriptionEntry<Section>,
    context: &mut UnwindContext<usize>,
    address: u64,
    callee: &Callee<'_>,
) -> Option<Step> {
    let mut rows = entry.rows(section, bases, context).ok()?;
    for _ in 0..MAX_UNWIND_ROWS {
        let row = rows.next_row().ok()??;
        if row.contains(address) {
            let mut caller = step(section, row, entry.cie().return_address_register(), callee)?;
            caller.signal_frame = entry.is_signal_trampoline();
            return Some(caller);
        }
    }
    None
}

fn bases(image: &ElfImage) -> BaseAddresses {
    let mut bases = BaseAddresses::default();
    if let Some(place) = image.place(".eh_frame_hdr") {
        bases = bases.set_eh_frame_hdr(place.address);
    }
    if let Some(place) = image.place(".eh_frame") {
        bases = bases.set_eh_frame(place.address);
    }
    if let Some(place) = image.place(".text") {
        bases = bases.set_text(place.address);
    }
    if let Some(place) = image.place(".got") {
        bases = bases.set_got(place.address);
    }
    bases
}

/// The search table that linkers put beside `.eh_frame`.
fn header(image: &ElfImage, bases: &BaseAddresses) -> Option<ParsedEhFrameHdr<Section>> {
    image.place(".eh_frame_hdr")?;
    let header = EhFrameHdr::from(image.section(".eh_frame_hdr")).parse(bases, 8).ok()?;
    header.table().is_some().then_some(header)
}
