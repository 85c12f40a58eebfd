//! Planning a dump of a process, in the order in which the original asks its callbacks.

use std::cell::RefCell;

use wer_abi::Hresult;
use wer_copy::range::{covers, merge, subtract};
use wer_copy::{Range, Wanted};
use wer_snapshot::{MemoryReader, ProcessSnapshot, Region};

use crate::callbacks::reader::WatchedMemory;
use crate::callbacks::session::{CallbackState, Session};
use crate::callbacks::{CallbackInput, Callbacks, OutputValue};
use crate::dso;
use crate::error::DumpError;
use crate::filter::StackFilter;
use crate::flags::{self, thread_write};
use crate::options::DumpOptions;
use crate::plan::hidden::Hidden;
use crate::plan::lookup::{ModuleLookup, readable_parts};
use crate::plan::stacks::KeptStack;
use crate::plan::{
    Content, DumpPlan, Known, PlannedModule, PlannedThread, choose, environment, excluded_ranges, finish,
    headers, indirect, regions, registered_ranges, scan, stacks, thread_data, vm,
};
use crate::soft_errors::SoftErrors;

/// A plan without anything.
pub(super) fn empty(options: &DumpOptions, content: Content) -> DumpPlan {
    let callbacks = CallbackState { idle: true, polls: false, vm: false, io: false, secondary: 0 };
    DumpPlan {
        known: Known {
            options: options.clone(),
            content,
            threads: Vec::new(),
            modules: Vec::new(),
            dso: None,
            environment: Vec::new(),
            answers: Vec::new(),
            callbacks,
        },
        wanted: Vec::new(),
        excluded: Vec::new(),
        filter: None,
        asked_again: Vec::new(),
        room_bytes: 0,
        soft_errors: SoftErrors::default(),
    }
}

pub(super) fn plan(
    snapshot: &ProcessSnapshot,
    memory: &dyn MemoryReader,
    options: &DumpOptions,
    callbacks: &mut dyn Callbacks,
) -> Result<DumpPlan, DumpError> {
    let session = RefCell::new(Session::start(callbacks, options));
    begin(&mut session.borrow_mut());
    let watched = WatchedMemory { memory, session: &session, excluded: excluded_ranges(snapshot) };
    let watches = session.borrow().state.vm;
    let memory = if watches { &watched as &dyn MemoryReader } else { memory };
    let crashed = choose::crashed_index(snapshot, options);
    let mut planner = Planner {
        snapshot,
        options,
        memory,
        session: &session,
        crashed,
        lookup: ModuleLookup::new(snapshot),
        plan: empty(options, Content::Process),
        stacks: Vec::new(),
        whole_stacks: Vec::new(),
        hidden: Hidden::default(),
    };
    planner.find()?;
    planner.ask_about_threads()?;
    planner.ask_about_modules()?;
    planner.choose_memory()?;
    planner.end()
}

/// Before anything is looked at (callbacks 16, 17, 15).
fn begin(session: &mut Session<'_>) {
    // What was captured is known already; the answer changes nothing.
    session.ask(CallbackInput::IsProcessSnapshot);
    session.state.vm = session.status(CallbackInput::VmStart) == Some(Hresult::S_FALSE.0);
    let answer = session.ask(CallbackInput::SecondaryFlags { flags: 0 });
    if let (true, OutputValue::SecondaryFlags(flags)) = (answer.accepted, answer.value) {
        session.state.secondary = flags;
    }
}

struct Planner<'a, 'c> {
    snapshot: &'a ProcessSnapshot,
    options: &'a DumpOptions,
    memory: &'a dyn MemoryReader,
    session: &'a RefCell<Session<'c>>,
    crashed: usize,
    lookup: ModuleLookup,
    plan: DumpPlan,
    stacks: Vec<Range>,
    /// Those of them that no filter touches.
    whole_stacks: Vec<Range>,
    hidden: Hidden,
}

impl Planner<'_, '_> {
    /// Threads, modules and mappings that are wanted at all (callbacks 3, 4, 18).
    fn find(&mut self) -> Result<(), DumpError> {
        let mut session = self.session.borrow_mut();
        let known = &mut self.plan.known;
        known.threads = choose::found_threads(&mut session, self.snapshot, self.options, self.crashed)?;
        known.modules = choose::found_modules(&mut session, self.snapshot, self.options)?;
        known.answers = vm::query(&mut session, self.snapshot)?;
        self.hidden = Hidden::of(self.snapshot, self.options, &known.answers);
        Ok(())
    }

