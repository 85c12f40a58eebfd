//! Which threads and modules are in the dump, and which parts of each: what the flags allow, narrowed by the caller's
//! custom options and by its callbacks.

use wer_copy::Range;
use wer_snapshot::{ModuleSnapshot, ProcessSnapshot, ThreadSnapshot};

use crate::callbacks::session::Session;
use crate::callbacks::{CallbackInput, ModuleInput, ThreadInput, preset};
use crate::context::context_of;
use crate::error::DumpError;
use crate::flags::{self, module_write, thread_write};
use crate::options::DumpOptions;
use crate::plan::{PlannedModule, PlannedThread};
use crate::streams::module_list;

/// The thread that counts as the exception's: the one that was chosen, the one that the exception names, or the first.
pub(crate) fn crashed_index(snapshot: &ProcessSnapshot, options: &DumpOptions) -> usize {
    let position = |tid: u32| snapshot.threads.iter().position(|thread| thread.tid == tid);
    let chosen = options.custom.as_ref().map(|custom| custom.thread_id).filter(|tid| *tid != 0);
    let named = snapshot.exception.as_ref().map(|exception| exception.tid);
    chosen.and_then(position).or_else(|| named.and_then(position)).unwrap_or(0)
}

/// Threads that are wanted at all (callback 3).
pub(super) fn found_threads(
    session: &mut Session<'_>,
    snapshot: &ProcessSnapshot,
    options: &DumpOptions,
    crashed: usize,
) -> Result<Vec<PlannedThread>, DumpError> {
    let mut threads = Vec::with_capacity(snapshot.threads.len());
    for (index, thread) in snapshot.threads.iter().enumerate() {
        if options.only_crashed_thread && index != crashed {
            continue;
        }
        session.poll()?;
        let allowed = preset::thread_flags_of(options, index == crashed);
        let input = CallbackInput::IncludeThread { thread_id: thread.tid };
        if let Some(flags) = session.ask_flags(input, allowed)
            && flags & allowed & thread_write::THREAD != 0
        {
            threads.push(PlannedThread { index, stack: None, flags: flags & allowed });
        }
    }
    Ok(threads)
}

/// Modules that are wanted at all (callback 4).
pub(super) fn found_modules(
    session: &mut Session<'_>,
    snapshot: &ProcessSnapshot,
    options: &DumpOptions,
) -> Result<Vec<PlannedModule>, DumpError> {
    let mut modules = Vec::with_capacity(snapshot.modules.len());
    for (index, module) in snapshot.modules.iter().enumerate() {
        session.poll()?;
        let allowed = preset::module_flags_of(options, &module.path, true);
        let input = CallbackInput::IncludeModule { base: module.base };
        if let Some(flags) = session.ask_flags(input, allowed)
            && flags & allowed & module_write::MODULE != 0
        {
            modules.push(PlannedModule { index, flags: flags & allowed, headers: options.module_headers() });
        }
    }
    Ok(modules)
}

/// Asks about a thread with its registers and its stack (callback 1, or 2). False: it is not in the dump.
pub(super) fn ask_thread(
    session: &mut Session<'_>,
    planned: &mut PlannedThread,
    thread: &ThreadSnapshot,
    is_exception_thread: bool,
    extended: bool,
) -> Result<bool, DumpError> {
    if session.state.idle {
        return Ok(true);
    }
    session.poll()?;
    let context = context_of(Some(thread));
    let stack = planned.stack.unwrap_or(Range::new(0, 0));
    let input = ThreadInput {
        thread_id: thread.tid,
        context: &context,
        stack_base: stack.end,
        stack_end: stack.start,
        is_exception_thread,
    };
    let input = if extended { CallbackInput::ThreadEx(input) } else { CallbackInput::Thread(input) };
    let answer = session.ask_flags(input, planned.flags);
    planned.flags &= answer.unwrap_or(0);
    Ok(planned.flags & thread_write::THREAD != 0)
}

/// Asks about a module with all that is known of it (callback 0). False: it is not in the dump.
pub(super) fn ask_module(
    session: &mut Session<'_>,
    planned: &mut PlannedModule,
    module: &ModuleSnapshot,
    options: &DumpOptions,
    referenced: bool,
) -> Result<bool, DumpError> {
    let scanned = options.has(flags::SCAN_MEMORY);
    let mark = if scanned && referenced { module_write::REFERENCED_BY_MEMORY } else { 0 };
    let allowed = planned.flags & !module_write::REFERENCED_BY_MEMORY | mark;
    planned.flags = allowed;
    if !session.state.idle {
        session.poll()?;
        let record = module_list::build_id_record(&module.build_id);
        let input = ModuleInput {
            path: options.module_path(&module.path),
            base: module.base,
            size: module.size,
            checksum: 0,
            time_date_stamp: 0,
            version: module.version,
            cv_record: &record,
            misc_record: &[],
            referenced,
        };
        let flags = session.ask_flags(CallbackInput::Module(input), allowed).unwrap_or(0);
        // Only the mark of being referenced may be added.
        planned.flags = flags & (allowed | module_write::REFERENCED_BY_MEMORY);
    }
    if scanned && planned.flags & module_write::REFERENCED_BY_MEMORY == 0 {
        planned.flags &= module_write::MODULE | module_write::MISC_RECORD | module_write::CV_RECORD;
        planned.headers = false;
    }
    Ok(planned.flags & module_write::MODULE != 0)
}
