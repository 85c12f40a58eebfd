//! One thread: what it waits for, and on whom.

use wer_sys::Process;

use crate::call::{Call, parse_call};
use crate::chain::{Wait, WaitingOn};
use crate::futex::{self, Owner};
use crate::limits::MAX_WAITED_ON;
use crate::number as nr;
use crate::{children, ends, locks, shared_lock};

/// `fcntl`: waits for a lock of the process.
const F_SETLKW: u64 = 7;
/// `fcntl`: waits for a lock of the open file.
const F_OFD_SETLKW: u64 = 38;

/// A wait and whom it is on.
pub(crate) struct Found {
    pub(crate) wait: Wait,
    pub(crate) on: Vec<WaitingOn>,
    /// On somebody who cannot be seen from here.
    pub(crate) unseen: bool,
}

impl From<Wait> for Found {
    fn from(wait: Wait) -> Self {
        Self { wait, on: Vec::new(), unseen: false }
    }
}

impl Found {
    const fn on(wait: Wait, on: Vec<WaitingOn>) -> Self {
        Self { wait, on, unseen: false }
    }
}

/// What a thread waits for.
pub(crate) struct Seen {
    pub(crate) state: char,
    pub(crate) found: Found,
}

/// Looks at one thread; `None` when it has ended.
pub(crate) fn look(process: &Process, tid: u32) -> Option<Seen> {
    let state = process.thread_stat(tid).ok()?.state;
    let mut found = match state {
        't' => traced(process, tid),
        'T' => Wait::Stopped.into(),
        _ => match process.read(&format!("task/{tid}/syscall")) {
            Err(_) => Wait::Unknown.into(),
            Ok(text) => match parse_call(&text) {
                Some(call) => of_call(process, tid, call, state),
                None if state == 'D' => uninterruptible(process, tid).into(),
                None => Wait::Nothing.into(),
            },
        },
    };
    found.on.truncate(MAX_WAITED_ON);
    Some(Seen { state, found })
}

fn of_call(process: &Process, tid: u32, call: Call, state: char) -> Found {
    let [first, second, third, ..] = call.arguments;
    match call.number {
        nr::FUTEX => of_futex(process, tid, (first, second, third)),
        nr::READ | nr::READV | nr::RECVFROM | nr::RECVMSG => ends::of_one(process, first, true, state, tid),
        nr::WRITE | nr::WRITEV | nr::SENDTO | nr::SENDMSG | nr::CONNECT => {
            ends::of_one(process, first, false, state, tid)
        }
        nr::POLL | nr::PPOLL => ends::of_poll(process, (first, second), state, tid),
        nr::SELECT | nr::PSELECT6 => ends::of_select(process, first, (second, third), state, tid),
        nr::EPOLL_WAIT | nr::EPOLL_PWAIT | nr::EPOLL_PWAIT2 => ends::of_epoll(process, first, state, tid),
        nr::WAIT4 => Found::on(Wait::Child, children::of_wait4(process, first)),
        nr::WAITID => Found::on(Wait::Child, children::of_waitid(process, first, second)),
        nr::FLOCK => locks::of_wait(process, first, false),
        nr::FCNTL if second == F_SETLKW || second == F_OFD_SETLKW => {
            locks::of_wait(process, first, second == F_OFD_SETLKW)
        }
        nr::NANOSLEEP | nr::CLOCK_NANOSLEEP => Wait::Sleep.into(),
        nr::ACCEPT | nr::ACCEPT4 | nr::PAUSE | nr::RT_SIGTIMEDWAIT | nr::RT_SIGSUSPEND => Wait::Events.into(),
        _ if state == 'D' => uninterruptible(process, tid).into(),
        number => Wait::Call { number }.into(),
    }
}

/// A wait that no signal ends.
pub(crate) fn uninterruptible(process: &Process, tid: u32) -> Wait {
    let wchan = process.read(&format!("task/{tid}/wchan")).unwrap_or_default();
    Wait::Uninterruptible { wchan: String::from_utf8_lossy(&wchan).into_owned() }
}

fn traced(process: &Process, tid: u32) -> Found {
    let tracer = process.thread_status(tid).map_or(0, |status| status.tracer_pid);
    let on = (tracer != 0).then_some(WaitingOn { pid: tracer, tid: None });
    // The kernel says 0 for a tracer of a namespace that is not ours.
    Found { wait: Wait::Traced, on: on.into_iter().collect(), unseen: tracer == 0 }
}

fn of_futex(process: &Process, tid: u32, call: (u64, u64, u64)) -> Found {
    let (address, operation, _) = call;
    let nobody = || Found::from(Wait::Futex { address });
    let Ok(memory) = process.memory(false) else { return nobody() };
    let threads = process.thread_ids().unwrap_or_default();
    // Ids in memory are those of the process's own namespace.
    let outer = |named: u32| {
        let is_it = |tid: &u32| {
            process.thread_status(*tid).is_ok_and(|status| status.namespace_id().unwrap_or(*tid) == named)
        };
        let found = threads.contains(&named).then_some(named).filter(is_it);
        found.or_else(|| threads.iter().copied().find(is_it))
    };
    let on = |named| outer(named).map(|tid| WaitingOn { pid: process.pid(), tid: Some(tid) });
    match futex::owner(&memory, call, |named| named > 1 && outer(named).is_some()) {
        Some(Owner::Lock(named)) => {
            return Found::on(Wait::Lock { address }, on(named).into_iter().collect());
        }
        // A thread cannot wait for its own end.
        Some(Owner::Join(named)) if outer(named) != Some(tid) => {
            return Found::on(Wait::Join, on(named).into_iter().collect());
        }
        _ => {}
    }
    let shared = shared_lock::memory_of(process, address, operation);
    // A number in memory that is not a thread of ours: who has the memory too?
    match shared.zip(futex::named(&memory, call)) {
        Some((region, named)) => {
            let on: Vec<_> = shared_lock::holder(process, &region, named).into_iter().collect();
            Found { wait: Wait::Lock { address }, unseen: on.is_empty(), on }
        }
        None => nobody(),
    }
}
