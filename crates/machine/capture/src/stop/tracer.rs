//! The OS thread that traces: what it knows of its tracees, and what it does to them.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use wer_snapshot::Registers;
use wer_sys::Process;
use wer_sys::ptrace::{self, Wait};

use super::hold::Job;
use super::{RegisterReader, Stopped, StoppedThread};
use crate::limits::{GLANCE_DEADLINE, STOP_DEADLINE, UNINTERRUPTIBLE_DEADLINE};

/// Where a thread stands.
#[derive(Clone, Debug)]
pub(crate) enum Tracee {
    /// Seized and told to stop.
    Running,
    /// Stopped; this signal is to be delivered when it is let go.
    Stopped(i32),
    /// It ended, or could not be seized: why.
    Lost(Option<String>),
}

/// Stops and reads threads; all calls from one OS thread.
#[derive(Debug)]
pub(crate) struct Tracer {
    /// By thread id.
    pub(crate) threads: BTreeMap<u32, Tracee>,
    /// Threads that were to be let go before they had stopped.
    late: Vec<u32>,
    /// How long threads inside an uninterruptible call are waited for.
    pub(super) patience: Duration,
    /// The target's main thread, when the target is our own child: its end is for whoever started it.
    own_child: Option<u32>,
}

impl Default for Tracer {
    fn default() -> Self {
        Self {
            threads: BTreeMap::new(),
            late: Vec::new(),
            patience: UNINTERRUPTIBLE_DEADLINE,
            own_child: None,
        }
    }
}

impl Tracer {
    /// For the threads of one process.
    pub(super) fn of(process: &Process, patience: Duration) -> Self {
        let is_ours = process.stat().is_ok_and(|stat| stat.parent_pid == std::process::id());
        Self { patience, own_child: is_ours.then(|| process.pid()), ..Self::default() }
    }

    /// Stops threads; how many of them stand then.
    pub(super) fn stop(&mut self, process: &Process, tids: &[u32]) -> usize {
        self.seize(process, tids);
        self.wait_for_stops(process);
        let stands = |tid: &&u32| matches!(self.threads.get(tid), Some(Tracee::Stopped(_)));
        tids.iter().filter(stands).count()
    }

    /// Registers of threads; those that are gone are not in the answer.
    pub(super) fn read(&self, tids: &[u32], reader: &mut RegisterReader) -> BTreeMap<u32, StoppedThread> {
        let read = |tid: &u32| Some((*tid, read_one(*tid, self.threads.get(tid)?, reader)?));
        tids.iter().filter_map(read).collect()
    }

    /// Registers of all of its threads.
    pub(crate) fn read_all(&self) -> Stopped {
        Stopped {
            threads: self.read(
                &self.threads.keys().copied().collect::<Vec<_>>(),
                &mut RegisterReader::of_everything(),
            ),
            unsettled: false,
        }
    }

    fn seize(&mut self, process: &Process, tids: &[u32]) {
        for tid in tids {
            let state = match ptrace::seize(*tid, 0) {
                Ok(()) => Tracee::Running,
                Err(_) if has_ended(process, *tid) => Tracee::Lost(None),
                Err(error) => Tracee::Lost(Some(refusal(*tid, &error))),
            };
            self.threads.insert(*tid, state);
        }
        self.interrupt_running();
    }

    /// Takes over threads that this OS thread traces already.
    pub(crate) fn adopt(&mut self, process: &Process, tids: &[u32]) {
        let living = tids.iter().filter(|tid| !has_ended(process, **tid));
        self.threads.extend(living.map(|tid| (*tid, Tracee::Running)));
        self.interrupt_running();
        self.wait_for_stops(process);
    }