    /// Stacks, and what the caller wants of each thread (callback 1 or 2).
    fn ask_about_threads(&mut self) -> Result<(), DumpError> {
        let mut session = self.session.borrow_mut();
        let mut threads = Vec::with_capacity(self.plan.known.threads.len());
        let mut ranges = Vec::with_capacity(self.plan.known.threads.len() + 2);
        for mut planned in std::mem::take(&mut self.plan.known.threads) {
            let Some(thread) = self.snapshot.threads.get(planned.index) else { continue };
            let crashed = planned.index == self.crashed;
            let is_detailed = self.options.detailed_thread == Some(thread.tid);
            let mut kept = KeptStack::default();
            if planned.flags & thread_write::STACK != 0 {
                let more = crashed || is_detailed;
                kept = stacks::stack_of(self.snapshot, thread, more, &mut self.plan.soft_errors);
                planned.stack = kept.stack;
            }
            let extended = self.options.extended_thread_list;
            if !choose::ask_thread(&mut session, &mut planned, thread, crashed, extended)? {
                continue;
            }
            if planned.flags & thread_write::STACK != 0 {
                ranges.extend(kept.parts());
                if is_detailed {
                    self.whole_stacks.extend(kept.parts());
                }
            } else {
                planned.stack = None;
            }
            if is_detailed {
                planned.flags |= thread_write::THREAD_DATA;
            }
            threads.push(planned);
        }
        self.plan.known.threads = threads;
        self.stacks = merge(ranges);
        Ok(())
    }

    /// What the caller wants of each module (callback 0), after stacks were looked at for those that they name.
    fn ask_about_modules(&mut self) -> Result<(), DumpError> {
        let threads = &self.plan.known.threads;
        let referenced = self.options.has(flags::SCAN_MEMORY).then(|| {
            scan::referenced_modules(self.snapshot, threads, self.crashed, self.memory, &self.lookup)
        });
        let mut session = self.session.borrow_mut();
        let mut modules = Vec::with_capacity(self.plan.known.modules.len());
        for mut planned in std::mem::take(&mut self.plan.known.modules) {
            let Some(module) = self.snapshot.modules.get(planned.index) else { continue };
            let named = referenced.as_ref().is_none_or(|marks| marks.get(planned.index) == Some(&true));
            if choose::ask_module(&mut session, &mut planned, module, self.options, named)? {
                modules.push(planned);
            }
        }
        self.plan.known.modules = modules;
        Ok(())
    }

    /// All memory, and what the caller adds and takes away (callbacks 5, 9, 10).
    fn choose_memory(&mut self) -> Result<(), DumpError> {
        let (snapshot, options) = (self.snapshot, self.options);
        self.plan.known.dso = dso::read(&snapshot.process, self.memory);
        let (mut files, mut anonymous) = (Vec::new(), Vec::new());
        let parts = ModuleParts::of(snapshot, &self.lookup, &self.plan.known.modules);
        let kept = regions::bulk(snapshot, options, |region| parts.at(region).map(|(_, flags)| flags));
        for kept in &kept {
            if kept.anonymous { &mut anonymous } else { &mut files }.push(kept.range);
        }
        let mut details = self.details(&parts);
        let added = self.callback_memory(&kept)?;
        let (anonymous, mut files) = (merge(anonymous), merge(files));
        let registered = merge(registered_ranges(snapshot));
        if options.heap_memory() {
            files = subtract(&merge([files, registered.clone()].concat()), &anonymous);
        }
        let bulk = merge([files.clone(), anonymous.clone()].concat());
        details.retain(|range| !covers(&bulk, *range));
        details = subtract(&merge(details), &self.stacks);
        if !options.heap_memory() {
            details = subtract(&details, &registered);
        }
        details = subtract(&merge([details, added].concat()), &self.stacks);
        let details = subtract(&details, &bulk);
        let stacks = std::mem::take(&mut self.stacks);
        self.want(subtract(&stacks, &self.hidden.always), false);
        let beside = |ranges: &[Range]| subtract(&subtract(ranges, &stacks), &self.hidden.beside_stacks);
        let details = beside(&details);
        // By address, so that what is adjacent in the process is one piece of the dump: lldb reads no further than that.
        let files = beside(&files).into_iter().map(|range| Wanted { range, may_be_untouched: false });
        let anonymous = beside(&anonymous).into_iter().map(|range| Wanted { range, may_be_untouched: true });
        let mut bulk: Vec<Wanted> = files.chain(anonymous).collect();
        bulk.sort_unstable_by_key(|wanted| wanted.range);
        self.want(details, false);
        self.plan.wanted.extend(bulk);
        self.stacks = stacks;
        Ok(())
    }

