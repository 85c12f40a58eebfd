//! A process that is being captured: what is read before it is stopped, what while it stands, and the snapshot of both.
//!
//! A stop is to be short. So names, times, arguments, the machine, and the identity of modules are read before; under
//! the stop only registers, mappings, what changed in the modules, and the registration block.

use std::collections::BTreeMap;
use std::sync::Arc;

use wer_model::{LastWords, SoftError, Stage};
use wer_snapshot::{
    CaptureSource, ExceptionSnapshot, Facts, FpuState, LinuxFiles, MemoryReader, ModuleSnapshot, ProcessInfo,
    ProcessSnapshot, Region, Registers, SignalInfo, ThreadSnapshot,
};
use wer_sys::machine::{ms_of_ticks, unix_ns_of_boot_ticks};
use wer_sys::procfs::{Maps, Smaps, Stat, Status, parse_auxv, parse_cmdline, parse_maps, parse_status};
use wer_sys::{Process, ProcessError, VmMemory};

use crate::capture::{Capture, Held};
use crate::classify::{Evidence, classify};
use crate::core_notes::CoreLoad;
use crate::error::CaptureError;
use crate::facts::threads::StartRoutine;
use crate::facts::{Gathered, handles, marks};
use crate::last_words::{glibc_abort_message, joined};
use crate::machine::machine;
use crate::modules::{ModuleCache, find_modules};
use crate::registration::{BlockContents, candidates, read_first};
use crate::stop::Stopped;

pub(crate) mod memory;
mod threads;

pub(crate) use memory::TargetMemory;
use threads::{ThreadFacts, Threads};

/// `AT_ENTRY`: where the main thread begins.
const AT_ENTRY: u64 = 9;

/// One thread's registers, from wherever the way of capture has them.
#[derive(Clone, Debug, Default)]
pub(crate) struct ThreadState {
    pub(crate) registers: Option<Registers>,
    pub(crate) fpu: Option<FpuState>,
    pub(crate) handler_stack_pointer: Option<u64>,
}

/// What is known of a crash before it is classified.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CrashFacts {
    pub(crate) tid: u32,
    pub(crate) signal: SignalInfo,
    /// `trapno` and error code.
    pub(crate) trap: Option<(u64, u64)>,
}

/// A process on its way into a snapshot.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) process: Arc<Process>,
    pub(crate) memory: TargetMemory,
    pub(crate) status: Status,
    pub(crate) soft_errors: Vec<SoftError>,
    /// Address of the registration block as somebody else names it, 0 = unknown.
    pub(crate) block_hint: u64,
    /// `maps` as it was, when the process does not stand any more.
    pub(crate) maps: Option<Vec<u8>>,
    /// `maps` as it is while the process stands, when it was read already.
    maps_now: Option<Result<Vec<u8>, ProcessError>>,
    /// The process stands still, by us or by the kernel, until the capture is released.
    pub(crate) stands: bool,
    /// At least the mapped files of a moment ago, so that they need not be read again to look ahead.
    pub(crate) files_before: Option<Vec<Region>>,
    /// Mappings as the kernel's core has them; empty = no core.
    pub(crate) core_loads: Vec<CoreLoad>,
    facts: Facts,
    gathered: Gathered,
    /// Mappings with their marks before the stop, where they were looked at.
    smaps: Option<Smaps>,
    /// Where threads keep their start function; the outer `None` = not looked for yet.
    start_routine: Option<Option<StartRoutine>>,
    stat: Stat,
    files: LinuxFiles,
    executable: String,
    threads: Threads,
    modules: ModuleCache,
}

/// What tells whether there is something to capture.
#[derive(Debug)]
pub(crate) struct FirstLook {
    pub(crate) process: Arc<Process>,
    pub(crate) status: Status,
    status_text: Vec<u8>,
    threads: Threads,
}

impl FirstLook {
    pub(crate) fn at(process: Process) -> Result<Self, CaptureError> {
        let process = Arc::new(process);
        let status_text = process.read("status")?;
        let status = parse_status(&status_text)
            .ok_or_else(|| ProcessError::Malformed { pid: process.pid(), what: "status".into() })?;
        let threads = Threads::new(&process, status.namespace_tgids.len() > 1);
        Ok(Self { process, status, status_text, threads })
    }

    /// Begins to read what is known of threads, beside what follows.
    pub(crate) fn begin_with_threads(&mut self, facts: &Facts) {
        self.threads.want_details(facts.thread_details);
        self.threads.look_ahead();
    }
}

impl Target {
    /// Reads what can be read while the process runs.
    pub(crate) fn prepare(process: Process) -> Result<Self, CaptureError> {
        Self::after(FirstLook::at(process)?)
    }

