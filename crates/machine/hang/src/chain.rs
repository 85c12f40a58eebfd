//! What was found: links from waiter to waiter.

use serde::Serialize;
use sha1::{Digest, Sha1};

/// What a thread waits for. Numbers are those of the looker's pid namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Wait {
    /// Nothing: it runs, or is ready to.
    Nothing,
    /// A lock in memory whose owner is known.
    Lock {
        /// The futex.
        address: u64,
    },
    /// A futex that says nothing of an owner: a condition variable, a semaphore, a lock of another kind.
    Futex {
        /// The futex.
        address: u64,
    },
    /// The end of another thread (`pthread_join`).
    Join,
    /// The other end of a pipe.
    Pipe {
        /// The descriptor.
        fd: u32,
        /// Whether it wants to read.
        reads: bool,
    },
    /// The other end of a unix socket.
    UnixSocket {
        /// The descriptor.
        fd: u32,
    },
    /// The other end of a TCP connection.
    Tcp {
        /// The descriptor.
        fd: u32,
        /// As the kernel's table shows it.
        connection: String,
    },
    /// Another file: a terminal, a device, a disk.
    File {
        /// The descriptor.
        fd: u32,
        /// Where its link leads.
        path: String,
    },
    /// The end of a child.
    Child,
    /// A lock on a file.
    FileLock,
    /// Its tracer has stopped it.
    Traced,
    /// Job control has stopped it.
    Stopped,
    /// The kernel, and no signal ends the wait (state D).
    Uninterruptible {
        /// The kernel's function, where it may be seen.
        wchan: String,
    },
    /// Time.
    Sleep,
    /// The other ends of several pipes and sockets, all of which are known.
    Poll {
        /// How many descriptors.
        descriptors: u32,
    },
    /// Events, signals: what an idle program waits for.
    Events,
    /// Another call.
    Call {
        /// Its number.
        number: u32,
    },
    /// The kernel does not say.
    Unknown,
}

impl Wait {
    /// One word for the kind of wait, the same as in JSON.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Lock { .. } => "lock",
            Self::Futex { .. } => "futex",
            Self::Join => "join",
            Self::Pipe { .. } => "pipe",
            Self::UnixSocket { .. } => "unix_socket",
            Self::Tcp { .. } => "tcp",
            Self::File { .. } => "file",
            Self::Child => "child",
            Self::FileLock => "file_lock",
            Self::Traced => "traced",
            Self::Stopped => "stopped",
            Self::Uninterruptible { .. } => "uninterruptible",
            Self::Sleep => "sleep",
            Self::Poll { .. } => "poll",
            Self::Events => "events",
            Self::Call { .. } => "call",
            Self::Unknown => "unknown",
        }
    }
}

/// Whom a thread waits on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct WaitingOn {
    /// Process.
    pub pid: u32,
    /// Thread, where one is known.
    pub tid: Option<u32>,
}

/// One thread of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Process.
    pub pid: u32,
    /// Thread.
    pub tid: u32,
    /// The process's name.
    pub name: String,
    /// The thread's state letter.
    pub state: char,
    /// What it waits for.
    #[serde(flatten)]
    pub wait: Wait,
    /// On whom. The chain follows the first; of a [`Wait::Poll`] only one that is alone.
    pub on: Vec<WaitingOn>,
    /// It waits on somebody who cannot be seen from here: in another namespace, or not to be looked at by us.
    pub unseen: bool,
}

impl Link {
    /// On whom the chain goes on.
    #[must_use]
    pub fn next(&self) -> Option<WaitingOn> {
        match self.wait {
            // Any of them may end the wait.
            Wait::Poll { .. } if self.on.len() > 1 => None,
            _ => self.on.first().copied(),
        }
    }
}

/// Who waits for whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Chain {
    /// From the thread that was asked about.
    pub links: Vec<Link>,
    /// The place in `links` that the last one waits on: these wait for each other.
    pub cycle: Option<usize>,
    /// The chain goes on, but a limit ended the walk.
    pub cut: bool,
}

/// P5 of the event, decimal. The codes are ours: those of Windows are not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HangType {
    /// It runs, is idle, or what it waits for has no owner that can be known.
    Unknown = 0,
    /// It waits on a thread of its own.
    Waiting = 1,
    /// Its threads wait for each other.
    Deadlock = 2,
    /// It waits on another process.
    CrossProcess = 3,
    /// It and other processes wait for each other.
    CrossProcessDeadlock = 4,
}

impl Chain {
    /// The last process of the chain that is not the first one's.
    #[must_use]
    pub fn other_process(&self) -> Option<&Link> {
        let first = self.links.first()?;
        self.links.iter().rev().find(|link| link.pid != first.pid)
    }

