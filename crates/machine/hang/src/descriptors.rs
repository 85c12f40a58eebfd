//! Who holds the other end of a pipe or socket: by its inode, in the descriptors of every process that we may look at.

use wer_sys::Process;
use wer_sys::procfs::parse_fdinfo;

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

/// The processes that have each of these links (`pipe:[N]`, `socket:[N]`) open at that end, found in one pass.
pub(crate) fn holders(wanted: &[(String, End)]) -> Vec<Vec<u32>> {
    let mut found = vec![Vec::new(); wanted.len()];
    for pid in processes() {
        let Ok(process) = Process::open(pid) else { continue };
        let Ok((descriptors, _)) = process.descriptors(MAX_DESCRIPTORS) else { continue };
        for fd in descriptors {
            let Some(link) = process.link(&format!("fd/{fd}")) else { continue };
            for ((wanted, end), pids) in wanted.iter().zip(&mut found) {
                let is_new = pids.last() != Some(&pid) && pids.len() < MAX_WAITED_ON;
                if is_new && *wanted == link && is_end(&process, fd, *end) {
                    pids.push(pid);
                }
            }
        }
    }
    found
}

fn is_end(process: &Process, fd: u32, end: End) -> bool {
    if end == End::Any {
        return true;
    }
    let Ok(text) = process.read(&format!("fdinfo/{fd}")) else { return false };
    let mode = parse_fdinfo(&text).open_flags & ACCESS_MODE;
    match end {
        End::Reads => mode != WRITE_ONLY,
        _ => mode != 0,
    }
}

/// The processes that can be seen from here.
pub(crate) fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.take(MAX_PROCESSES)
}
