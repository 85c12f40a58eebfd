//! What `/proc` says of a target's threads: names, times, ids in their own namespace.
//!
//! The kernel takes five to ten microseconds for one thread. Many threads are read by an OS thread of our own, beside
//! whatever else is looked at.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use wer_snapshot::{Region, ThreadDetails, ThreadSnapshot};
use wer_sys::Process;
use wer_sys::machine::{ms_of_ticks, unix_ns_of_boot_ticks};
use wer_sys::procfs::{Stat, parse_auxv};

use super::{AT_ENTRY, Target, ThreadState};
use crate::facts::threads::affinity;
use crate::limits::MIN_THREADS_BESIDE;

/// What is known of one thread beside its registers.
#[derive(Debug)]
pub(super) struct ThreadFacts {
    pub(super) name: String,
    pub(super) nice: i32,
    pub(super) namespace_tid: u32,
    /// Times and state, where details are wanted.
    pub(super) stat: Option<Stat>,
    /// Processors on which it may run; 0 = not asked for.
    pub(super) affinity: u64,
    /// It was looked at while it stood, so that its state tells nothing.
    pub(super) stood: bool,
}

/// How a thread is to be looked at.
#[derive(Clone, Debug)]
struct Look {
    process: Arc<Process>,
    /// Its process is in a pid namespace of its own.
    is_namespaced: bool,
    /// Times, state and processors are wanted too.
    wants_details: bool,
}

impl Look {
    fn at(&self, tid: u32, stood: bool) -> Option<ThreadFacts> {
        let stat = self.wants_details.then(|| self.process.thread_stat(tid).ok()).flatten();
        let (name, nice) = match &stat {
            Some(stat) => (stat.name.clone(), stat.nice),
            None => (self.process.thread_name(tid).ok()?, nice(tid)),
        };
        let inner = || self.process.thread_status(tid).ok()?.namespace_id();
        let namespace_tid = self.is_namespaced.then(inner).flatten().unwrap_or(tid);
        let affinity = if self.wants_details { affinity(tid) } else { 0 };
        Some(ThreadFacts { name, nice, namespace_tid, stat, affinity, stood })
    }
}

/// Nice value of a thread; 0 where it is gone.
fn nice(tid: u32) -> i32 {
    let tid = i32::try_from(tid).ok().and_then(rustix::process::Pid::from_raw);
    tid.and_then(|tid| rustix::process::getpriority_process(Some(tid)).ok()).unwrap_or(0)
}

/// What is known of the threads of one target.
#[derive(Debug)]
pub(super) struct Threads {
    look: Look,
    known: HashMap<u32, ThreadFacts>,
    /// Thread ids, when they were listed.
    listed: Option<Vec<u32>>,
    /// Being read.
    beside: Option<JoinHandle<HashMap<u32, ThreadFacts>>>,
}

impl Threads {
    pub(super) fn new(process: &Arc<Process>, is_namespaced: bool) -> Self {
        let look = Look { process: Arc::clone(process), is_namespaced, wants_details: false };
        Self { look, known: HashMap::new(), listed: None, beside: None }
    }

    /// Whether times, state and processors are wanted too.
    pub(super) fn want_details(&mut self, wants_details: bool) {
        self.look.wants_details = wants_details;
    }

    /// Looks at threads while they run, beside what follows when they are many. Their ids.
    pub(super) fn look_ahead(&mut self) -> Vec<u32> {
        if let Some(listed) = &self.listed {
            return listed.clone();
        }
        let tids = self.look.process.thread_ids().unwrap_or_default();
        self.listed = Some(tids.clone());
        if tids.len() < MIN_THREADS_BESIDE {
            for tid in &tids {
                self.learn(*tid, false);
            }
        } else {
            let (look, tids) = (self.look.clone(), tids.clone());
            let read = move || tids.into_iter().filter_map(|tid| Some((tid, look.at(tid, false)?))).collect();
            // Where no OS thread can be had they are looked at one by one when they are asked for.
            self.beside = std::thread::Builder::new().name("wer-threads".into()).spawn(read).ok();
        }
        tids
    }

    /// What was begun has been read.
    pub(super) fn finish(&mut self) {
        if let Some(beside) = self.beside.take() {
            self.known.extend(beside.join().unwrap_or_default());
        }
    }

    /// What is known of one thread, read if need be; `None` when it is gone.
    pub(super) fn learn(&mut self, tid: u32, stands: bool) -> Option<&ThreadFacts> {
        use std::collections::hash_map::Entry;
        self.finish();
        match self.known.entry(tid) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(place) => Some(place.insert(self.look.at(tid, stands)?)),
        }
    }
}

impl Target {
    /// One value per thread of what the stop found and of what `/proc` says.
    pub(super) fn threads(
        &mut self,
        states: Vec<(u32, ThreadState)>,
        regions: &[Region],
    ) -> Vec<ThreadSnapshot> {
        let mut threads = Vec::with_capacity(states.len());
        for (tid, state) in states {
            let details = self.details(tid, &state, regions);
            let facts = self.learn_thread(tid);
            let stat = facts.and_then(|facts| facts.stat.as_ref());
            threads.push(ThreadSnapshot {
                tid,
                namespace_tid: facts.map_or(tid, |facts| facts.namespace_tid),
                name: facts.map(|facts| facts.name.clone()).unwrap_or_default(),
                registers: state.registers,
                fpu: state.fpu,
                handler_stack_pointer: state.handler_stack_pointer,
                priority: facts.map_or(0, |facts| facts.nice),
                user_time_ms: stat.map_or(0, |stat| ms_of_ticks(stat.user_ticks)),
                kernel_time_ms: stat.map_or(0, |stat| ms_of_ticks(stat.kernel_ticks)),
                details,
            });
        }
        threads
    }

    fn details(&mut self, tid: u32, state: &ThreadState, regions: &[Region]) -> Option<ThreadDetails> {
        if !self.facts.thread_details {
            return None;
        }
        let start_address = if tid == self.pid() {
            let auxv = parse_auxv(&self.files.auxv);
            auxv.iter().find(|(key, _)| *key == AT_ENTRY).map_or(0, |(_, value)| *value)
        } else {
            let fs_base = state.registers.map_or(0, |registers| registers.fs_base);
            let routine = self.start_routine.flatten();
            routine.map_or(0, |routine| routine.read(&self.memory, fs_base, regions))
        };
        let facts = self.learn_thread(tid)?;
        let stat = facts.stat.as_ref()?;
        Some(ThreadDetails {
            create_time_unix_ns: unix_ns_of_boot_ticks(stat.start_ticks),
            start_address,
            affinity: facts.affinity,
            state: if facts.stood { 0 } else { u8::try_from(stat.state).unwrap_or(0) },
        })
    }
}
