//! Waits on descriptors: one that is read, written or polled alone, or several at once.

use wer_snapshot::MemoryReader as _;
use wer_sys::Process;

use crate::chain::{Wait, WaitingOn};
use crate::descriptors::{End, holders};
use crate::limits::{MAX_FDINFO_BYTES, MAX_POLLED};
use crate::polled::{Polled, parse_epoll, parse_poll, parse_select};
use crate::sockets::{Peer, peer_of};
use crate::thread::{Found, uninterruptible};

/// What a descriptor leads to.
enum Other {
    /// A pipe, and which end of it is waited for.
    Pipe(String, End),
    /// A unix socket, and its peer where it has one that can be known.
    Unix(Option<u64>),
    /// A connection, and its other end where that is on this machine.
    Tcp(String, Option<u64>),
    /// Something else.
    File(String),
    /// It is closed, or may not be looked at.
    Unknown,
}

impl Other {
    fn of(process: &Process, polled: Polled) -> Self {
        let Some(link) = process.link(&format!("{}fd/{}", process.shared_place(), polled.fd)) else {
            return Self::Unknown;
        };
        if link.starts_with("pipe:[") {
            return Self::Pipe(link, if polled.reads { End::Writes } else { End::Reads });
        }
        let inode = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')?.parse().ok());
        match inode.and_then(|inode| peer_of(process, inode)) {
            Some(Peer::Unix(other)) => Self::Unix(other),
            Some(Peer::Tcp(connection, other)) => Self::Tcp(connection, other),
            None => Self::File(link),
        }
    }

    /// Link and end that the other side has open.
    fn wanted(&self) -> Option<(String, End)> {
        match self {
            Self::Pipe(link, end) => Some((link.clone(), *end)),
            Self::Unix(inode) | Self::Tcp(_, inode) => {
                inode.map(|inode| (format!("socket:[{inode}]"), End::Any))
            }
            Self::File(_) | Self::Unknown => None,
        }
    }
}

/// A thread that waits in a call about one descriptor.
pub(crate) fn of_one(process: &Process, fd: u64, reads: bool, state: char, tid: u32) -> Found {
    let Ok(fd) = u32::try_from(fd) else { return Wait::Unknown.into() };
    let other = Other::of(process, Polled { fd, reads });
    let pids = other.wanted().map(|wanted| holders(&[wanted]).pop().unwrap_or_default());
    let on = others(process, pids.as_deref().unwrap_or_default());
    match other {
        // Somebody has it open, or the wait would have ended.
        Other::Pipe(..) => Found { wait: Wait::Pipe { fd, reads }, on, unseen: is_nobody(pids.as_deref()) },
        Other::Unix(inode) => {
            let unseen = if inode.is_some() { is_nobody(pids.as_deref()) } else { is_elsewhere(process) };
            Found { wait: Wait::UnixSocket { fd }, on, unseen }
        }
        Other::Tcp(connection, inode) => {
            let unseen = inode.is_some() && is_nobody(pids.as_deref());
            Found { wait: Wait::Tcp { fd, connection }, on, unseen }
        }
        Other::File(_) if state == 'D' => uninterruptible(process, tid).into(),
        Other::File(path) => Wait::File { fd, path }.into(),
        Other::Unknown => Wait::Unknown.into(),
    }
}

fn is_nobody(pids: Option<&[u32]>) -> bool {
    pids.is_some_and(<[u32]>::is_empty)
}

/// Whether its sockets are those of another network namespace, where we cannot ask for peers.
fn is_elsewhere(process: &Process) -> bool {
    Process::open(std::process::id()).is_ok_and(|own| own.link("ns/net") != process.link("ns/net"))
}

/// Other processes first: of several that hold an end, the waiting one cannot serve itself.
fn others(process: &Process, pids: &[u32]) -> Vec<WaitingOn> {
    let others = pids.iter().filter(|pid| **pid != process.pid());
    others.map(|pid| WaitingOn { pid: *pid, tid: None }).collect()
}

/// A thread in `poll`: `count` entries at `address`.
pub(crate) fn of_poll(process: &Process, (address, count): (u64, u64), state: char, tid: u32) -> Found {
    let bytes = usize::try_from(count).ok().filter(|count| *count <= MAX_POLLED).map(|count| 8 * count);
    let memory = process.memory(false).ok();
    let entries = bytes.zip(memory).and_then(|(bytes, memory)| memory.read_exact(address, bytes));
    of_many(process, &entries.map(|bytes| parse_poll(&bytes)).unwrap_or_default(), state, tid)
}

/// A thread in `select`: the sets at these addresses hold descriptors below `count`.
pub(crate) fn of_select(
    process: &Process,
    count: u64,
    (reads, writes): (u64, u64),
    state: char,
    tid: u32,
) -> Found {
    /// `FD_SETSIZE`.
    const MAX_SET: u64 = 1024;
    let memory = process.memory(false).ok();
    let set = |address: u64| {
        let bytes = usize::try_from(count.min(MAX_SET).div_ceil(64)).ok()? * 8;
        memory.as_ref().filter(|_| address != 0)?.read_exact(address, bytes)
    };
    let (reads, writes) = (set(reads).unwrap_or_default(), set(writes).unwrap_or_default());
    of_many(process, &parse_select(count, &reads, &writes), state, tid)
}

/// A thread in `epoll_wait`.
pub(crate) fn of_epoll(process: &Process, fd: u64, state: char, tid: u32) -> Found {
    let name = format!("{}fdinfo/{}", process.shared_place(), fd & u64::from(u32::MAX));
    let text = process.read_limited(&name, MAX_FDINFO_BYTES).unwrap_or_default();
    of_many(process, &parse_epoll(&text), state, tid)
}

/// One descriptor is waited for as by a read. Of several the wait tells something only where all are pipes and sockets
/// whose other ends are known: an event loop with a timer or a listener besides may be idle.
fn of_many(process: &Process, polled: &[Polled], state: char, tid: u32) -> Found {
    let ends: Vec<_> = match polled {
        [] => return Wait::Events.into(),
        [one] => return of_one(process, u64::from(one.fd), one.reads, state, tid),
        many if many.len() > MAX_POLLED => return Wait::Events.into(),
        many => many.iter().filter_map(|polled| Other::of(process, *polled).wanted()).collect(),
    };
    if ends.len() != polled.len() {
        return Wait::Events.into();
    }
    let found: Vec<_> = holders(&ends).iter().map(|pids| others(process, pids)).collect();
    if found.iter().any(Vec::is_empty) {
        return Wait::Events.into();
    }
    let mut on: Vec<_> = found.into_iter().flatten().collect();
    on.sort_unstable_by_key(|on| on.pid);
    on.dedup();
    let descriptors = u32::try_from(polled.len()).unwrap_or(u32::MAX);
    Found { wait: Wait::Poll { descriptors }, on, unseen: false }
}
