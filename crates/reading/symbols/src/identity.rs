//! Whether a file is the one that was loaded when the dump was made.

use minidump::Module;

use crate::elf::ElfImage;

/// How a file compares with a module record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The same build id.
    Same,
    /// Neither has one: only the path speaks for it.
    PathOnly,
    /// Another build.
    Different,
}

/// Compares build ids. `no_build_id`: the dump says that the module had none, so the id in its record stands in.
pub(crate) fn compare(image: &ElfImage, module: &dyn Module, no_build_id: bool) -> Identity {
    let recorded = module.code_identifier().map(|id| id.as_str().to_ascii_lowercase());
    let recorded = recorded.filter(|_| !no_build_id);
    match (recorded, image.build_id.is_empty()) {
        (None, true) => Identity::PathOnly,
        // Old writers record the first 16 bytes only.
        (Some(id), false) => match hex(&image.build_id) {
            own if own == id || (id.len() == 32 && own.starts_with(&id)) => Identity::Same,
            _ => Identity::Different,
        },
        // Breakpad's writers hash the code of files without a build id.
        (Some(id), true) if image.has_code_hash(&id) => Identity::Same,
        (Some(_), true) => Identity::Different,
        (None, false) if no_build_id => Identity::Different,
        (None, false) => Identity::PathOnly,
    }
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
