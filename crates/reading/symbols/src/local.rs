//! One module's own file (or image in the dump's memory) with its separate debug file: names, lines, unwind rules.

use std::path::Path;

use addr2line::Context;
use minidump::Module;

use crate::bytes::{Section, SharedBytes};
use crate::cfi::{Callee, Step};
use crate::config::SymbolConfig;
use crate::debug_files;
use crate::elf::ElfImage;
use crate::identity::{Identity, compare};
use crate::limits::MAX_INLINES;
use crate::names::{cut, demangle};
use crate::provider::{InlineCall, Resolved};
use crate::symbol_table::SymbolTable;
use crate::unwind_table::UnwindTables;

/// What Linux appends to the path of a mapped file that was removed.
const DELETED: &str = " (deleted)";

/// A module whose file is here. Tables are read when they are first needed.
pub(crate) struct LocalModule {
    /// The file, and its separate debug file; the first has the code.
    images: Vec<ElfImage>,
    supplementary: Option<ElfImage>,
    symbols: Option<SymbolTable>,
    unwind: Option<UnwindTables>,
    lines: Option<Option<Context<Section>>>,
}

impl LocalModule {
    /// Opens the file of a module. The error is a note, empty where there is nothing to say.
    pub(crate) fn open(
        config: &SymbolConfig,
        module: &dyn Module,
        no_build_id: bool,
        notes: &mut Vec<String>,
    ) -> Option<Self> {
        let recorded = module.code_file();
        let path = Path::new(recorded.strip_suffix(DELETED).unwrap_or(&recorded));
        if !path.is_absolute() {
            return None;
        }
        let by_id = || debug_only(config, module, no_build_id);
        let Some(image) = debug_files::open(config, path) else { return by_id() };
        match compare(&image, module, no_build_id) {
            Identity::Same => {}
            Identity::PathOnly => notes.push(format!(
                "{recorded} has no build id: its symbols come from the file at that path, which may be another build."
            )),
            Identity::Different => {
                notes.push(format!("The file at {recorded} is another build than the one that was loaded."));
                return by_id();
            }
        }
        let debug = if image.has_debug_info() { None } else { debug_files::find(config, path, &image) };
        Some(Self::new(config, image, debug))
    }

    /// A module whose ELF image lies in the dump's memory, as the vdso's does.
    pub(crate) fn from_image(bytes: &[u8]) -> Option<Self> {
        let image = ElfImage::parse(SharedBytes::copied(bytes))?;
        Some(Self {
            images: vec![image],
            supplementary: None,
            symbols: None,
            unwind: None,
            lines: Some(None),
        })
    }

    fn new(config: &SymbolConfig, image: ElfImage, debug: Option<ElfImage>) -> Self {
        let with_lines = debug.as_ref().unwrap_or(&image);
        let supplementary = debug_files::find_supplementary(config, with_lines);
        let images = std::iter::once(image).chain(debug).collect();
        Self { images, supplementary, symbols: None, unwind: None, lines: None }
    }

    /// Address in the process minus address in the file, for a module at `base`.
    fn bias(&self, base: u64) -> u64 {
        base.wrapping_sub(self.images.first().map_or(0, |image| image.first_page))
    }

    /// Names and lines at an address in the process.
    pub(crate) fn resolve(&mut self, base: u64, address: u64) -> Option<Resolved> {
        let bias = self.bias(base);
        let probe = address.wrapping_sub(bias);
        let images: Vec<&ElfImage> = self.images.iter().collect();
        let table = self.symbols.get_or_insert_with(|| SymbolTable::read(&images));
        let symbol = table.find(&images, probe);
        let mut resolved = self.lines(probe).unwrap_or_default();
        if let Some((start, name)) = symbol {
            resolved.function_base = Some(start.wrapping_add(bias));
            resolved.function.get_or_insert(name);
        }
        resolved.function.is_some().then_some(resolved)
    }

    /// The file has function names.
    pub(crate) fn has_names(&mut self) -> bool {
        let images: Vec<&ElfImage> = self.images.iter().collect();
        let table = self.symbols.get_or_insert_with(|| SymbolTable::read(&images));
        !table.is_empty() || self.images.iter().any(ElfImage::has_debug_info)
    }

    /// The caller of a frame whose instruction (or whose call) is at `address` in the process.
    pub(crate) fn step(&mut self, base: u64, address: u64, callee: &Callee<'_>) -> Option<Step> {
        let bias = self.bias(base);
        let callee = Callee { bias, ..*callee };
        self.tables().step(address.wrapping_sub(bias), &callee)
    }

    /// An unwind entry covers the address.
    pub(crate) fn covers(&mut self, base: u64, address: u64) -> bool {
        let bias = self.bias(base);
        self.tables().covers(address.wrapping_sub(bias))
    }

    fn tables(&mut self) -> &mut UnwindTables {
        let images = &self.images;
        self.unwind.get_or_insert_with(|| UnwindTables::read(&images.iter().collect::<Vec<_>>()))
    }

    /// Function, line and inlined calls from DWARF.
    fn lines(&mut self, probe: u64) -> Option<Resolved> {
        let (images, supplementary) = (&self.images, self.supplementary.as_ref());
        let context = self.lines.get_or_insert_with(|| open_lines(images, supplementary)).as_ref()?;
        let mut frames = context.find_frames(probe).skip_all_loads().ok()?;
        let mut calls = Vec::new();
        // Innermost first; the last is the function itself.
        while let Ok(Some(frame)) = frames.next() {
            let name = frame.function.as_ref().and_then(|function| function.raw_name().ok());
            let location = frame.location.as_ref();
            calls.push(InlineCall {
                function: name.map(|name| demangle(&name)),
                file: location.and_then(|place| place.file).map(cut),
                line: location.and_then(|place| place.line).filter(|line| *line > 0),
            });
            if calls.len() > MAX_INLINES {
                break;
            }
        }
        let InlineCall { function, file, line } = calls.pop()?;
        Some(Resolved { function, function_base: None, file, line, inlines: calls })
    }
}

/// Names from a separate debug file alone, where the module's own file is gone or was replaced.
fn debug_only(config: &SymbolConfig, module: &dyn Module, no_build_id: bool) -> Option<LocalModule> {
    let id = module.code_identifier().filter(|_| !no_build_id)?;
    let image = debug_files::find_by_build_id(config, &unhex(id.as_str())?)?;
    Some(LocalModule::new(config, image, None))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
}

fn open_lines(images: &[ElfImage], supplementary: Option<&ElfImage>) -> Option<Context<Section>> {
    let image = images.iter().find(|image| image.has_debug_info())?;
    let mut dwarf = gimli::Dwarf::load(|id| Ok::<_, gimli::Error>(image.debug_section(id))).ok()?;
    if let Some(shared) = supplementary {
        dwarf.load_sup(|id| Ok::<_, gimli::Error>(shared.debug_section(id))).ok()?;
    }
    Context::from_dwarf(dwarf).ok()
}