    /// As [`Self::prepare`], after a first look.
    pub(crate) fn after(first: FirstLook) -> Result<Self, CaptureError> {
        let FirstLook { process, status, status_text, threads } = first;
        machine();
        let stat = process.stat()?;
        let memory = match process.memory(true).or_else(|_| process.memory(false)) {
            Ok(memory) => TargetMemory::File(memory),
            Err(ProcessError::NotPermitted { .. }) => TargetMemory::Number(VmMemory::new(process.pid())),
            Err(error) => return Err(error.into()),
        };
        let mut target = Self {
            executable: process.executable().unwrap_or_default(),
            threads,
            process,
            memory,
            status,
            stat,
            soft_errors: Vec::new(),
            block_hint: 0,
            maps: None,
            maps_now: None,
            stands: false,
            files_before: None,
            core_loads: Vec::new(),
            facts: Facts::default(),
            gathered: Gathered::default(),
            smaps: None,
            start_routine: None,
            files: LinuxFiles { status: status_text, ..LinuxFiles::default() },
            modules: ModuleCache::default(),
        };
        target.read_files();
        Ok(target)
    }

    fn read_files(&mut self) {
        self.files = LinuxFiles {
            cpuinfo: machine().cpuinfo.clone(),
            lsb_release: machine().os_release.clone(),
            status: std::mem::take(&mut self.files.status),
            cmdline: self.file_of_memory("cmdline"),
            auxv: self.file_of_memory("auxv"),
            limits: self.file("limits"),
            maps: Vec::new(),
        };
    }

    fn file(&mut self, name: &str) -> Vec<u8> {
        let outcome = self.process.read(name);
        self.or_complain(name, outcome)
    }

    fn file_of_memory(&mut self, name: &str) -> Vec<u8> {
        let outcome = self.process.read_of_memory(name);
        self.or_complain(name, outcome)
    }

    fn or_complain(&mut self, name: &str, outcome: Result<Vec<u8>, ProcessError>) -> Vec<u8> {
        match outcome {
            Ok(bytes) => bytes,
            Err(error) => {
                self.complain(format!("{name} is missing: {error}."));
                Vec::new()
            }
        }
    }

