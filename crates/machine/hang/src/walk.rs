//! From thread to thread.

use wer_sys::{Process, ProcessError};

use crate::chain::{Chain, Link};
use crate::limits::{MAX_LINKS, MAX_THREADS};
use crate::thread;

/// What was found of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hang {
    /// The chain of the main thread, or of the one that was asked about.
    pub chain: Chain,
    /// Deadlocks that other threads are in, each once.
    pub deadlocks: Vec<Chain>,
}

impl Hang {
    /// The chain that names the hang: the main one, unless that knows of nobody and there is a deadlock elsewhere.
    #[must_use]
    pub fn telling(&self) -> &Chain {
        let knows = self.chain.links.len() > 1 || self.chain.cycle.is_some();
        self.deadlocks.first().filter(|_| !knows).unwrap_or(&self.chain)
    }
}

/// Looks at a process without stopping it. `tid` is the thread that hangs, by default the main thread.
///
/// # Errors
/// The process is gone, may not be traced by us, or has no such thread.
pub fn look(pid: u32, tid: Option<u32>) -> Result<Hang, ProcessError> {
    let process = Process::open(pid)?;
    let first = tid.unwrap_or(pid);
    // Refused where we may not trace it; then nothing below could be known either.
    process.read(&format!("task/{first}/syscall"))?;
    let chain = walk(pid, first);
    let mut deadlocks: Vec<Chain> = Vec::new();
    for other in process.thread_ids()?.into_iter().take(MAX_THREADS).filter(|tid| *tid != first) {
        let found = walk(pid, other);
        let is_new = |known: &Chain| !known.links.iter().any(|link| link.tid == other);
        if found.cycle == Some(0) && is_new(&chain) && deadlocks.iter().all(is_new) {
            deadlocks.push(found);
        }
    }
    Ok(Hang { chain, deadlocks })
}

fn walk(pid: u32, tid: u32) -> Chain {
    let mut chain = Chain::default();
    let mut next = Some((pid, tid));
    while let Some((pid, tid)) = next {
        if let Some(at) = chain.links.iter().position(|link| (link.pid, link.tid) == (pid, tid)) {
            chain.cycle = Some(at);
            return chain;
        }
        if chain.links.len() == MAX_LINKS {
            chain.cut = true;
            return chain;
        }
        let Some(link) = link(pid, tid) else { return chain };
        // A process without a known thread: its main one.
        next = link.next().map(|on| (on.pid, on.tid.unwrap_or(on.pid)));
        chain.links.push(link);
    }
    chain
}

fn link(pid: u32, tid: u32) -> Option<Link> {
    let process = Process::open(pid).ok()?;
    let seen = thread::look(&process, tid)?;
    let name = process.executable().and_then(|path| path.rsplit('/').next().map(String::from));
    let name = name.or_else(|| process.stat().ok().map(|stat| stat.name)).unwrap_or_default();
    let found = seen.found;
    Some(Link { pid, tid, name, state: seen.state, wait: found.wait, on: found.on, unseen: found.unseen })
}
