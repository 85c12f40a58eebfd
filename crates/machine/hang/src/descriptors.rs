//! Who holds the other end of a pipe or socket: by its inode, in the descriptors of every process that we may look at.

use wer_sys::Process;

use crate::limits::{MAX_DESCRIPTORS, MAX_PROCESSES, MAX_WAITED_ON};

/// `O_ACCMODE`.
const ACCESS_MODE: u32 = 3;
/// `O_WRONLY`.
const WRITE_ONLY: u32 = 1;

/// Which end of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Readers.
    Reads,
    /// Writers.
    Writes,
    /// Either: a socket.
    Any,
}

/// The processes that have `link` (`pipe:[N]`, `socket:[N]`) open at that end.
pub(crate) fn holders(link: &str, end: End) -> Vec<u32> {
    let mut found = Vec::new();
    for pid in processes() {
        let Ok(process) = Process::open(pid) else { continue };
        let Ok((descriptors, _)) = process.descriptors(MAX_DESCRIPTORS) else { continue };
        let holds = |fd: &u32| {
            process.link(&format!("fd/{fd}")).as_deref() == Some(link) && is_end(&process, *fd, end)
        };
        if descriptors.iter().any(holds) {
            found.push(pid);
        }
        if found.len() >= MAX_WAITED_ON {
            break;
        }
    }
    found
}

fn is_end(process: &Process, fd: u32, end: End) -> bool {
    if end == End::Any {
        return true;
    }
    let flags = process.read(&format!("fdinfo/{fd}")).ok().and_then(|text| flags(&text));
    let Some(mode) = flags.map(|flags| flags & ACCESS_MODE) else { return false };
    match end {
        End::Reads => mode != WRITE_ONLY,
        _ => mode != 0,
    }
}

/// `flags:` of an `fdinfo` file, octal.
fn flags(text: &[u8]) -> Option<u32> {
    let text = str::from_utf8(text).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("flags:"))?;
    u32::from_str_radix(line.trim(), 8).ok()
}

fn processes() -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.take(MAX_PROCESSES).collect()
}
