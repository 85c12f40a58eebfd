//! Whether a process that was sent SIGSTOP, and whose threads were told to be let go, stands by now.
//!
//! Both take a while on a busy machine: until then a thread runs (R, S), or is still traced (t), and a debugger would find
//! a process that does not stand, or be refused.

use std::time::{Duration, Instant};

use wer_sys::Process;

/// A thread comes to stand when it is scheduled next, which nobody tells.
const PAUSE: Duration = Duration::from_millis(1);

/// Waits until every thread is in job-control stop and nobody traces it; `false` when `limit` has passed, or without the
/// process.
pub(super) fn wait(pid: u32, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    let Ok(process) = Process::open(pid) else { return false };
    loop {
        match stands(&process) {
            Some(true) => return true,
            Some(false) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            _ => return false,
        }
    }
}

/// `None` without the process. Threads that have ended, or end meanwhile, do not count.
fn stands(process: &Process) -> Option<bool> {
    let tids = process.thread_ids().ok()?;
    let mut states = tids.iter().filter_map(|tid| Some(process.thread_stat(*tid).ok()?.state));
    Some(states.all(|state| matches!(state, 'T' | 'Z' | 'X')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Pid, Signal, kill_process};

    #[test]
    fn only_a_process_that_was_stopped_stands() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().expect("sleep");
        let pid = Pid::from_child(&child);
        let running = wait(child.id(), Duration::from_millis(20));
        let _ = kill_process(pid, Signal::STOP);
        let stopped = wait(child.id(), Duration::from_secs(20));
        let _ = child.kill();
        let _ = child.wait();
        assert_eq!((running, stopped), (false, true));
        assert!(!wait(child.id(), Duration::from_secs(20)), "it is gone");
    }
}