    /// Does jobs until there are no more to come. Threads that did not stop in time and were let go are let go for good
    /// as soon as they stop.
    pub(super) fn work(&mut self, jobs: &Receiver<Job>) {
        /// How long a thread that stops late stands at most.
        const PAUSE: Duration = Duration::from_millis(1);
        loop {
            let job = match self.late.is_empty() {
                true => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => jobs.recv_timeout(PAUSE),
            };
            match job {
                Ok(job) => job(self),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let own_child = self.own_child;
            self.late.retain(|tid| !let_go(*tid, own_child));
        }
    }

    fn interrupt_running(&self) {
        for (tid, _) in self.threads.iter().filter(|(_, state)| matches!(state, Tracee::Running)) {
            // It fails when the thread is gone; the wait finds that out.
            let _ = ptrace::interrupt(*tid);
        }
    }

    fn wait_for_stops(&mut self, process: &Process) {
        /// Empty rounds in which the processor is only offered to others.
        const PATIENT_ROUNDS: u32 = 200;
        const PAUSE: Duration = Duration::from_micros(100);
        let begin = Instant::now();
        let (deadline, patience) = (begin + STOP_DEADLINE, begin + self.patience);
        let mut empty_rounds = 0;
        let own_child = self.own_child;
        loop {
            let (mut progress, mut running) = (false, false);
            for (tid, state) in &mut self.threads {
                if matches!(state, Tracee::Running) {
                    match after(poll(*tid, own_child)) {
                        Some(next) => (*state, progress) = (next, true),
                        None => running = true,
                    }
                }
            }
            let now = Instant::now();
            if !running || now >= deadline || now >= patience && self.all_running_are_uninterruptible(process)
            {
                return;
            }
            empty_rounds = if progress { 0 } else { empty_rounds + 1 };
            if empty_rounds < PATIENT_ROUNDS {
                std::thread::yield_now();
            } else {
                std::thread::sleep(PAUSE);
            }
        }
    }

    fn all_running_are_uninterruptible(&self, process: &Process) -> bool {
        let mut running = self.threads.iter().filter(|(_, state)| matches!(state, Tracee::Running));
        running.all(|(tid, _)| process.thread_stat(*tid).is_ok_and(|stat| stat.state == 'D'))
    }

    /// Registers of a thread that is not among ours; it stands for no longer than it takes to read them.
    pub(crate) fn glance(&mut self, tid: u32) -> Option<Registers> {
        ptrace::seize(tid, 0).ok()?;
        // It fails when the thread is gone; the wait finds that out.
        let _ = ptrace::interrupt(tid);
        let deadline = Instant::now() + GLANCE_DEADLINE;
        loop {
            match after(poll(tid, self.own_child)) {
                Some(Tracee::Stopped(signal)) => {
                    let registers = ptrace::registers(tid).ok();
                    let _ = ptrace::detach(tid, signal);
                    return registers;
                }
                Some(_) => return None,
                None if Instant::now() >= deadline => {
                    self.late.push(tid);
                    return None;
                }
                None => std::thread::yield_now(),
            }
        }
    }

    /// Takes over what the kernel reported of a thread; `false` when it is none of ours.
    pub(crate) fn take_note(&mut self, tid: u32, report: Wait) -> bool {
        if let Some(late) = self.late.iter().position(|late| *late == tid) {
            self.late.swap_remove(late);
            if let Some(Tracee::Stopped(signal)) = after(Ok(Some(report))) {
                let _ = ptrace::detach(tid, signal);
            }
            return true;
        }
        let Some(state) = self.threads.get_mut(&tid) else { return false };
        if let Some(next) = after(Ok(Some(report))) {
            *state = next;
        }
        true
    }

    /// Lets all threads go, in the order of their ids, which is that in which they were stopped: so none stands longer
    /// than another.
    pub(crate) fn detach_all(&mut self) {
        for (tid, state) in std::mem::take(&mut self.threads) {
            match state {
                Tracee::Stopped(signal) => {
                    if ptrace::detach(tid, signal).is_err() {
                        // Killed meanwhile: taking its end lets its parent see it too.
                        let _ = poll(tid, self.own_child);
                    }
                }
                Tracee::Running if !let_go(tid, self.own_child) => self.late.push(tid),
                Tracee::Running | Tracee::Lost(_) => {}
            }
        }
    }
}

/// Asks what became of a thread. The end of another's child is taken, so that its parent sees it too.
fn poll(tid: u32, own_child: Option<u32>) -> std::io::Result<Option<Wait>> {
    if own_child == Some(tid) { ptrace::poll_and_leave_end(tid) } else { ptrace::poll(tid) }
}

/// Lets a thread go if it has stopped by now; `false` when it has not.
fn let_go(tid: u32, own_child: Option<u32>) -> bool {
    match after(poll(tid, own_child)) {
        None => false,
        Some(Tracee::Stopped(signal)) => {
            let _ = ptrace::detach(tid, signal);
            true
        }
        Some(_) => true,
    }
}

/// Where a thread stands after a report, or after none.
pub(crate) fn after(outcome: std::io::Result<Option<Wait>>) -> Option<Tracee> {
    match outcome {
        Ok(None) => None,
        // Before a signal's delivery; every other stop has an event.
        Ok(Some(Wait::Stopped { signal, event: 0 })) => Some(Tracee::Stopped(signal)),
        Ok(Some(Wait::Stopped { .. })) => Some(Tracee::Stopped(0)),
        Ok(Some(Wait::Exited(_) | Wait::Signaled { .. })) | Err(_) => Some(Tracee::Lost(None)),
    }
}

/// A main thread that ended before the others stays in the list as a zombie.
fn has_ended(process: &Process, tid: u32) -> bool {
    process.thread_stat(tid).map_or(true, |stat| matches!(stat.state, 'Z' | 'X'))
}

fn refusal(tid: u32, error: &std::io::Error) -> String {
    format!("Thread {tid} could not be stopped ({error}): it is traced already, or not ours to trace.")
}

fn read_one(tid: u32, state: &Tracee, reader: &mut RegisterReader) -> Option<StoppedThread> {
    match state {
        Tracee::Lost(None) => None,
        Tracee::Lost(problem) => Some(StoppedThread { problem: problem.clone(), ..StoppedThread::default() }),
        Tracee::Running => {
            let problem = format!("Thread {tid} did not stop in time; its registers are missing.");
            Some(StoppedThread { problem: Some(problem), ..StoppedThread::default() })
        }
        Tracee::Stopped(_) => Some(reader.read(tid)),
    }
}
