//! What is looked at in a crashed process beside threads, modules, mappings and registrations.
//!
//! Rights, memory use, details of threads and unloaded modules are cheap and always wanted. Descriptors and the marks of
//! mappings cost more, so they are asked for where a heap dump is kept, which has room for them. Whether it is, the
//! settings say by the executable, before anything else is known.

use wer_abi::flags::DumpType;
use wer_minidump::DumpOptions;
use wer_snapshot::Facts;

use crate::{Context, local_dumps};

/// What a crash of `executable` is to be looked at for.
#[must_use]
pub fn crash_facts(context: &Context, executable: &str) -> Facts {
    let local =
        local_dumps::wanted(context, executable).map(|dump| local_dumps::options(dump.dump_type).facts());
    wanted(context.settings.wants_heap_dump(executable), &local.unwrap_or_default())
}

/// The same for a process that has crashed.
pub(crate) fn facts_of(context: &Context, pid: u32) -> Facts {
    let executable = wer_sys::Process::open(pid).ok().and_then(|process| process.executable());
    let executable = executable.unwrap_or_default();
    crash_facts(context, executable.strip_suffix(" (deleted)").unwrap_or(&executable))
}

fn wanted(heap: bool, local: &Facts) -> Facts {
    let mini = DumpOptions::for_type(DumpType::Mini).facts();
    Facts {
        handles: heap || local.handles || mini.handles,
        region_marks: heap || local.region_marks || mini.region_marks,
        ..Facts::ALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cheap_is_always_looked_at() {
        let mini = wanted(false, &Facts::default());
        assert!(mini.token && mini.counters && mini.thread_details && mini.unloaded_modules);
        assert_eq!(wanted(true, &Facts::default()), Facts::ALL);
        assert_eq!(wanted(false, &Facts::ALL), Facts::ALL);
    }
}
