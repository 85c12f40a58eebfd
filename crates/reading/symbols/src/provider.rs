//! The provider: one place that answers for every module of a dump, and keeps what it has parsed.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use breakpad_symbols::SymbolFile;
use minidump::Module;
use minidump_unwind::{FileError, FileKind, FillSymbolError, FrameSymbolizer, FrameWalker, SymbolProvider};

use crate::cfi::{Callee, Step, walker_register};
use crate::config::SymbolConfig;
use crate::limits::{MAX_INLINES, MAX_NOTES};
use crate::local::LocalModule;
use crate::names::{cut, demangle};
use crate::uploaded;

/// A call that the compiler inlined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InlineCall {
    /// The inlined function.
    pub function: Option<String>,
    /// Source file of the place inside it.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
}

/// What is known about an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The function, demangled.
    pub function: Option<String>,
    /// Its first address in the process.
    pub function_base: Option<u64>,
    /// Source file.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<u32>,
    /// Inlined calls at the address, innermost first.
    pub inlines: Vec<InlineCall>,
}

/// Symbols of the modules of one dump: local ELF files where the build id is the dump's, and uploaded Breakpad files.
pub struct LocalAndUploaded {
    config: SymbolConfig,
    /// Bases of modules whose recorded id stands in for a missing build id.
    without_build_id: HashSet<u64>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    modules: HashMap<u64, LoadedModule>,
    notes: Vec<String>,
}

/// What was found for one module.
#[derive(Default)]
struct LoadedModule {
    local: Option<LocalModule>,
    uploaded: Option<SymbolFile>,
    /// A parser gave up on it in a way that it should not have; it is not asked again.
    broken: bool,
}

impl LocalAndUploaded {
    /// A provider for one dump. `without_build_id`: bases of the modules whose recorded id stands in for none.
    #[must_use]
    pub fn new(config: SymbolConfig, without_build_id: impl IntoIterator<Item = u64>) -> Self {
        let without_build_id = without_build_id.into_iter().collect();
        Self { config, without_build_id, state: Mutex::default() }
    }

    /// Gives the ELF image of a module that has no file, read from the dump's memory (the vdso).
    pub fn add_image(&self, base: u64, bytes: &[u8]) {
        let Ok(local) = catch_unwind(|| LocalModule::from_image(bytes)) else { return };
        let loaded = LoadedModule { local, ..LoadedModule::default() };
        self.state.lock().unwrap_or_else(PoisonError::into_inner).modules.insert(base, loaded);
    }

    /// Function, line and inlined calls at an address in the process.
    #[must_use]
    pub fn resolve(&self, module: &dyn Module, address: u64) -> Option<Resolved> {
        self.with(module, |loaded| loaded.resolve(module, address)).flatten()
    }

    /// The caller of the frame that `walker` stands on, by call frame information. `address`: its instruction, or for
    /// a caller an address inside its call. `None` where no rule covers it.
    pub fn step(&self, module: &dyn Module, address: u64, walker: &dyn FrameWalker) -> Option<Step> {
        self.with(module, |loaded| {
            let register = |number| walker_register(walker, number);
            let memory = |address| walker.get_register_at_address(address);
            let callee = Callee { register: &register, memory: &memory, bias: 0 };
            loaded.local.as_mut()?.step(module.base_address(), address, &callee)
        })
        .flatten()
    }

    /// The same by the rules of an uploaded Breakpad file, whose results go into the walker.
    pub fn uploaded_step(&self, module: &dyn Module, walker: &mut dyn FrameWalker) -> Option<()> {
        self.with(module, |loaded| loaded.uploaded.as_ref()?.walk_frame(module, walker)).flatten()
    }

    /// Whether there can be code at an address, as far as the symbols tell; true where there are none.
    #[must_use]
    pub fn may_be_code(&self, module: &dyn Module, address: u64) -> bool {
        let answer = self.with(module, |loaded| {
            let known =
                loaded.local.as_mut().is_some_and(|local| local.covers(module.base_address(), address));
            known || !loaded.has_symbols() || loaded.resolve(module, address).is_some()
        });
        answer.unwrap_or(true)
    }

