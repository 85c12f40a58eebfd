//! Stops the threads of a living process and lets them go.
//!
//! The kernel ties a traced thread to the thread that seized it, so each stop has an OS thread of its own: it seizes,
//! reads the registers, does what it is asked to meanwhile, waits for the word to let go, detaches, and ends. Its end
//! lets go even of threads that never stopped. A thread in job-control stop (state T) is left in it, and a signal that was about to be delivered when we
//! came is delivered when we go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wer_snapshot::{FpuState, Registers};
use wer_sys::Process;
use wer_sys::limits::MAX_XSAVE_BYTES;
use wer_sys::ptrace::{self, Wait};

use crate::error::CaptureError;
use crate::limits::{GLANCE_DEADLINE, MAX_STOP_ROUNDS, STOP_DEADLINE};

/// A thread as the stop found it.
#[derive(Clone, Debug, Default)]
pub(crate) struct StoppedThread {
    pub(crate) registers: Option<Registers>,
    pub(crate) fpu: Option<FpuState>,
    /// Why there are no registers.
    pub(crate) problem: Option<String>,
}

/// What a stop found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopped {
    /// By thread id.
    pub(crate) threads: BTreeMap<u32, StoppedThread>,
    /// New threads kept appearing.
    pub(crate) unsettled: bool,
}

/// Something to be done by the OS thread that traces.
type Job = Box<dyn FnOnce(&mut Tracer) + Send>;

/// A stop that lasts until it is released or dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    jobs: Option<Sender<Job>>,
    tracer: Option<JoinHandle<()>>,
}

impl Hold {
    /// Stops all threads but `skip`. `known` are the thread ids of a moment ago.
    pub(crate) fn stop(
        process: &Arc<Process>,
        known: Vec<u32>,
        skip: Option<u32>,
    ) -> Result<(Self, Stopped), CaptureError> {
        Self::stop_with(process, known, skip, STOP_DEADLINE)
    }

    /// As [`Self::stop`]; threads inside an uninterruptible call are waited for no longer than `patience`.
    pub(crate) fn stop_with(
        process: &Arc<Process>,
        known: Vec<u32>,
        skip: Option<u32>,
        patience: Duration,
    ) -> Result<(Self, Stopped), CaptureError> {
        let pid = process.pid();
        let (jobs, wait) = channel();
        let (report, stopped) = channel();
        let target = Arc::clone(process);
        let tracer = std::thread::Builder::new()
            .name("wer-tracer".into())
            .spawn(move || {
                let mut tracer = Tracer { patience, ..Tracer::default() };
                tracer.stop_all(&target, known, skip);
                if report.send(tracer.read_all()).is_ok() {
                    tracer.work(&wait);
                }
                tracer.detach_all();
            })
            .map_err(|source| CaptureError::Tracer { pid, source })?;
        let hold = Self { jobs: Some(jobs), tracer: Some(tracer) };
        match stopped.recv() {
            Ok(stopped) => Ok((hold, stopped)),
            Err(_) => Err(CaptureError::TargetGone { pid }),
        }
    }

    /// Has something done by the OS thread that traces, and waits for it; `None` when that thread is gone.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tracer) -> T + Send + 'static,
    ) -> Option<T> {
        self.begin(job)?.recv().ok()
    }

    /// Has something done by the OS thread that traces; its result will come.
    pub(crate) fn begin<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tracer) -> T + Send + 'static,
    ) -> Option<Receiver<T>> {
        let (result, done) = channel();
        let job = move |tracer: &mut Tracer| drop(result.send(job(tracer)));
        self.jobs.as_ref()?.send(Box::new(job)).ok()?;
        Some(done)
    }

    /// Lets all threads go; returns when they have been.
    pub(crate) fn release(&mut self) {
        self.jobs = None;
        if let Some(tracer) = self.tracer.take() {
            let _ = tracer.join();
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.release();
    }
}

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
    unsettled: bool,
    /// Threads that were to be let go before they had stopped.
    late: Vec<u32>,
    /// How long threads inside an uninterruptible call are waited for.
    patience: Duration,
    /// The target's main thread, when the target is our own child: its end is for whoever started it.
    own_child: Option<u32>,
}

impl Default for Tracer {
    fn default() -> Self {
        Self {
            threads: BTreeMap::new(),
            unsettled: false,
            late: Vec::new(),
            patience: STOP_DEADLINE,
            own_child: None,
        }
    }
}

impl Tracer {
    fn stop_all(&mut self, process: &Process, known: Vec<u32>, skip: Option<u32>) {
        let is_ours = process.stat().is_ok_and(|stat| stat.parent_pid == std::process::id());
        self.own_child = is_ours.then(|| process.pid());
        let mut listed = known;
        for _ in 0..MAX_STOP_ROUNDS {
            let new: Vec<u32> = listed
                .into_iter()
                .filter(|tid| Some(*tid) != skip && !self.threads.contains_key(tid))
                .collect();
            self.seize(process, &new);
            self.wait_for_stops(process);
            listed = process.thread_ids().unwrap_or_default();
            if listed.iter().all(|tid| Some(*tid) == skip || self.threads.contains_key(tid)) {
                return;
            }
        }
        self.unsettled = true;
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
    fn work(&mut self, jobs: &Receiver<Job>) {
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

    pub(crate) fn read_all(&self) -> Stopped {
        let mut scratch = Box::new([0; MAX_XSAVE_BYTES]);
        let threads =
            self.threads.iter().filter_map(|(tid, state)| Some((*tid, read_one(*tid, state, &mut scratch)?)));
        Stopped { threads: threads.collect(), unsettled: self.unsettled }
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

fn read_one(tid: u32, state: &Tracee, scratch: &mut [u8; MAX_XSAVE_BYTES]) -> Option<StoppedThread> {
    match state {
        Tracee::Lost(None) => None,
        Tracee::Lost(problem) => Some(StoppedThread { problem: problem.clone(), ..StoppedThread::default() }),
        Tracee::Running => {
            let limit = STOP_DEADLINE.as_millis();
            let problem = format!("Thread {tid} did not stop within {limit} ms; its registers are missing.");
            Some(StoppedThread { problem: Some(problem), ..StoppedThread::default() })
        }
        Tracee::Stopped(_) => Some(read_stopped(tid, scratch)),
    }
}

/// Registers of a thread that stands still.
pub(crate) fn read_stopped(tid: u32, scratch: &mut [u8; MAX_XSAVE_BYTES]) -> StoppedThread {
    match ptrace::registers(tid) {
        Ok(registers) => {
            StoppedThread { registers: Some(registers), fpu: read_fpu(tid, scratch), problem: None }
        }
        Err(error) => StoppedThread {
            problem: Some(format!("The registers of thread {tid} could not be read: {error}.")),
            ..StoppedThread::default()
        },
    }
}

fn read_fpu(tid: u32, scratch: &mut [u8; MAX_XSAVE_BYTES]) -> Option<FpuState> {
    if let Ok(xsave) = ptrace::xsave(tid, scratch)
        && let Some(image) = xsave.first_chunk::<512>()
    {
        return Some(FpuState { fxsave: Box::new(*image), xsave });
    }
    let fxsave = ptrace::fxsave(tid).ok()?;
    Some(FpuState { fxsave, xsave: Vec::new() })
}
