//! Open descriptors: where they lead, how they were opened, and who is at the other end.
//!
//! All of them are read before the stop, because ten thousand take a while; under the stop only their numbers are listed
//! again. What was closed meanwhile is left out, what was opened is read then. So the numbers are those of the stop;
//! position, size and state of a socket are those of a moment before it, and so is where a number leads that was closed
//! and given out again in between.
//!
//! Nothing is opened and no file system is asked to refresh what it knows: that could wait for ever for a process that
//! stands still.

use std::collections::HashMap;

use rustix::fs::{AtFlags, FileType, StatxFlags, statx};
use wer_model::SoftError;
use wer_snapshot::{HandleKind, HandleSnapshot};
use wer_sys::Process;
use wer_sys::limits::{MAX_FDINFO_BYTES, MAX_SOCKET_TABLE_BYTES};
use wer_sys::procfs::{FdInfo, SocketTable, parse_fdinfo, parse_namespace_link, parse_socket_table};

use super::complain;
use crate::limits::{MAX_HANDLES, MAX_LATE_HANDLES};

/// All descriptors of a process that may run.
pub(crate) fn all(process: &Process, soft_errors: &mut Vec<SoftError>) -> Vec<HandleSnapshot> {
    match process.descriptors(MAX_HANDLES) {
        Ok((numbers, more)) => {
            if more {
                let message = format!("Only the {MAX_HANDLES} first open descriptors are kept.");
                complain(soft_errors, message);
            }
            let mut handles = read(process, &numbers);
            name_peers(process, &mut handles);
            handles
        }
        Err(error) => {
            complain(soft_errors, format!("The open descriptors are missing: {error}."));
            Vec::new()
        }
    }
}

/// Brings the list up to date while the process stands.
pub(crate) fn refresh(process: &Process, handles: &mut Vec<HandleSnapshot>) {
    let Ok((numbers, _)) = process.descriptors(MAX_HANDLES) else { return };
    handles.retain(|handle| numbers.binary_search(&handle.descriptor).is_ok());
    let known = |number: &u32| handles.binary_search_by_key(number, |handle| handle.descriptor).is_ok();
    let new: Vec<u32> =
        numbers.iter().copied().filter(|number| !known(number)).take(MAX_LATE_HANDLES).collect();
    handles.extend(read(process, &new));
    handles.sort_by_key(|handle| handle.descriptor);
}

fn read(process: &Process, numbers: &[u32]) -> Vec<HandleSnapshot> {
    numbers.iter().filter_map(|number| read_one(process, *number)).collect()
}

fn read_one(process: &Process, number: u32) -> Option<HandleSnapshot> {
    let place = process.shared_place();
    let path = format!("{place}fd/{number}");
    let name = process.link(&path)?;
    let wanted = StatxFlags::TYPE | StatxFlags::MODE | StatxFlags::INO | StatxFlags::SIZE;
    let stat = statx(process.directory(), &path, AtFlags::STATX_DONT_SYNC, wanted).ok();
    let info = process.read_limited(&format!("{place}fdinfo/{number}"), MAX_FDINFO_BYTES);
    let info = info.map(|text| parse_fdinfo(&text)).unwrap_or_default();
    let mode = stat.as_ref().map_or(0, |stat| u32::from(stat.stx_mode));
    let kind = kind(&name, FileType::from_raw_mode(mode));
    Some(HandleSnapshot {
        descriptor: number,
        peer: if kind == HandleKind::Process { process_named(&info) } else { String::new() },
        kind,
        name,
        open_flags: info.open_flags,
        offset: info.offset,
        mode,
        device: stat.as_ref().map_or(0, |it| u64::from(it.stx_dev_major) << 32 | u64::from(it.stx_dev_minor)),
        inode: stat.as_ref().map_or(0, |stat| stat.stx_ino),
        size: stat.as_ref().map_or(0, |stat| stat.stx_size),
    })
}

