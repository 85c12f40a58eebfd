//! Passing on signals that were meant for a supervised child.
//!
//! A terminal sends its signals to the whole foreground group, so the child has them already; a `kill` aimed at the
//! supervisor alone reaches only us. While a [`Forwarding`] lives, the first kind is swallowed and the second is sent on.
#![expect(unsafe_code, reason = "signal handlers")]

use std::sync::atomic::{AtomicI32, Ordering};

/// The signals that are passed on.
const SIGNALS: [libc::c_int; 7] =
    [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1, libc::SIGUSR2, libc::SIGWINCH];

static CHILD: AtomicI32 = AtomicI32::new(0);

/// While it lives, signals to this process go to its child. One per process.
#[derive(Debug)]
pub struct Forwarding {
    former: Vec<(libc::c_int, libc::sigaction)>,
}

impl Forwarding {
    /// Starts passing signals on to `child`; `None` when another child is served already.
    #[must_use]
    pub fn to(child: u32) -> Option<Self> {
        let child = i32::try_from(child).ok()?;
        CHILD.compare_exchange(0, child, Ordering::SeqCst, Ordering::SeqCst).ok()?;
        Some(Self {
            former: SIGNALS.iter().filter_map(|signal| Some((*signal, install(*signal)?))).collect(),
        })
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        for (signal, action) in &self.former {
            // SAFETY: `action` is what the kernel gave us for this signal.
            unsafe { libc::sigaction(*signal, action, std::ptr::null_mut()) };
        }
        CHILD.store(0, Ordering::SeqCst);
    }
}

fn install(signal: libc::c_int) -> Option<libc::sigaction> {
    // SAFETY: all zero is a valid `sigaction`: default action, empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let mut former: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = on_signal as *const () as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO;
    let (new, old) = (&raw const action, &raw mut former);
    // SAFETY: both point to live locals, and `on_signal` has the form that SA_SIGINFO asks for.
    (unsafe { libc::sigaction(signal, new, old) } == 0).then_some(former)
}

extern "C" fn on_signal(signal: libc::c_int, info: *const libc::siginfo_t, _context: *const libc::c_void) {
    // SAFETY: the kernel gives a valid siginfo to a handler with SA_SIGINFO.
    let code = unsafe { (*info).si_code };
    let child = CHILD.load(Ordering::SeqCst);
    // Codes above 0 are the kernel's own: the terminal's group got the signal too.
    if code <= 0 && child > 0 {
        // SAFETY: __errno_location is always valid in the thread that calls it.
        let errno = unsafe { libc::__errno_location() };
        // SAFETY: as above; read before kill may change it.
        let saved = unsafe { *errno };
        // SAFETY: kill may be called from a handler; the child is not reaped while a `Forwarding` lives.
        unsafe { libc::kill(child, signal) };
        // SAFETY: as above.
        unsafe { *errno = saved };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{Signal, getpid, kill_process};

    #[test]
    fn a_signal_for_us_reaches_the_child() {
        let mut child =
            std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().expect("cat");
        // Waiting would close it, and end the child before a signal that another thread of ours takes.
        let _stdin = child.stdin.take();
        let forwarding = Forwarding::to(child.id()).expect("the only one");
        assert!(Forwarding::to(1).is_none());
        kill_process(getpid(), Signal::USR1).expect("a signal to ourselves");
        let status = child.wait().expect("its end");
        drop(forwarding);
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(libc::SIGUSR1));
    }
}