    /// Whether symbols were found for a module that was asked about; false for one that was not.
    #[must_use]
    pub fn has_symbols(&self, module: &dyn Module) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = state.modules.get_mut(&module.base_address());
        loaded.is_some_and(|loaded| {
            !loaded.broken && catch_unwind(AssertUnwindSafe(|| loaded.has_symbols())).unwrap_or(false)
        })
    }

    /// What could not be used, each a sentence, in the order in which it was found.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).notes.clone()
    }

    /// Loads the module if it is new, and asks it. A panic in a parser costs this module only.
    fn with<T>(&self, module: &dyn Module, ask: impl FnOnce(&mut LoadedModule) -> T) -> Option<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { modules, notes } = &mut *state;
        let asked = catch_unwind(AssertUnwindSafe(|| {
            let load = || self.load(module, notes);
            let loaded = modules.entry(module.base_address()).or_insert_with(load);
            (!loaded.broken).then(|| ask(loaded))
        }));
        if asked.is_err() {
            modules.insert(module.base_address(), LoadedModule { broken: true, ..LoadedModule::default() });
            notes.push(format!("The symbols of {} are damaged and were not used.", module.code_file()));
        }
        notes.truncate(MAX_NOTES);
        asked.ok().flatten()
    }

    fn load(&self, module: &dyn Module, notes: &mut Vec<String>) -> LoadedModule {
        tracing::debug!(module.base = module.base_address(), "loading symbols");
        let no_build_id = self.without_build_id.contains(&module.base_address());
        let local =
            self.config.read_local.then(|| LocalModule::open(&self.config, module, no_build_id, notes));
        let uploaded = uploaded::load(&self.config.breakpad_dirs, module).unwrap_or_else(|note| {
            notes.push(note);
            None
        });
        LoadedModule { local: local.flatten(), uploaded, broken: false }
    }
}

impl LoadedModule {
    /// Local lines first, then what was uploaded, then local names without lines.
    fn resolve(&mut self, module: &dyn Module, address: u64) -> Option<Resolved> {
        let local = self.local.as_mut().and_then(|local| local.resolve(module.base_address(), address));
        if local.as_ref().is_some_and(|resolved| resolved.file.is_some()) {
            return local;
        }
        let uploaded = self.uploaded.as_ref().and_then(|symbols| {
            let mut frame = UploadedFrame { address, resolved: Resolved::default() };
            symbols.fill_symbol(module, &mut frame);
            // The file gives inlined calls outermost first.
            frame.resolved.inlines.reverse();
            frame.resolved.function.is_some().then_some(frame.resolved)
        });
        uploaded.or(local)
    }

    fn has_symbols(&mut self) -> bool {
        self.uploaded.is_some() || self.local.as_mut().is_some_and(LocalModule::has_names)
    }
}

/// Takes what a Breakpad file says about an address.
struct UploadedFrame {
    address: u64,
    resolved: Resolved,
}

impl FrameSymbolizer for UploadedFrame {
    fn get_instruction(&self) -> u64 {
        self.address
    }

    fn set_function(&mut self, name: &str, base: u64, _parameter_size: u32) {
        self.resolved.function = Some(demangle(name));
        self.resolved.function_base = Some(base);
    }

    fn set_source_file(&mut self, file: &str, line: u32, _base: u64) {
        self.resolved.file = Some(cut(file));
        self.resolved.line = (line > 0).then_some(line);
    }

    fn add_inline_frame(&mut self, name: &str, file: Option<&str>, line: Option<u32>) {
        if self.resolved.inlines.len() < MAX_INLINES {
            let call = InlineCall { function: Some(demangle(name)), file: file.map(cut), line };
            self.resolved.inlines.push(call);
        }
    }
}

#[async_trait]
impl SymbolProvider for LocalAndUploaded {
    async fn fill_symbol(
        &self,
        module: &(dyn Module + Sync),
        frame: &mut (dyn FrameSymbolizer + Send),
    ) -> Result<(), FillSymbolError> {
        let Some(resolved) = self.resolve(module, frame.get_instruction()) else {
            return if self.has_symbols(module) { Ok(()) } else { Err(FillSymbolError {}) };
        };
        let base = resolved.function_base.unwrap_or(module.base_address());
        frame.set_function(resolved.function.as_deref().unwrap_or(""), base, 0);
        if let Some(file) = &resolved.file {
            frame.set_source_file(file, resolved.line.unwrap_or(0), base);
        }
        for call in resolved.inlines.iter().rev() {
            frame.add_inline_frame(call.function.as_deref().unwrap_or(""), call.file.as_deref(), call.line);
        }
        Ok(())
    }

    async fn walk_frame(
        &self,
        module: &(dyn Module + Sync),
        walker: &mut (dyn FrameWalker + Send),
    ) -> Option<()> {
        match self.step(module, walker.get_instruction(), walker) {
            Some(step) => step.apply(walker),
            None => self.uploaded_step(module, walker),
        }
    }

    async fn get_file_path(
        &self,
        _module: &(dyn Module + Sync),
        _kind: FileKind,
    ) -> Result<PathBuf, FileError> {
        Err(FileError::NotFound)
    }
}
