//! Which children a thread in `wait4` or `waitid` waits for.

use rustix::process::{Pid, getpgid};
use wer_sys::Process;
use wer_sys::procfs::parse_fdinfo;

use crate::chain::WaitingOn;

/// `idtype_t` of `waitid`.
mod kind {
    pub(super) const PID: u64 = 1;
    pub(super) const GROUP: u64 = 2;
    pub(super) const PIDFD: u64 = 3;
}

/// Those that may end the wait. Numbers are those of the waiting process's own namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// By pid.
    One(u32),
    /// By process group; `None` = the waiting process's own.
    Group(Option<u32>),
    /// By pid in our namespace.
    Seen(u32),
}

/// `wait4(pid, ...)`.
pub(crate) fn of_wait4(process: &Process, pid: u64) -> Vec<WaitingOn> {
    let pid = (pid & u64::from(u32::MAX)) as u32;
    children(
        process,
        match pid.cast_signed() {
            -1 => Wanted::All,
            0 => Wanted::Group(None),
            1.. => Wanted::One(pid),
            group => Wanted::Group(Some(group.unsigned_abs())),
        },
    )
}

/// `waitid(kind, id, ...)`.
pub(crate) fn of_waitid(process: &Process, kind: u64, id: u64) -> Vec<WaitingOn> {
    let number = (id & u64::from(u32::MAX)) as u32;
    let wanted = match kind & u64::from(u32::MAX) {
        kind::PID => Wanted::One(number),
        kind::GROUP => Wanted::Group(Some(number).filter(|group| *group != 0)),
        kind::PIDFD => {
            let text =
                process.read(&format!("{}fdinfo/{number}", process.shared_place())).unwrap_or_default();
            let pid = parse_fdinfo(&text).pid.and_then(|pid| u32::try_from(pid).ok());
            Wanted::Seen(pid.unwrap_or(0))
        }
        _ => Wanted::All,
    };
    children(process, wanted)
}

fn children(process: &Process, wanted: Wanted) -> Vec<WaitingOn> {
    let mut found = Vec::new();
    for tid in process.thread_ids().unwrap_or_default() {
        let text = process.read(&format!("task/{tid}/children")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        found.extend(text.split_ascii_whitespace().filter_map(|word| word.parse::<u32>().ok()));
    }
    found.retain(|pid| is_wanted(process, *pid, wanted));
    found.into_iter().map(|pid| WaitingOn { pid, tid: None }).collect()
}

fn is_wanted(process: &Process, pid: u32, wanted: Wanted) -> bool {
    let inner = || Process::open(pid).and_then(|child| child.status()).map(|it| it.namespace_tgid());
    match wanted {
        Wanted::All => true,
        Wanted::Seen(seen) => seen == pid,
        // A child in a namespace of its own is 1 there, and has another number for its parent, which we do not know.
        Wanted::One(wanted) => pid == wanted || inner().is_ok_and(|inner| inner == wanted),
        Wanted::Group(group) => {
            let of = |pid: u32| getpgid(Pid::from_raw(pid.cast_signed())).ok();
            match group {
                None => of(pid) == of(process.pid()),
                // The number of another namespace's group cannot be told from here.
                Some(group) if is_of_our_namespace(process) => {
                    of(pid).is_some_and(|pgid| pgid.as_raw_nonzero().get().unsigned_abs() == group)
                }
                Some(_) => true,
            }
        }
    }
}

fn is_of_our_namespace(process: &Process) -> bool {
    let own = Process::open(std::process::id());
    own.is_ok_and(|own| own.link("ns/pid") == process.link("ns/pid"))
}
