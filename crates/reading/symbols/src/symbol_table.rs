//! Function symbols by address: `.symtab` and `.dynsym` of a module and of its separate debug file.

use std::collections::HashSet;

use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};

use crate::elf::ElfImage;
use crate::limits::MAX_SYMBOLS;
use crate::names::demangle;

/// Longest distance from a symbol without a size (hand-written assembly) to an address that it still names.
const MAX_UNSIZED_BYTES: u64 = 4096;

/// One function.
#[derive(Clone, Copy, Debug)]
struct Entry {
    address: u64,
    size: u64,
    /// Which image the name is in, and where in its bytes.
    image: u8,
    name_at: usize,
    name_bytes: u32,
    /// Weak and local names are second choice where several symbols share an address.
    global: bool,
}

/// Functions of a module.
#[derive(Debug, Default)]
pub(crate) struct SymbolTable {
    entries: Vec<Entry>,
}

impl SymbolTable {
    /// From the images of one module, best first; at most 255 of them.
    pub(crate) fn read(images: &[&ElfImage]) -> Self {
        let mut entries = Vec::new();
        for (index, image) in images.iter().enumerate() {
            if let Ok(file) = ElfFile64::<LittleEndian>::parse(&*image.bytes) {
                let start = image.bytes.as_ptr() as usize;
                let code = file.sections().filter(|section| section.kind() == SectionKind::Text);
                let code: HashSet<usize> = code.map(|section| section.index().0).collect();
                let symbols = file.symbols().chain(file.dynamic_symbols());
                let read = symbols.filter_map(|symbol| entry(index as u8, start, &code, &symbol));
                entries.extend(read.take(MAX_SYMBOLS.saturating_sub(entries.len())));
            }
        }
        entries.sort_by_key(|entry: &Entry| (entry.address, entry.size != 0, entry.global, entry.size));
        Self { entries }
    }

    /// The function at an address in the file's own address space: its first address and readable name.
    pub(crate) fn find(&self, images: &[&ElfImage], address: u64) -> Option<(u64, String)> {
        let after = self.entries.partition_point(|entry| entry.address <= address);
        let next = self.entries.get(after).map(|entry| entry.address);
        let candidates = self.entries.get(..after)?.iter().rev();
        // Zero-sized labels inside a function must not hide it; a few steps back are enough for real files.
        let entry = candidates.take(16).find(|entry| entry.covers(address, next))?;
        let image = images.get(usize::from(entry.image))?;
        let name = image.bytes.get(entry.name_at..)?.get(..entry.name_bytes as usize)?;
        Some((entry.address, demangle(&String::from_utf8_lossy(name))))
    }

    /// No function is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Entry {
    fn covers(&self, address: u64, next: Option<u64>) -> bool {
        let distance = address - self.address;
        if self.size > 0 {
            return distance < self.size;
        }
        distance < MAX_UNSIZED_BYTES && next.is_none_or(|next| address < next)
    }
}

fn entry<'data>(
    image: u8,
    start: usize,
    code: &HashSet<usize>,
    symbol: &impl ObjectSymbol<'data>,
) -> Option<Entry> {
    let is_function = match symbol.kind() {
        SymbolKind::Text => true,
        // Labels of hand-written assembly, where they mark code.
        SymbolKind::Label | SymbolKind::Unknown => {
            symbol.section_index().is_some_and(|section| code.contains(&section.0))
        }
        _ => false,
    };
    if !is_function || symbol.is_undefined() {
        return None;
    }
    let name = symbol.name_bytes().ok().filter(|name| !name.is_empty())?;
    Some(Entry {
        address: symbol.address(),
        size: symbol.size(),
        image,
        name_at: (name.as_ptr() as usize).checked_sub(start)?,
        name_bytes: u32::try_from(name.len()).ok()?,
        global: symbol.is_global() && !symbol.is_weak(),
    })
}