    pub(crate) fn complain(&mut self, message: String) {
        self.soft_errors.push(SoftError::new(Stage::Capture, message));
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Looks at those of `facts` that can be looked at now. To be called before [`Self::look_ahead`].
    pub(crate) fn ask(&mut self, facts: &Facts) {
        self.facts = *facts;
        self.threads.want_details(facts.thread_details);
        let known = (&self.stat, &self.status);
        self.gathered = Gathered::before_the_stop(&self.process, known, facts, &mut self.soft_errors);
    }

    /// Whether it still runs the program that it ran when it was looked at first. To be asked under the stop.
    ///
    /// # Errors
    /// [`CaptureError::AnotherProgram`] when not.
    pub(crate) fn check_same_program(&self) -> Result<(), CaptureError> {
        /// `AT_RANDOM`: sixteen bytes near the top of every program's first stack.
        const AT_RANDOM: u64 = 25;
        let now = self.process.read_of_memory("auxv").unwrap_or_default();
        let memory_lives = || match (&self.memory, parse_auxv(&now).iter().find(|(key, _)| *key == AT_RANDOM))
        {
            // The descriptor keeps to the memory of the program that was running when it was opened.
            (TargetMemory::File(memory), Some((_, address))) => memory.read(*address, &mut [0]) == 1,
            _ => true,
        };
        if now.is_empty() || self.files.auxv.is_empty() || (now == self.files.auxv && memory_lives()) {
            Ok(())
        } else {
            Err(CaptureError::AnotherProgram { pid: self.pid() })
        }
    }

    /// Reads names and times of threads, and the modules, so that the stop need not.
    pub(crate) fn look_ahead(&mut self) -> Vec<u32> {
        let given = self.files_before.take().or_else(|| self.process.file_mappings());
        let regions =
            given.unwrap_or_else(|| self.process.maps().map(|maps| maps.regions).unwrap_or_default());
        let tids = self.threads.look_ahead();
        // Each thread has a stack and its guard. The kernel counts pages meanwhile.
        let smaps = self.wants_marks(regions.len() + 2 * tids.len()).then(|| {
            let process = Arc::clone(&self.process);
            std::thread::spawn(move || process.smaps().ok())
        });
        // Only to fill the cache: soft errors and results of this look do not count.
        let modules = self.find_modules(&regions, &mut Vec::new());
        self.find_start_routine(&modules);
        self.smaps = smaps.and_then(|reader| reader.join().ok()).flatten();
        if self.facts.thread_details {
            // Their states are those of threads that run.
            self.threads.finish();
        }
        tids
    }

    fn find_start_routine(&mut self, modules: &[ModuleSnapshot]) -> Option<StartRoutine> {
        if !self.facts.thread_details {
            return None;
        }
        *self.start_routine.get_or_insert_with(|| StartRoutine::of(&self.memory, modules))
    }

    fn find_modules(&mut self, regions: &[Region], errors: &mut Vec<SoftError>) -> Vec<ModuleSnapshot> {
        let auxv = parse_auxv(&self.files.auxv);
        find_modules(Some(&self.process), &self.memory, regions, &auxv, &mut self.modules, errors)
    }

    /// Reads names and times of threads that are not known yet.
    pub(crate) fn learn_threads(&mut self, tids: impl Iterator<Item = u32>) {
        for tid in tids {
            self.learn_thread(tid);
        }
    }

    fn learn_thread(&mut self, tid: u32) -> Option<&ThreadFacts> {
        self.threads.learn(tid, self.stands)
    }

    /// The thread that has this id in the process's own pid namespace.
    pub(crate) fn thread_by_namespace_id(&mut self, namespace_tid: u32) -> Option<u32> {
        let tids = self.process.thread_ids().ok()?;
        if self.status.namespace_tgids.len() <= 1 {
            return tids.contains(&namespace_tid).then_some(namespace_tid);
        }
        tids.into_iter()
            .find(|tid| self.learn_thread(*tid).is_some_and(|facts| facts.namespace_tid == namespace_tid))
    }

    /// Every thread's id by its id in the process's own pid namespace.
    pub(crate) fn thread_ids_by_namespace_id(&mut self) -> BTreeMap<u32, u32> {
        let tids = self.process.thread_ids().unwrap_or_default();
        tids.into_iter().filter_map(|tid| Some((self.learn_thread(tid)?.namespace_tid, tid))).collect()
    }

    /// Takes over what a stop found; its problems become soft errors.
    pub(crate) fn states_of(&mut self, stopped: Stopped) -> Vec<(u32, ThreadState)> {
        if stopped.unsettled {
            self.complain(
                "New threads kept appearing while the process was stopped; some may be missing.".into(),
            );
        }
        let states = stopped.threads.into_iter().map(|(tid, thread)| {
            if let Some(problem) = thread.problem {
                self.soft_errors.push(SoftError::new(Stage::Capture, problem));
            }
            (tid, ThreadState { registers: thread.registers, fpu: thread.fpu, handler_stack_pointer: None })
        });
        states.collect()
    }

    /// Reads what must not move and makes the capture. Called while the threads stand.
    pub(crate) fn finish(
        mut self,
        source: CaptureSource,
        states: Vec<(u32, ThreadState)>,
        crash: Option<CrashFacts>,
        held: Option<Held>,
    ) -> Capture {
        let mut regions = self.read_regions();
        if self.stands {
            self.memory.hold_still(&self.process, &regions);
            if self.facts.handles {
                handles::refresh(&self.process, &mut self.gathered.handles);
            }
        }
        self.mark_regions(source, &mut regions, &states);
        let mut module_errors = Vec::new();
        let modules = self.find_modules(&regions, &mut module_errors);
        self.soft_errors.append(&mut module_errors);
        let block = self.read_registrations(&regions);
        let said = match crash {
            Some(crash) if crash.signal.number == libc::SIGABRT => {
                glibc_abort_message(&self.memory, &modules)
            }
            _ => None,
        };
        self.find_start_routine(&modules);
        let mut threads = self.threads(states, &regions);
        if let Some(crash) = crash {
            threads.sort_by_key(|thread| (thread.tid != crash.tid, thread.tid));
        }
        let decisive = said.as_ref().or(block.last_words.as_ref());
        let exception = crash.map(|crash| exception(crash, &threads, &regions, decisive));
        let last_words = joined(said, block.last_words);
        let snapshot = ProcessSnapshot {
            source,
            process: self.process_info(),
            system: machine().system.clone(),
            threads,
            modules,
            regions,
            exception,
            last_words,
            registrations: block.registrations,
            linux: self.files,
            handles: self.gathered.handles,
            token: self.gathered.token,
            counters: self.gathered.counters,
            system_memory: self.gathered.system_memory,
            unloaded_modules: if self.facts.unloaded_modules { block.unloaded_modules } else { Vec::new() },
            soft_errors: self.soft_errors,
        };
        Capture::new(snapshot, self.process, self.memory, held)
    }

    /// Reads `maps` while the process stands.
    pub(crate) fn look_at_maps(&self) -> impl FnOnce() -> Result<Vec<u8>, ProcessError> + use<> {
        let process = Arc::clone(&self.process);
        move || process.maps_text()
    }

    /// The process stands, with these mappings.
    pub(crate) fn stand(&mut self, maps: Result<Vec<u8>, ProcessError>) {
        self.stands = true;
        self.maps_now = Some(maps);
    }

    /// Reads `maps`; with its marks from before the stop where nothing has changed since, else with those of now.
    fn read_regions(&mut self) -> Vec<Region> {
        let before = self.smaps.take();
        let given = self.maps.take();
        let is_given = given.is_some();
        let read = || self.maps_now.take().unwrap_or_else(|| self.process.maps_text());
        match given.map_or_else(read, Ok) {
            Ok(text) => {
                let maps = match before {
                    Some(smaps) if smaps.maps_text == text => smaps.maps,
                    before => self.marked_now(before, parse_maps(&text), is_given),
                };
                self.take_maps(maps, text)
            }
            Err(error) => {
                self.complain(format!("The mappings are missing: {error}."));
                Vec::new()
            }
        }
    }

    fn marked_now(&self, before: Option<Smaps>, mut maps: Maps, is_of_the_past: bool) -> Maps {
        let is_wanted = before.is_some() || self.stands && self.wants_marks(maps.regions.len());
        if is_wanted
            && !is_of_the_past
            && let Ok(smaps) = self.process.smaps()
        {
            return smaps.maps;
        }
        if let Some(before) = before {
            marks::carry_over(&before.maps.regions, &mut maps.regions);
        }
        maps
    }

    fn take_maps(&mut self, maps: Maps, text: Vec<u8>) -> Vec<Region> {
        self.files.maps = text;
        if maps.dropped_lines > 0 {
            self.complain(format!("{} mappings could not be understood.", maps.dropped_lines));
        }
        if maps.regions.is_empty() {
            self.complain("The process has no mappings any more; its memory is gone.".into());
        }
        maps.regions
    }

    /// A core tells which mappings to leave out; without one `smaps` does, for a process with little memory unasked.
    fn wants_marks(&self, regions: usize) -> bool {
        let cheap = marks::are_cheap(self.status.memory.resident_bytes, regions);
        self.core_loads.is_empty() && (self.facts.region_marks || cheap)
    }

    fn mark_regions(&self, source: CaptureSource, regions: &mut [Region], states: &[(u32, ThreadState)]) {
        let pointers = |state: &ThreadState| [state.registers.map(|it| it.rsp), state.handler_stack_pointer];
        let kept = || marks::Kept::new(states.iter().flat_map(|(_, state)| pointers(state)).flatten());
        if !self.core_loads.is_empty() {
            marks::by_core(regions, &self.core_loads, &self.memory, &kept());
        } else if matches!(source, CaptureSource::InApplication | CaptureSource::Traced)
            && let Some(filter) = marks::coredump_filter(&self.process)
        {
            marks::by_filter(regions, filter, &kept());
        }
    }

    fn read_registrations(&mut self, regions: &[Region]) -> BlockContents {
        let mut block = read_first(&self.memory, &candidates(&self.memory, regions, self.block_hint));
        self.soft_errors.append(&mut block.soft_errors);
        block
    }

    fn process_info(&self) -> ProcessInfo {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        ProcessInfo {
            pid: self.pid(),
            namespace_pid: self.status.namespace_tgid(),
            parent_pid: self.stat.parent_pid,
            uid: self.status.uids[0],
            gid: self.status.gids[0],
            name: self.stat.name.clone(),
            executable: self.executable.strip_suffix(" (deleted)").unwrap_or(&self.executable).into(),
            arguments: parse_cmdline(&self.files.cmdline),
            start_time_unix_ns: unix_ns_of_boot_ticks(self.stat.start_ticks),
            capture_time_unix_ns: u64::try_from(now).unwrap_or(u64::MAX),
            user_time_ms: ms_of_ticks(self.stat.user_ticks),
            kernel_time_ms: ms_of_ticks(self.stat.kernel_ticks),
            auxv: parse_auxv(&self.files.auxv),
        }
    }
}

fn exception(
    crash: CrashFacts,
    threads: &[ThreadSnapshot],
    regions: &[Region],
    last_words: Option<&LastWords>,
) -> ExceptionSnapshot {
    let registers = threads.iter().find(|thread| thread.tid == crash.tid).and_then(|thread| thread.registers);
    let found = classify(&Evidence {
        signal: crash.signal,
        registers: registers.map(|registers| (registers.rip, registers.rsp)),
        trap: crash.trap,
        regions,
        last_words,
    });
    ExceptionSnapshot {
        tid: crash.tid,
        signal: crash.signal,
        status: found.status,
        instruction: registers.map_or(0, |registers| registers.rip),
        access: found.access,
    }
}
