//! `wer run --trace`: runs a program under ptrace and captures it when a signal is about to kill it.
//!
//! It needs nothing of the program and no rights: static, Go and musl programs are seen. Threads are followed, children
//! are not. Every call here comes from the OS thread that called [`supervise`], because the kernel asks for that.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;

use wer_snapshot::{CaptureSource, Facts};
use wer_sys::Process;
use wer_sys::child::{Started, spawn_held};
use wer_sys::forward::Forwarding;
use wer_sys::ptrace::{self, Wait};

use crate::capture::Capture;
use crate::error::CaptureError;
use crate::signal_frame::parse_siginfo;
use crate::stop::{RegisterReader, Tracer};
use crate::target::{CrashFacts, Target};

/// The signals that are crashes where the program does not handle them.
const CRASH_SIGNALS: [i32; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT, libc::SIGTRAP, libc::SIGSYS];

/// How a supervised program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitDisposition {
    /// By `exit`, with this status.
    Exited(i32),
    /// By a signal.
    Signaled {
        /// Which.
        signal: i32,
        /// The kernel says that it dumped core.
        core_dumped: bool,
    },
}

/// Runs `command` to its end. `on_crash` is called, at most once per program that it runs, with the process standing
/// before the signal that kills it; afterwards the signal is delivered.
///
/// The calling thread must have no other children: their ends would be taken here.
///
/// # Errors
/// [`CaptureError::Run`] when the program cannot be started or traced.
pub fn supervise(
    command: Vec<OsString>,
    on_crash: &mut dyn FnMut(&mut Capture),
) -> Result<ExitDisposition, CaptureError> {
    supervise_with(command, &Facts::default(), on_crash)
}

/// As [`supervise`], and looks at `facts` too.
///
/// # Errors
/// As [`supervise`].
pub fn supervise_with(
    command: Vec<OsString>,
    facts: &Facts,
    on_crash: &mut dyn FnMut(&mut Capture),
) -> Result<ExitDisposition, CaptureError> {
    let program = command.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    let fail = |source| CaptureError::Run { program: program.clone(), source };
    let child = spawn_held(command).map_err(fail)?;
    let pid = child.pid();
    if let Err(error) = ptrace::seize(pid, ptrace::TRACE_CLONE | ptrace::TRACE_EXEC) {
        drop(child);
        let _ = ptrace::wait_any();
        return Err(fail(error));
    }
    let _forwarding = Forwarding::to(pid);
    let started = child.release().map_err(fail)?;
    let mut supervisor = Supervisor {
        pid,
        known: HashSet::from([pid]),
        started: Some(started),
        reported: false,
        facts: *facts,
    };
    match supervisor.run(on_crash) {
        Ok(disposition) => match supervisor.started.and_then(Started::error) {
            Some(error) => Err(fail(error)),
            None => Ok(disposition),
        },
        Err(error) => Err(fail(error)),
    }
}

struct Supervisor {
    pid: u32,
    /// Threads that are the program's own.
    known: HashSet<u32>,
    /// Until the program was executed: tells why it could not be.
    started: Option<Started>,
    reported: bool,
    facts: Facts,
}

impl Supervisor {
    fn run(&mut self, on_crash: &mut dyn FnMut(&mut Capture)) -> io::Result<ExitDisposition> {
        loop {
            match ptrace::wait_any() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok((tid, Wait::Exited(status))) if tid == self.pid => {
                    return Ok(ExitDisposition::Exited(status));
                }
                Ok((tid, Wait::Signaled { signal, core_dumped })) if tid == self.pid => {
                    return Ok(ExitDisposition::Signaled { signal, core_dumped });
                }
                Ok((tid, Wait::Exited(_) | Wait::Signaled { .. })) => {
                    self.known.remove(&tid);
                }
                Ok((tid, Wait::Stopped { signal, event })) => self.stopped(tid, signal, event, on_crash),
            }
        }
    }

    /// Every stop is answered; a call that fails means that the thread is gone, which its end will tell.
    fn stopped(&mut self, tid: u32, signal: i32, event: i32, on_crash: &mut dyn FnMut(&mut Capture)) {
        match event {
            0 if !self.reported && self.will_die(tid, signal) => self.crashed(tid, signal, on_crash),
            0 => drop(ptrace::resume(tid, signal)),
            ptrace::EVENT_STOP => self.event_stop(tid, signal),
            libc::PTRACE_EVENT_EXEC => {
                self.known = HashSet::from([self.pid]);
                self.started = None;
                self.reported = false;
                drop(ptrace::resume(tid, 0));
            }
            _ => drop(ptrace::resume(tid, 0)),
        }
    }

    fn event_stop(&mut self, tid: u32, signal: i32) {
        if !self.known.contains(&tid) {
            if !is_thread_of(self.pid, tid) {
                // A child made by `clone` with an unusual signal: it is not followed.
                drop(ptrace::detach(tid, 0));
                return;
            }
            self.known.insert(tid);
        }
        if matches!(signal, libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU) {
            drop(ptrace::listen(tid));
        } else {
            drop(ptrace::resume(tid, 0));
        }
    }

    fn will_die(&self, tid: u32, signal: i32) -> bool {
        CRASH_SIGNALS.contains(&signal)
            && Process::open(self.pid)
                .and_then(|process| process.thread_status(tid))
                .is_ok_and(|status| status.is_default(signal))
    }

    fn crashed(&mut self, tid: u32, signal: i32, on_crash: &mut dyn FnMut(&mut Capture)) {
        self.reported = true;
        let mut others = Tracer::default();
        match self.capture(tid, signal, &mut others) {
            Ok(mut capture) => on_crash(&mut capture),
            Err(error) => {
                tracing::warn!(process.pid = self.pid, %error, "a supervised program crashed and could not be captured");
            }
        }
        // It dies now. A tracer that stays would be in the kernel's way while it writes a core.
        others.detach_all();
        drop(ptrace::detach(tid, signal));
    }

    fn capture(&self, tid: u32, signal: i32, others: &mut Tracer) -> Result<Capture, CaptureError> {
        let process = Process::open(self.pid)?;
        let rest: Vec<u32> = process.thread_ids()?.into_iter().filter(|other| *other != tid).collect();
        others.adopt(&process, &rest);
        let mut target = Target::prepare(process)?;
        target.stands = true;
        target.ask(&self.facts);
        let mut stopped = others.read_all();
        stopped.threads.insert(tid, RegisterReader::of_everything().read(tid));
        let mut info = match ptrace::siginfo(tid) {
            Ok(bytes) => parse_siginfo(&bytes),
            Err(error) => {
                target.complain(format!("The signal's details could not be read: {error}."));
                parse_siginfo(&[0; ptrace::SIGINFO_BYTES])
            }
        };
        info.number = signal;
        let states = target.states_of(stopped);
        let crash = CrashFacts { tid, signal: info, trap: None };
        Ok(target.finish(CaptureSource::Traced, states, Some(crash), None))
    }
}

fn is_thread_of(pid: u32, tid: u32) -> bool {
    Process::open(pid).and_then(|process| process.thread_stat(tid)).is_ok()
}
