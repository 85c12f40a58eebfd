//! Where `werfault` is, decided at [`attach`](super::attach).
#![expect(unsafe_code, reason = "asks the auxiliary vector whether the process is privileged")]

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use crate::maps;

/// Names the program where it is not found by itself. Ignored in a process that runs with more rights than its user.
const VARIABLE: &str = "WER_WERFAULT";
/// Where packages put it.
const SYSTEM_PATHS: [&str; 2] = ["/usr/libexec/wer/werfault", "/usr/lib/wer/werfault"];

/// The path to run: what the application says, else the environment, else beside the file that contains this code,
/// else the system's. When it is nowhere, the first of the system's paths, which a crash then says is missing.
pub(super) fn choose(option: Option<&Path>) -> CString {
    let privileged = is_privileged();
    let named = option.map(Path::to_path_buf).or_else(|| {
        let value = std::env::var_os(VARIABLE).filter(|value| !value.is_empty() && !privileged)?;
        Some(PathBuf::from(value))
    });
    let path = named.unwrap_or_else(|| {
        let beside = (!privileged).then(beside_own_code).flatten();
        let mut candidates = beside.into_iter().chain(SYSTEM_PATHS.map(PathBuf::from));
        let found = candidates.find(|path| rustix::fs::access(path, Access::EXEC_OK).is_ok());
        found.unwrap_or_else(|| PathBuf::from(SYSTEM_PATHS[0]))
    });
    CString::new(path.into_os_string().into_encoded_bytes()).unwrap_or_default()
}

/// Set-user-id, file capabilities and the like.
pub(super) fn is_privileged() -> bool {
    // SAFETY: reads a number that the kernel left.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// `werfault` in the folder of the executable or shared library that this code is in.
fn beside_own_code() -> Option<PathBuf> {
    let here = beside_own_code as fn() -> Option<PathBuf> as usize;
    let file = maps::find(maps::OWN_MAPS, |mapping| {
        (mapping.start..mapping.end).contains(&here).then(|| PathBuf::from(OsStr::from_bytes(mapping.path)))
    })?;
    file.is_absolute().then(|| file.with_file_name("werfault"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_application_has_the_first_word() {
        assert_eq!(choose(Some(Path::new("/opt/w"))).as_c_str(), c"/opt/w");
        let beside = std::env::current_exe().unwrap().with_file_name("werfault");
        assert_eq!(beside_own_code(), Some(beside));
    }
}
