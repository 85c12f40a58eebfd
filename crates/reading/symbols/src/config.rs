//! Where symbols may come from.

use std::path::{Path, PathBuf};

/// Which places are looked at. Nothing outside them is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SymbolConfig {
    /// ELF files and separate debug files are used only below these folders, links resolved; empty = anywhere.
    pub local_roots: Vec<PathBuf>,
    /// Folders of Breakpad symbol files: `<folder>/<debug file>/<debug id>/<debug file>.sym`.
    pub breakpad_dirs: Vec<PathBuf>,
    /// Look at ELF files of this machine at all.
    pub read_local: bool,
}

impl SymbolConfig {
    /// ELF files anywhere on this machine: for a person who looks at a dump of their own.
    #[must_use]
    pub fn local() -> Self {
        Self { read_local: true, ..Self::default() }
    }

    /// Folders that hold a Debian or Fedora system's own programs, libraries and separate debug files.
    #[must_use]
    pub fn system_roots() -> Vec<PathBuf> {
        ["/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt"].map(PathBuf::from).to_vec()
    }

    /// Whether a path, links resolved, may be opened. `None` = there is no such file or it lies elsewhere.
    pub(crate) fn allowed(&self, path: &Path) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?;
        let below = |root: &PathBuf| root.canonicalize().is_ok_and(|root| path.starts_with(root));
        (self.local_roots.is_empty() || self.local_roots.iter().any(below)).then_some(path)
    }
}
