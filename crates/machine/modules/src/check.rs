//! Looks at a module's file without loading it: would a host accept it, and does it use what goes wrong silently.

use core::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use object::elf::{EM_X86_64, ET_DYN, FileHeader64, STB_LOCAL, STV_HIDDEN, STV_INTERNAL};
use object::read::elf::{FileHeader, Sym};
use object::{Endianness, elf};

use crate::limits::{MAX_CHECKED_FILE_BYTES, MAX_NAMED_IMPORTS};
use crate::protocol::Callback;

/// A file that could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It cannot be read.
    #[error("{path} cannot be read: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// It is larger than [`MAX_CHECKED_FILE_BYTES`].
    #[error("{path} is larger than {MAX_CHECKED_FILE_BYTES} bytes and was not looked at")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is no ELF file, or a broken one.
    #[error("{path} is no 64-bit ELF file that can be read: {error}")]
    NotElf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: object::Error,
    },
}

/// Something that keeps a host from using the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleProblem {
    /// It is for another processor.
    WrongMachine,
    /// It is a program or an object file, not a shared object.
    NotSharedObject,
    /// It lacks an export.
    MissingExport(&'static str),
}

/// Something that works, but likely not as meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleWarning {
    /// It imports C++ library code over `wchar_t`, such as `std::wstring`'s.
    WideCxx(String),
    /// It imports a wide function of the C library.
    WideC(String),
    /// The path that it was looked at by is not a full one.
    PathNotAbsolute,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModuleCheck {
    /// Which of the three exports it has, in their order.
    pub exports: Vec<&'static str>,
    /// The imports that the warnings are about, all of them up to [`MAX_NAMED_IMPORTS`].
    pub wide_imports: Vec<String>,
    /// Each keeps the module from being used.
    pub problems: Vec<ModuleProblem>,
    /// Each is likely a mistake.
    pub warnings: Vec<ModuleWarning>,
}

impl ModuleCheck {
    /// Whether a host would use the file.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.problems.is_empty()
    }
}

impl fmt::Display for ModuleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongMachine => f.write_str("It is not for x86-64; it cannot be loaded here."),
            Self::NotSharedObject => f.write_str("It is no shared object: link it with -shared -fPIC."),
            Self::MissingExport(name) => {
                write!(f, "It does not export {name}: a module needs all three, with C linkage and visible.")
            }
        }
    }
}

impl fmt::Display for ModuleWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WideCxx(symbol) => write!(
                f,
                "It uses the C++ library's wchar_t types ({symbol}). The library has 32-bit wchar_t: in code compiled \
                 with -fshort-wchar they are silently wrong. Use char16_t and std::u16string."
            ),
            Self::WideC(symbol) => write!(
                f,
                "It calls {symbol} of the C library, which has 32-bit wchar_t: in code compiled with -fshort-wchar it \
                 reads and writes wrong memory. Include wer_winbase.h, which brings 16-bit ones."
            ),
            Self::PathNotAbsolute => f.write_str(
                "Its path here is not a full path; register and allow it by its full path, as both must be equal.",
            ),
        }
    }
}

/// Looks at the file of a runtime exception module. Nothing of it is run.
///
/// # Errors
/// [`CheckError`].
pub fn check_module(path: &Path) -> Result<ModuleCheck, CheckError> {
    let bytes = read_limited(path)?;
    let mut check =
        check_bytes(&bytes).map_err(|error| CheckError::NotElf { path: path.to_owned(), error })?;
    if !path.is_absolute() {
        check.warnings.push(ModuleWarning::PathNotAbsolute);
    }
    Ok(check)
}

/// [`check_module`] on the bytes of a file.
///
/// # Errors
/// The parser's, for bytes that are no 64-bit ELF file.
pub fn check_bytes(bytes: &[u8]) -> Result<ModuleCheck, object::Error> {
    let header = FileHeader64::<Endianness>::parse(bytes)?;
    let endian = header.endian()?;
    let mut check = ModuleCheck::default();
    if header.e_machine(endian) != EM_X86_64 || !header.is_little_endian() {
        check.problems.push(ModuleProblem::WrongMachine);
    }
    if header.e_type(endian) != ET_DYN {
        check.problems.push(ModuleProblem::NotSharedObject);
    }
    let symbols = DynamicSymbols::read(header, endian, bytes)?;
    let is_there = |export: &&str| symbols.exported.contains(&export.as_bytes());
    let (exports, missing) = Callback::EXPORTS.into_iter().partition(is_there);
    let missing: Vec<&'static str> = missing;
    check.exports = exports;
    check.problems.extend(missing.into_iter().map(ModuleProblem::MissingExport));
    check.warnings.extend(wide_warnings(&symbols.imported));
    let names = symbols.imported.iter().filter_map(|name| str::from_utf8(name).ok());
    let wide = names.filter(|name| is_wide_cxx(name) || is_wide_c(name)).map(str::to_owned);
    check.wide_imports = wide.take(MAX_NAMED_IMPORTS).collect();
    Ok(check)
}