/// What a descriptor leads to. Names of files begin with a slash, those of the kernel's own objects do not.
fn kind(name: &str, file_type: FileType) -> HandleKind {
    match name.strip_prefix("anon_inode:").map(|object| object.trim_matches(['[', ']'])) {
        Some("eventfd") => return HandleKind::Event,
        Some("eventpoll") => return HandleKind::Epoll,
        Some("timerfd") => return HandleKind::Timer,
        Some("signalfd") => return HandleKind::Signal,
        Some("pidfd") => return HandleKind::Process,
        Some(_) => return HandleKind::Other,
        None => {}
    }
    match file_type {
        FileType::RegularFile if name.starts_with("/memfd:") && name.ends_with(" (deleted)") => {
            HandleKind::Memfd
        }
        FileType::RegularFile if name.starts_with("pidfd:[") => HandleKind::Process,
        FileType::RegularFile if name.starts_with('/') || name.starts_with('(') => HandleKind::File,
        FileType::Directory => HandleKind::Directory,
        FileType::CharacterDevice => HandleKind::CharacterDevice,
        FileType::BlockDevice => HandleKind::BlockDevice,
        FileType::Fifo => HandleKind::Pipe,
        FileType::Socket => HandleKind::Socket,
        _ => HandleKind::Other,
    }
}

fn process_named(info: &FdInfo) -> String {
    match info.pid {
        Some(pid) if pid > 0 => format!("process {pid}"),
        Some(0) => "a process outside our pid namespace".into(),
        Some(_) => "a process that has ended".into(),
        None => String::new(),
    }
}

/// Says of each socket what the tables of the process's own network namespace say.
fn name_peers(process: &Process, handles: &mut [HandleSnapshot]) {
    let is_socket = |handle: &HandleSnapshot| handle.kind == HandleKind::Socket;
    let mut open: HashMap<u64, String> = handles
        .iter()
        .filter(|handle| is_socket(handle))
        .filter_map(|handle| Some((parse_namespace_link(handle.name.as_bytes())?, String::new())))
        .collect();
    let mut missing = open.len();
    for (name, table) in SocketTable::ALL {
        if missing == 0 {
            break;
        }
        let path = format!("{}net/{name}", process.shared_place());
        let Ok(text) = process.read_limited(&path, MAX_SOCKET_TABLE_BYTES) else { continue };
        parse_socket_table(table, &text, |inode, describe| {
            if let Some(peer) = open.get_mut(&inode)
                && peer.is_empty()
            {
                *peer = describe();
                missing -= 1;
            }
        });
    }
    for handle in handles.iter_mut().filter(|handle| is_socket(handle)) {
        let peer = parse_namespace_link(handle.name.as_bytes()).and_then(|inode| open.get(&inode));
        handle.peer = peer.cloned().unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_go_by_name_and_type() {
        let table = [
            ("anon_inode:[eventfd]", FileType::Unknown, HandleKind::Event),
            ("anon_inode:[eventpoll]", FileType::RegularFile, HandleKind::Epoll),
            ("anon_inode:[timerfd]", FileType::Unknown, HandleKind::Timer),
            ("anon_inode:[signalfd]", FileType::Unknown, HandleKind::Signal),
            ("anon_inode:[pidfd]", FileType::Unknown, HandleKind::Process),
            ("anon_inode:inotify", FileType::Unknown, HandleKind::Other),
            ("/memfd:x (deleted)", FileType::RegularFile, HandleKind::Memfd),
            ("/tmp/x (deleted)", FileType::RegularFile, HandleKind::File),
            ("/tmp/anon_inode:[eventfd]", FileType::RegularFile, HandleKind::File),
            ("/dev/null", FileType::CharacterDevice, HandleKind::CharacterDevice),
            ("pipe:[7]", FileType::Fifo, HandleKind::Pipe),
            ("socket:[7]", FileType::Socket, HandleKind::Socket),
            ("net:[7]", FileType::RegularFile, HandleKind::Other),
        ];
        for (name, file_type, expected) in table {
            assert_eq!(kind(name, file_type), expected, "{name}");
        }
    }

    #[test]
    fn what_was_closed_goes_and_what_was_opened_comes() {
        use std::os::fd::AsRawFd;
        let me = Process::open(std::process::id()).expect("ours");
        let first = std::fs::File::open("/dev/null").expect("/dev/null");
        let mut handles = all(&me, &mut Vec::new());
        let has = |handles: &[HandleSnapshot], file: &dyn AsRawFd| {
            handles
                .iter()
                .any(|it| i64::from(it.descriptor) == i64::from(file.as_raw_fd()) && it.name == "/dev/null")
        };
        assert!(has(&handles, &first));
        // Beyond the numbers that other tests open and close meanwhile: one that is used again keeps its old name.
        let kept = rustix::io::fcntl_dupfd_cloexec(&first, 900).expect("a descriptor");
        refresh(&me, &mut handles);
        assert!(has(&handles, &kept) && handles.is_sorted_by_key(|handle| handle.descriptor));
    }
}