    /// Small pieces: code, data segments, headers, thread data, what words point to.
    fn details(&self, parts: &ModuleParts<'_>) -> Vec<Range> {
        let (snapshot, options, known) = (self.snapshot, self.options, &self.plan.known);
        let wants_code = |planned: &&PlannedThread| planned.flags & thread_write::INSTRUCTION_WINDOW != 0;
        let threads = known.threads.iter().filter(wants_code);
        let threads = threads.filter_map(|planned| snapshot.threads.get(planned.index));
        let instructions = threads.filter_map(|thread| thread.registers.as_ref()).map(|r| r.rip);
        let exception = snapshot.exception.iter().map(|exception| exception.instruction);
        let windows = instructions.chain(exception).filter_map(|address| regions::window(snapshot, address));
        let mut details: Vec<Range> = windows.collect();
        if options.data_segments() && !options.heap_memory() {
            details.extend(regions::data_segments(snapshot, |region| parts.at(region)));
        }
        details.extend(thread_data::ranges(snapshot, &known.threads));
        details.extend(thread_data::loader_ranges(snapshot, options, known.dso.as_ref()));
        details.extend(headers::ranges(snapshot, &known.modules, self.memory));
        if options.indirect_memory() {
            details.extend(indirect::ranges(snapshot, &known.threads, self.crashed, self.memory));
        }
        details
    }

    /// What the caller adds. What it takes away is hidden.
    fn callback_memory(&mut self, kept: &[regions::Kept]) -> Result<Vec<Range>, DumpError> {
        let mut session = self.session.borrow_mut();
        if session.state.idle {
            return Ok(Vec::new());
        }
        if !self.options.full_memory() {
            let added = merge(session.ranges(false)?);
            let removed = session.ranges(true)?;
            self.hidden.hide(removed);
            return Ok(self.readable(added));
        }
        let indices = kept.iter().map(|kept| kept.index);
        let regions = vm::described(self.snapshot, &self.lookup, indices);
        let unwanted = vm::unwanted(&mut session, &regions)?;
        self.hidden.hide(unwanted);
        self.plan.asked_again = regions;
        Ok(Vec::new())
    }

    /// What can be read of the caller's ranges; the rest is told.
    fn readable(&mut self, added: Vec<Range>) -> Vec<Range> {
        let parts: Vec<Range> =
            added.iter().flat_map(|range| readable_parts(self.snapshot, *range)).collect();
        let parts = merge(parts);
        if let Some(first) = subtract(&added, &parts).first() {
            self.plan.soft_errors.push(format!(
                "Memory that was asked for from {:#x} to {:#x} is in no readable mapping.",
                first.start, first.end
            ));
        }
        parts
    }

    fn want(&mut self, ranges: Vec<Range>, may_be_untouched: bool) {
        self.plan.wanted.extend(ranges.into_iter().map(|range| Wanted { range, may_be_untouched }));
    }

    /// Everything that depends on the memory that was chosen (callback 11).
    fn end(mut self) -> Result<DumpPlan, DumpError> {
        if self.options.environment {
            let found = environment::read(self.snapshot, self.memory, &self.hidden.always);
            self.plan.known.environment = found.unwrap_or_else(|| {
                self.plan
                    .soft_errors
                    .push("The environment was not found on the main thread's stack.".into());
                Vec::new()
            });
        }
        if self.options.has(flags::FILTER_MEMORY) {
            let filtered = subtract(&self.stacks, &merge(self.whole_stacks));
            self.plan.filter = Some(StackFilter::new(self.snapshot, filtered));
        }
        let mut session = self.session.borrow_mut();
        session.poll()?;
        session.state.io = session.status(CallbackInput::IoStart) == Some(Hresult::S_FALSE.0);
        self.plan.known.callbacks = session.state;
        Ok(finish(self.snapshot, self.plan))
    }
}

/// Which parts of the module at a mapping are wanted.
struct ModuleParts<'a> {
    lookup: &'a ModuleLookup,
    /// `MODULE_WRITE_FLAGS` by the snapshot's index; `None` = not in the dump.
    flags: Vec<Option<u32>>,
}

impl<'a> ModuleParts<'a> {
    fn of(snapshot: &ProcessSnapshot, lookup: &'a ModuleLookup, modules: &[PlannedModule]) -> Self {
        let mut flags = vec![None; snapshot.modules.len()];
        for planned in modules {
            if let Some(slot) = flags.get_mut(planned.index) {
                *slot = Some(planned.flags);
            }
        }
        Self { lookup, flags }
    }

    fn at(&self, region: &Region) -> Option<(usize, u32)> {
        let index = self.lookup.at(region.start)?;
        Some((index, (*self.flags.get(index)?)?))
    }
}