fn read_limited(path: &Path) -> Result<Vec<u8>, CheckError> {
    let read = |error| CheckError::Read { path: path.to_owned(), error };
    let file = File::open(path).map_err(read)?;
    let mut bytes = Vec::new();
    let length = file.take(MAX_CHECKED_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(read)?;
    if length as u64 > MAX_CHECKED_FILE_BYTES {
        return Err(CheckError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

/// Names in the dynamic symbol table.
struct DynamicSymbols<'a> {
    exported: Vec<&'a [u8]>,
    imported: Vec<&'a [u8]>,
}

impl<'a> DynamicSymbols<'a> {
    fn read(
        header: &FileHeader64<Endianness>,
        endian: Endianness,
        bytes: &'a [u8],
    ) -> Result<Self, object::Error> {
        let table = header.sections(endian, bytes)?.symbols(endian, bytes, elf::SHT_DYNSYM)?;
        let mut names = Self { exported: Vec::new(), imported: Vec::new() };
        for symbol in table.iter() {
            let Ok(name) = symbol.name(endian, table.strings()) else { continue };
            let is_visible = !matches!(symbol.st_visibility(), STV_HIDDEN | STV_INTERNAL);
            if symbol.is_undefined(endian) {
                names.imported.push(name);
            } else if is_visible && symbol.st_bind() != STB_LOCAL {
                names.exported.push(name);
            }
        }
        Ok(names)
    }
}

/// At most one warning of each kind: one symbol is enough to explain it.
fn wide_warnings(imported: &[&[u8]]) -> Vec<ModuleWarning> {
    let named = |is_wide: fn(&str) -> bool| {
        imported
            .iter()
            .filter_map(|name| str::from_utf8(name).ok())
            .find(|name| is_wide(name))
            .map(str::to_owned)
    };
    let cxx = named(is_wide_cxx).map(ModuleWarning::WideCxx);
    let c = named(is_wide_c).map(ModuleWarning::WideC);
    cxx.into_iter().chain(c).collect()
}

/// Itanium-mangled names of the C++ library's `wchar_t` (`w`) templates and streams.
fn is_wide_cxx(name: &str) -> bool {
    const MARKS: [&str; 8] = [
        "basic_stringIw",
        "char_traitsIw",
        "basic_ostreamIw",
        "basic_istreamIw",
        "_ZSt4wcout",
        "_ZSt4wcerr",
        "_ZSt4wclog",
        "_ZSt3wcin",
    ];
    name.starts_with("_Z") && MARKS.iter().any(|mark| name.contains(mark))
}

/// The C library's functions over `wchar_t` strings.
fn is_wide_c(name: &str) -> bool {
    const EXACT: [&str; 25] = [
        "wscanf",
        "fwscanf",
        "vwscanf",
        "vfwscanf",
        "vswscanf",
        "wcpcpy",
        "wcpncpy",
        "wctomb",
        "mbtowc",
        "mbsnrtowcs",
        "open_wmemstream",
        "wprintf",
        "fwprintf",
        "swprintf",
        "vswprintf",
        "vwprintf",
        "vfwprintf",
        "swscanf",
        "fgetws",
        "fputws",
        "mbstowcs",
        "mbsrtowcs",
        "mbrtowc",
        "wcrtomb",
        "btowc",
    ];
    // The twins are __wcscpy_chk, __isoc23_wcstol and the like.
    let standard = ["__isoc99_", "__isoc23_"].iter().find_map(|prefix| name.strip_prefix(prefix));
    let fortified = name.strip_prefix("__").and_then(|name| name.strip_suffix("_chk"));
    let plain = standard.or(fortified).unwrap_or(name);
    plain.starts_with("wcs") || plain.starts_with("wmem") || EXACT.contains(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_names_are_known() {
        let cxx = "_ZNSt7__cxx1112basic_stringIwSt11char_traitsIwESaIwEE9_M_createERmm";
        assert!(is_wide_cxx(cxx));
        assert!(!is_wide_cxx("_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE9_M_createERmm"));
        for name in ["wcslen", "__wcscpy_chk", "swprintf", "wmemcpy", "__isoc23_wcstol", "wcpcpy"] {
            assert!(is_wide_c(name), "{name}");
        }
        for name in ["strlen", "WerWinReadProcessMemory", "printf", "write"] {
            assert!(!is_wide_c(name), "{name}");
        }
    }

    #[test]
    fn bytes_that_are_no_elf_file_are_an_error() {
        for bytes in [&b""[..], b"MZ", b"\x7fELF", &[0x7f; 4096]] {
            assert!(check_bytes(bytes).is_err());
        }
    }
}
