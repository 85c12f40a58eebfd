//! Modules: executables and libraries mapped into a process.

/// What kind of file a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// The executable.
    Executable,
    /// A shared object.
    Library,
    /// The kernel's `linux-gate.so`.
    Vdso,
    /// A mapped ELF file that the loader does not list, or a memfd.
    Other,
}

/// One module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleSnapshot {
    /// First address.
    pub base: u64,
    /// Bytes from the first to the last of its mappings.
    pub size: u64,
    /// Full path as the kernel names it, without its " (deleted)" mark; `linux-gate.so` for the vdso.
    pub path: String,
    /// The file was deleted or replaced after it was mapped.
    pub deleted: bool,
    /// GNU build id, from the process's memory; empty = none.
    pub build_id: Vec<u8>,
    /// Without a build id: a hash of the first page of its text, which stands in; flagged in the dump.
    pub synthetic_id: bool,
    /// `DT_SONAME`.
    pub soname: Option<String>,
    /// Version of the file, from its name (`libfoo.so.1.2.3`) or its soname.
    pub version: Option<[u16; 4]>,
    /// What it is.
    pub kind: ModuleKind,
}

impl ModuleSnapshot {
    /// Whether an address lies within it.
    #[must_use]
    pub const fn contains(&self, address: u64) -> bool {
        address >= self.base && address - self.base < self.size
    }

    /// The last part of its path.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// A module that was mapped once and is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnloadedModule {
    /// Its first address then.
    pub base: u64,
    /// Bytes then.
    pub size: u64,
    /// Path as the loader named it.
    pub path: String,
}