    /// The kind of hang.
    #[must_use]
    pub fn hang_type(&self) -> HangType {
        match (self.other_process().is_some(), self.cycle.is_some()) {
            (true, true) => HangType::CrossProcessDeadlock,
            (true, false) => HangType::CrossProcess,
            (false, true) => HangType::Deadlock,
            (false, false) if self.links.len() > 1 => HangType::Waiting,
            (false, false) => HangType::Unknown,
        }
    }

    /// P4: four hex digits of the SHA-1 of names and kinds of wait, which are the same wherever this hang happens again.
    #[must_use]
    pub fn signature(&self) -> String {
        let mut hash = Sha1::new();
        for link in &self.links {
            hash.update(link.name.as_bytes());
            hash.update([0]);
            hash.update(link.wait.word().as_bytes());
            hash.update([0]);
        }
        hash.update(format!("{:?}", self.cycle));
        hash.finalize().iter().take(2).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The chain in lines of text, for people. Names are those of the processes, control characters escaped.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (index, link) in self.links.iter().enumerate() {
            text.push_str(&format!(
                "{index} {} (process {}, thread {}, state {}) waits for: {}",
                link.name.escape_debug(),
                link.pid,
                link.tid,
                link.state,
                link.wait.word().replace('_', " "),
            ));
            text.push_str(&details(&link.wait));
            for on in &link.on {
                let thread = on.tid.map(|tid| format!(" thread {tid}")).unwrap_or_default();
                text.push_str(&format!(", on process {}{thread}", on.pid));
            }
            if link.unseen {
                text.push_str(", on somebody who cannot be seen from here");
            }
            text.push('\n');
        }
        if let Some(at) = self.cycle {
            let around = self.links.iter().skip(at).chain(self.links.get(at));
            let names = around.map(|link| format!("{} ({})", link.name.escape_debug(), link.tid));
            text.push_str(&format!("deadlock: {}\n", names.collect::<Vec<_>>().join(" -> ")));
        }
        if self.cut {
            text.push_str("the chain goes on\n");
        }
        text
    }
}

fn details(wait: &Wait) -> String {
    match wait {
        Wait::Lock { address } | Wait::Futex { address } => format!(" at {address:#x}"),
        Wait::Pipe { fd, reads } => {
            format!(" (descriptor {fd}, to {})", if *reads { "read" } else { "write" })
        }
        Wait::UnixSocket { fd } => format!(" (descriptor {fd})"),
        Wait::Tcp { fd, connection } => format!(" (descriptor {fd}, {connection})"),
        Wait::Poll { descriptors } => format!(" of {descriptors} descriptors"),
        Wait::File { fd, path } => format!(" (descriptor {fd}, {})", path.escape_debug()),
        Wait::Uninterruptible { wchan } => format!(" ({})", wchan.escape_debug()),
        Wait::Call { number } => format!(" {number}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(pid: u32, wait: Wait) -> Link {
        Link { pid, tid: pid, name: format!("p{pid}"), state: 'S', wait, on: Vec::new(), unseen: false }
    }

    fn chain(pids: &[u32], cycle: Option<usize>) -> Chain {
        let links = pids.iter().map(|pid| link(*pid, Wait::Child)).collect();
        Chain { links, cycle, cut: false }
    }

    #[test]
    fn the_type_says_who_is_in_the_chain() {
        assert_eq!(chain(&[1], None).hang_type(), HangType::Unknown);
        assert_eq!(chain(&[1, 1], None).hang_type(), HangType::Waiting);
        assert_eq!(chain(&[1, 1], Some(0)).hang_type(), HangType::Deadlock);
        assert_eq!(chain(&[1, 2], None).hang_type(), HangType::CrossProcess);
        assert_eq!(chain(&[1, 2], Some(0)).hang_type(), HangType::CrossProcessDeadlock);
        assert_eq!(
            chain(&[1, 2, 1], Some(1)).text().lines().last(),
            Some("deadlock: p2 (2) -> p1 (1) -> p2 (2)")
        );
        assert_eq!(chain(&[1, 2, 1], Some(0)).other_process().map(|link| link.pid), Some(2));
    }

    #[test]
    fn the_signature_knows_no_numbers_of_processes() {
        let mut one = chain(&[1, 2], None);
        let mut two = one.clone();
        two.links[0].tid = 77;
        two.links[0].wait = Wait::Child;
        assert_eq!(one.signature(), two.signature());
        assert_eq!(one.signature().len(), 4);
        one.links[0].wait = Wait::Pipe { fd: 3, reads: true };
        assert_ne!(one.signature(), two.signature());
        assert_ne!(chain(&[1, 2], Some(0)).signature(), two.signature());
    }
}
