//! What kind of program a file is: whether a library can be preloaded into it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use object::elf::{EM_X86_64, FileHeader64, PT_INTERP};
use object::read::elf::{FileHeader, ProgramHeader};
use object::{Endianness, ReadCache, ReadRef};

/// Scripts may name scripts; the kernel follows so many.
const MAX_INTERPRETERS: usize = 5;
/// Bytes of a script's first line that the kernel reads.
const MAX_FIRST_LINE_BYTES: u64 = 256;
/// Set-user-id and set-group-id.
const PRIVILEGED_MODE: u32 = 0o6000;

/// How a program is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Linking {
    /// By glibc's loader: a library can be preloaded.
    Dynamic,
    /// Statically.
    Static,
    /// By musl's loader.
    Musl,
    /// It changes its user or group, so the loader preloads nothing.
    Privileged,
    /// No x86-64 program.
    Other,
}

/// Whether the file can be executed by somebody.
pub(super) fn is_executable(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// Looks at a program; for a script, at the program that reads it.
///
/// # Errors
/// The file cannot be read.
pub(super) fn linking(program: &Path) -> io::Result<Linking> {
    let mut program = program.to_path_buf();
    for _ in 0..MAX_INTERPRETERS {
        let file = File::open(&program)?;
        match interpreter_of_script(&file)? {
            Some(interpreter) => program = interpreter,
            None => return Ok(linking_of(&file)),
        }
    }
    Ok(Linking::Other)
}

/// The program after `#!`.
fn interpreter_of_script(file: &File) -> io::Result<Option<PathBuf>> {
    let mut start = Vec::new();
    file.take(MAX_FIRST_LINE_BYTES).read_to_end(&mut start)?;
    let Some(rest) = start.strip_prefix(b"#!") else { return Ok(None) };
    let line =
        String::from_utf8_lossy(rest.split(|byte| *byte == b'\n').next().unwrap_or_default()).into_owned();
    let mut words = line.split_whitespace();
    let interpreter = words.next().unwrap_or_default();
    let named = if interpreter.ends_with("/env") { words.find(|word| !word.starts_with('-')) } else { None };
    Ok(Some(named.and_then(in_path).unwrap_or_else(|| PathBuf::from(interpreter))))
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

fn linking_of(file: &File) -> Linking {
    let privileged =
        file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & PRIVILEGED_MODE != 0);
    match loader(&ReadCache::new(file)) {
        None => Linking::Other,
        Some(_) if privileged => Linking::Privileged,
        Some(loader) if loader.is_empty() => Linking::Static,
        Some(loader) if String::from_utf8_lossy(&loader).contains("ld-musl") => Linking::Musl,
        Some(_) => Linking::Dynamic,
    }
}

/// The loader that an x86-64 ELF file asks for, empty = none; `None` = it is no such file.
fn loader<'data>(data: impl ReadRef<'data>) -> Option<Vec<u8>> {
    let header = FileHeader64::<Endianness>::parse(data).ok()?;
    let endian = header.endian().ok()?;
    if header.e_machine(endian) != EM_X86_64 {
        return None;
    }
    let segments = header.program_headers(endian, data).ok()?;
    let Some(segment) = segments.iter().find(|segment| segment.p_type(endian) == PT_INTERP) else {
        return Some(Vec::new());
    };
    let bytes = segment.data(endian, data).ok()?;
    Some(bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_dynamic_and_a_script_is_what_reads_it() {
        let own = std::env::current_exe().expect("a test has a path");
        assert_eq!(linking(&own).expect("readable"), Linking::Dynamic);
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("a file in it");
            path
        };
        let script = write("script", &format!("#!{}\n", own.display()));
        assert_eq!(linking(&script).expect("readable"), Linking::Dynamic);
        let by_env = write("by-env", "#!/usr/bin/env -S sh -x\n");
        assert_eq!(linking(&by_env).expect("readable"), Linking::Dynamic);
        assert_eq!(linking(&write("text", "hello")).expect("readable"), Linking::Other);
        let own_reader = folder.path().join("loop");
        write("loop", &format!("#!{}\n", own_reader.display()));
        assert_eq!(linking(&own_reader).expect("readable"), Linking::Other);
    }

    #[test]
    fn set_user_id_programs_are_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let copy = folder.path().join("copy");
        fs::copy(std::env::current_exe().expect("a test has a path"), &copy).expect("a copy");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o4755)).expect("our own file");
        assert_eq!(linking(&copy).expect("readable"), Linking::Privileged);
    }
}
