//! The default name of a dump.

use std::path::PathBuf;

use wer_sys::Process;

/// The executable's name and the pid, in the current folder. A process that cannot be looked at will be refused anyway.
pub(super) fn default_name(pid: u32, compressed: bool) -> PathBuf {
    let process = Process::open(pid).ok();
    let executable = process.as_ref().and_then(Process::executable).unwrap_or_default();
    let executable = executable.strip_suffix(" (deleted)").unwrap_or(&executable);
    let file_name = executable.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned);
    let name = file_name.or_else(|| Some(process?.stat().ok()?.name)).unwrap_or_else(|| "process".into());
    let harmless: String = name.chars().map(|c| if c.is_control() || c == '/' { '_' } else { c }).collect();
    let ending = if compressed { "dmp.zst" } else { "dmp" };
    PathBuf::from(format!("{harmless}.{pid}.{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_and_who() {
        let pid = std::process::id();
        let name = default_name(pid, true).to_string_lossy().into_owned();
        assert!(name.starts_with("wer") && name.ends_with(&format!(".{pid}.dmp.zst")), "{name}");
        assert_eq!(default_name(u32::MAX, false), PathBuf::from(format!("process.{}.dmp", u32::MAX)));
    }
}
