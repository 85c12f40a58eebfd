//! One thread: what it waits for, and on whom.

use wer_snapshot::MemoryReader as _;
use wer_sys::Process;

use crate::call::{Call, parse_call};
use crate::chain::{Wait, WaitingOn};
use crate::descriptors::{End, holders};
use crate::futex::{self, Owner};
use crate::limits::{MAX_LOCKS_BYTES, MAX_WAITED_ON};
use crate::sockets::{Peer, peer_of};
use crate::{locks, thread::number as nr};

/// System calls of x86-64.
mod number {
    pub(super) const READ: u32 = 0;
    pub(super) const WRITE: u32 = 1;
    pub(super) const POLL: u32 = 7;
    pub(super) const READV: u32 = 19;
    pub(super) const WRITEV: u32 = 20;
    pub(super) const SELECT: u32 = 23;
    pub(super) const PAUSE: u32 = 34;
    pub(super) const NANOSLEEP: u32 = 35;
    pub(super) const CONNECT: u32 = 42;
    pub(super) const ACCEPT: u32 = 43;
    pub(super) const SENDTO: u32 = 44;
    pub(super) const RECVFROM: u32 = 45;
    pub(super) const SENDMSG: u32 = 46;
    pub(super) const RECVMSG: u32 = 47;
    pub(super) const WAIT4: u32 = 61;
    pub(super) const FCNTL: u32 = 72;
    pub(super) const FLOCK: u32 = 73;
    pub(super) const RT_SIGTIMEDWAIT: u32 = 128;
    pub(super) const RT_SIGSUSPEND: u32 = 130;
    pub(super) const FUTEX: u32 = 202;
    pub(super) const CLOCK_NANOSLEEP: u32 = 230;
    pub(super) const EPOLL_WAIT: u32 = 232;
    pub(super) const WAITID: u32 = 247;
    pub(super) const PSELECT6: u32 = 270;
    pub(super) const PPOLL: u32 = 271;
    pub(super) const EPOLL_PWAIT: u32 = 281;
    pub(super) const ACCEPT4: u32 = 288;
    pub(super) const EPOLL_PWAIT2: u32 = 441;
}

/// `waitid` for one child, by its pid.
const P_PID: u64 = 1;

/// What a thread waits for.
pub(crate) struct Seen {
    pub(crate) state: char,
    pub(crate) wait: Wait,
    pub(crate) on: Vec<WaitingOn>,
}

/// Looks at one thread; `None` when it has ended.
pub(crate) fn look(process: &Process, tid: u32) -> Option<Seen> {
    let state = process.thread_stat(tid).ok()?.state;
    let (wait, on) = match state {
        't' => (Wait::Traced, tracer(process)),
        'T' => (Wait::Stopped, Vec::new()),
        _ => match process.read(&format!("task/{tid}/syscall")) {
            Err(_) => (Wait::Unknown, Vec::new()),
            Ok(text) => match parse_call(&text) {
                Some(call) => of_call(process, tid, call, state),
                None if state == 'D' => (uninterruptible(process, tid), Vec::new()),
                None => (Wait::Nothing, Vec::new()),
            },
        },
    };
    let on = on.into_iter().take(MAX_WAITED_ON).collect();
    Some(Seen { state, wait, on })
}

fn of_call(process: &Process, tid: u32, call: Call, state: char) -> (Wait, Vec<WaitingOn>) {
    let [first, second, third, ..] = call.arguments;
    match call.number {
        nr::FUTEX => of_futex(process, tid, (first, second, third)),
        nr::READ | nr::READV | nr::RECVFROM | nr::RECVMSG => of_descriptor(process, first, true, state, tid),
        nr::WRITE | nr::WRITEV | nr::SENDTO | nr::SENDMSG | nr::CONNECT => {
            of_descriptor(process, first, false, state, tid)
        }
        nr::POLL | nr::PPOLL if second == 1 => of_poll(process, tid, first, state),
        nr::WAIT4 => (Wait::Child, children(process, (first.cast_signed() as i32 > 0).then_some(first))),
        nr::WAITID => (Wait::Child, children(process, (first == P_PID).then_some(second))),
        nr::FLOCK | nr::FCNTL => (Wait::FileLock, lock_holders(process)),
        nr::NANOSLEEP | nr::CLOCK_NANOSLEEP => (Wait::Sleep, Vec::new()),
        nr::POLL
        | nr::PPOLL
        | nr::SELECT
        | nr::PSELECT6
        | nr::EPOLL_WAIT
        | nr::EPOLL_PWAIT
        | nr::EPOLL_PWAIT2
        | nr::ACCEPT
        | nr::ACCEPT4
        | nr::PAUSE
        | nr::RT_SIGTIMEDWAIT
        | nr::RT_SIGSUSPEND => (Wait::Events, Vec::new()),
        _ if state == 'D' => (uninterruptible(process, tid), Vec::new()),
        number => (Wait::Call { number }, Vec::new()),
    }
}

fn uninterruptible(process: &Process, tid: u32) -> Wait {
    let wchan = process.read(&format!("task/{tid}/wchan")).unwrap_or_default();
    Wait::Uninterruptible { wchan: String::from_utf8_lossy(&wchan).into_owned() }
}

