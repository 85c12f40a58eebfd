//! Breakpad symbol files that were uploaded: `<folder>/<debug file>/<debug id>/<debug file>.sym`.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use breakpad_symbols::SymbolFile;
use minidump::Module;

use crate::limits::MAX_BREAKPAD_BYTES;

/// Where the symbol file of a module would lie below a folder of symbols. `None` where the record names no file, or
/// one that cannot be a folder's name.
pub(crate) fn relative_path(module: &dyn Module) -> Option<PathBuf> {
    let debug_file =
        module.debug_file().filter(|name| !name.is_empty()).unwrap_or_else(|| module.code_file());
    let leaf = debug_file.rsplit(['/', '\\']).next().unwrap_or("");
    if leaf.is_empty() || leaf == "." || leaf == ".." || leaf.contains('\0') || leaf.len() > 255 {
        return None;
    }
    let stem = leaf.strip_suffix(".pdb").unwrap_or(leaf);
    let id = module.debug_identifier()?.breakpad().to_string();
    Some(PathBuf::from(leaf).join(id).join(format!("{stem}.sym")))
}

/// Loads the symbol file of a module. A note where there is one that cannot be used.
pub(crate) fn load(folders: &[PathBuf], module: &dyn Module) -> Result<Option<SymbolFile>, String> {
    let Some(relative) = relative_path(module) else { return Ok(None) };
    let Some(path) = folders.iter().map(|folder| folder.join(&relative)).find(|path| path.is_file()) else {
        return Ok(None);
    };
    let name = module.code_file().into_owned();
    let file =
        File::open(&path).map_err(|error| format!("The symbol file of {name} cannot be read: {error}."))?;
    let symbols = SymbolFile::parse(file.take(MAX_BREAKPAD_BYTES), |_| ())
        .map_err(|error| format!("The symbol file of {name} is damaged: {error}."))?;
    let expected = module.debug_identifier().map(|id| id.breakpad().to_string());
    if expected.is_none_or(|id| !id.eq_ignore_ascii_case(&symbols.module_id)) {
        return Err(format!("The symbol file of {name} is of another build ({}).", symbols.module_id));
    }
    Ok(Some(symbols))
}
