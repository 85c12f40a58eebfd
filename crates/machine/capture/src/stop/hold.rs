//! A stop, from the first thread that is seized to the last that is let go.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use wer_snapshot::Facts;
use wer_sys::Process;

use super::{RegisterReader, Stopped, Tracer};
use crate::error::CaptureError;
use crate::limits::{MAX_STOP_ROUNDS, UNINTERRUPTIBLE_DEADLINE};

/// Something to be done by the OS thread that traces.
pub(super) type Job = Box<dyn FnOnce(&mut Tracer) + Send>;

/// What is to be stopped, and how.
#[derive(Debug)]
pub(crate) struct Wish {
    /// Thread ids of a moment ago.
    pub(crate) known: Vec<u32>,
    /// A thread that is let alone.
    pub(crate) skip: Option<u32>,
    /// How long threads inside an uninterruptible call are waited for.
    pub(crate) patience: Duration,
    /// Registers beyond those of SSE are wanted.
    pub(crate) extended_registers: bool,
}

impl Wish {
    /// All these threads, and whatever they start.
    pub(crate) fn all(known: Vec<u32>, facts: &Facts) -> Self {
        let extended_registers = facts.extended_registers;
        Self { known, skip: None, patience: UNINTERRUPTIBLE_DEADLINE, extended_registers }
    }
}

/// An OS thread that waits to stop others: starting one takes longer than stopping a small process.
#[derive(Debug)]
pub(crate) struct Ready {
    begin: Sender<Box<dyn FnOnce() + Send>>,
    thread: JoinHandle<()>,
}

impl Ready {
    /// Starts it, for the process with this pid. Dropped, it ends.
    pub(crate) fn start(pid: u32) -> Result<Self, CaptureError> {
        let (begin, work) = channel::<Box<dyn FnOnce() + Send>>();
        let run = move || work.into_iter().take(1).for_each(|work| work());
        let thread = std::thread::Builder::new().name("wer-tracer".into()).spawn(run);
        Ok(Self { begin, thread: thread.map_err(|source| CaptureError::Tracer { pid, source })? })
    }
}

/// A stop that lasts until it is released or dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    jobs: Option<Sender<Job>>,
    tracer: Option<JoinHandle<()>>,
}

impl Hold {
    /// Stops threads. `look` is called when they stand, while their registers are read.
    ///
    /// One thread stops them all: two of them would wait for each other's locks in the kernel for longer than they save.
    pub(crate) fn stop<T>(
        process: &Arc<Process>,
        wish: Wish,
        ready: Ready,
        look: impl FnOnce() -> T,
    ) -> Result<(Self, Stopped, T), CaptureError> {
        let pid = process.pid();
        let Wish { mut known, skip, patience, extended_registers } = wish;
        known.retain(|tid| Some(*tid) != skip);
        let asked = known.clone();
        let (jobs, wait) = channel();
        let (say_standing, standing) = channel();
        let (say_stopped, stopped) = channel();
        let target = Arc::clone(process);
        let work = move || {
            let mut tracer = Tracer::of(&target, patience);
            let standing = tracer.stop(&target, &known);
            let mut reader = RegisterReader::new(extended_registers);
            // Nobody waits any more when the capture has failed.
            if say_standing.send(standing).is_ok()
                && say_stopped.send(tracer.read(&known, &mut reader)).is_ok()
            {
                tracer.work(&wait);
            }
            tracer.detach_all();
        };
        let hold = Self { jobs: Some(jobs), tracer: Some(ready.thread) };
        // If it is gone, it says nothing either.
        let _ = ready.begin.send(Box::new(work));

        let gone = |_| CaptureError::TargetGone { pid };
        let standing = standing.recv().map_err(gone)?;
        let is_all = process.thread_count() == Some(standing + usize::from(skip.is_some()));
        if is_all {
            let seen = look();
            let threads = stopped.recv().map_err(gone)?;
            return Ok((hold, Stopped { threads, unsettled: false }, seen));
        }
        let mut stopped = Stopped { threads: stopped.recv().map_err(gone)?, unsettled: false };
        hold.stop_new_ones(process, asked, (skip, extended_registers), &mut stopped);
        let seen = look();
        Ok((hold, stopped, seen))
    }

    /// Stops what was started meanwhile, until there is nothing new.
    fn stop_new_ones(
        &self,
        process: &Arc<Process>,
        mut asked: Vec<u32>,
        (skip, extended_registers): (Option<u32>, bool),
        stopped: &mut Stopped,
    ) {
        for _ in 0..MAX_STOP_ROUNDS {
            asked.sort_unstable();
            let mut new = process.thread_ids().unwrap_or_default();
            new.retain(|tid| Some(*tid) != skip && asked.binary_search(tid).is_err());
            if new.is_empty() {
                return;
            }
            asked.extend(&new);
            let target = Arc::clone(process);
            let job = move |tracer: &mut Tracer| {
                tracer.stop(&target, &new);
                tracer.read(&new, &mut RegisterReader::new(extended_registers))
            };
            stopped.threads.extend(self.run(job).unwrap_or_default());
        }
        stopped.unsettled = true;
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

    /// Has all threads let go, the first that was stopped first; does not wait until they have been.
    pub(crate) fn begin_release(&mut self) {
        self.jobs = None;
    }

    /// Lets all threads go; returns when they have been.
    pub(crate) fn release(&mut self) {
        self.begin_release();
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