fn tracer(process: &Process) -> Vec<WaitingOn> {
    let tracer = process.status().map(|status| status.tracer_pid).unwrap_or(0);
    (tracer != 0).then_some(WaitingOn { pid: tracer, tid: Some(tracer) }).into_iter().collect()
}

fn of_futex(process: &Process, tid: u32, call: (u64, u64, u64)) -> (Wait, Vec<WaitingOn>) {
    let address = call.0;
    let nobody = (Wait::Futex { address }, Vec::new());
    let Ok(memory) = process.memory(false) else { return nobody };
    let threads = process.thread_ids().unwrap_or_default();
    // Ids in memory are those of the process's own namespace.
    let outer = |named: u32| {
        let is_it = |tid: &u32| {
            process.thread_status(*tid).is_ok_and(|status| status.namespace_id().unwrap_or(*tid) == named)
        };
        let found = threads.contains(&named).then_some(named).filter(is_it);
        found.or_else(|| threads.iter().copied().find(is_it))
    };
    let found = futex::owner(&memory, call, |named| named > 1 && outer(named).is_some());
    let on = |named| outer(named).map(|tid| WaitingOn { pid: process.pid(), tid: Some(tid) });
    match found {
        Some(Owner::Lock(named)) => (Wait::Lock { address }, on(named).into_iter().collect()),
        // A thread cannot wait for its own end.
        Some(Owner::Join(named)) if outer(named) != Some(tid) => {
            (Wait::Join, on(named).into_iter().collect())
        }
        _ => nobody,
    }
}

/// A poll of one descriptor is a read with a deadline.
fn of_poll(process: &Process, tid: u32, address: u64, state: char) -> (Wait, Vec<WaitingOn>) {
    /// `POLLOUT`.
    const POLL_OUT: u16 = 4;
    let entry = process.memory(false).ok().and_then(|memory| memory.read_exact(address, 8));
    let fields = entry.as_deref().and_then(|bytes| {
        let fd = u32::from_le_bytes(*bytes.first_chunk()?);
        Some((fd, u16::from_le_bytes(*bytes.get(4..)?.first_chunk()?)))
    });
    match fields {
        Some((fd, events)) => of_descriptor(process, u64::from(fd), events & POLL_OUT == 0, state, tid),
        None => (Wait::Events, Vec::new()),
    }
}

fn of_descriptor(process: &Process, fd: u64, reads: bool, state: char, tid: u32) -> (Wait, Vec<WaitingOn>) {
    let Ok(fd) = u32::try_from(fd) else { return (Wait::Unknown, Vec::new()) };
    let Some(link) = process.link(&format!("fd/{fd}")) else { return (Wait::Unknown, Vec::new()) };
    if link.starts_with("pipe:[") {
        let other = if reads { End::Writes } else { End::Reads };
        return (Wait::Pipe { fd, reads }, others(process, holders(&link, other)));
    }
    let inode = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')?.parse().ok());
    let peer = inode.and_then(|inode| peer_of(process, inode));
    let held = |inode: Option<u64>| {
        let pids = inode.map(|inode| holders(&format!("socket:[{inode}]"), End::Any));
        others(process, pids.unwrap_or_default())
    };
    match peer {
        Some(Peer::Unix(other)) => (Wait::UnixSocket { fd }, held(other)),
        Some(Peer::Tcp(connection, other)) => (Wait::Tcp { fd, connection }, held(other)),
        None if state == 'D' => (uninterruptible(process, tid), Vec::new()),
        None => (Wait::File { fd, path: link }, Vec::new()),
    }
}

/// Other processes first: of several that hold an end, the waiting one cannot serve itself.
fn others(process: &Process, pids: Vec<u32>) -> Vec<WaitingOn> {
    let is_other = |pid: &u32| *pid != process.pid();
    let others = pids.into_iter().filter(is_other);
    others.map(|pid| WaitingOn { pid, tid: None }).collect()
}

/// The child of that pid in the process's namespace, or all.
fn children(process: &Process, wanted: Option<u64>) -> Vec<WaitingOn> {
    let mut found = Vec::new();
    for tid in process.thread_ids().unwrap_or_default() {
        let text = process.read(&format!("task/{tid}/children")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        found.extend(text.split_ascii_whitespace().filter_map(|word| word.parse::<u32>().ok()));
    }
    let is_wanted = |pid: &u32| {
        let inner = || Process::open(*pid).and_then(|child| child.status()).map(|it| it.namespace_tgid());
        wanted.is_none_or(|wanted| inner().is_ok_and(|inner| u64::from(inner) == wanted))
    };
    found.into_iter().filter(is_wanted).map(|pid| WaitingOn { pid, tid: None }).collect()
}

fn lock_holders(process: &Process) -> Vec<WaitingOn> {
    use std::io::Read as _;
    let mut text = Vec::new();
    let file = std::fs::File::open("/proc/locks");
    if file.and_then(|file| file.take(MAX_LOCKS_BYTES).read_to_end(&mut text)).is_err() {
        return Vec::new();
    }
    let pids = locks::holders(&locks::parse_locks(&text), process.pid());
    pids.into_iter().map(|pid| WaitingOn { pid, tid: None }).collect()
}
