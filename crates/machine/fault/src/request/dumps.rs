//! The dumps that a program asks for with its report (`WerReportAddDump`). They are made now, when the report is submitted.
//!
//! A process is named by its number and the time of its start, is held by a pidfd, and is stopped and read with the rights
//! of the program that asks: the kernel decides whether it may. Each process is captured once for all its dumps. What
//! cannot be had is a sentence in the report.
//!
//! A process stands for as long as its memory is copied. Should that not get on, this run ends, and the kernel lets the
//! process go.

mod asked;
mod folder;

use std::path::Path;
use std::time::Duration;

use wer_abi::flags::{
    DumpType, WER_DUMP_NOHEAP_ONQUEUE, WER_FAULT_REPORTING_FLAG_NO_HEAP_ON_QUEUE,
    WER_FAULT_REPORTING_FLAG_NOHEAP,
};
use wer_minidump::DumpOptions;
use wer_model::{FileKind, ReportId, file_marks};
use wer_snapshot::{MemoryReader, ProcessSnapshot, RegistrationKind};

pub(super) use self::asked::Asked;
pub(super) use self::folder::Made;
use self::folder::{Folder, Place};
use crate::Context;
use crate::dumps::{MINIDUMP, REGISTERED_DUMP};
use crate::fail_spot::{self, Spot};
use crate::progress::ToldReader;
use crate::watchdog::{EXIT_HUNG, Watchdog};

/// Ends this run if a process stands for its dumps for longer than the settings allow, without progress. Its program is
/// told that nobody answers.
pub(super) fn watch(context: &Context) -> Watchdog {
    let limit = Duration::from_millis(u64::from(context.settings.hold_ms()));
    Watchdog::start(limit, || std::process::exit(EXIT_HUNG))
}

/// Makes the dumps in `folder`. With `with_registered` what the processes registered joins them, and their flags count.
pub(super) fn make(
    asked: &[Asked],
    with_registered: bool,
    context: &Context,
    folder: &Path,
    id: ReportId,
) -> Made {
    let mut folder = Folder::new(folder);
    let mut done = Vec::new();
    for first in asked {
        let process = first.process();
        if done.contains(&process) {
            continue;
        }
        done.push(process);
        let of_process = asked.iter().filter(|other| other.process() == process);
        let watchdog = watch(context);
        if let Err(reason) = make_of_process(first, of_process, with_registered, &watchdog, &mut folder, id) {
            folder.note(process.0, &format!("There is no dump of it: {}.", reason.trim_end_matches('.')));
        }
    }
    folder.made()
}

fn make_of_process<'a>(
    first: &Asked,
    all: impl Iterator<Item = &'a Asked> + Clone,
    with_registered: bool,
    watchdog: &Watchdog,
    folder: &mut Folder<'_>,
    id: ReportId,
) -> Result<(), String> {
    let mut capture = first.capture()?;
    fail_spot::reach(Spot::Captured);
    let pid = capture.identity().pid;
    for error in std::mem::take(&mut capture.snapshot.soft_errors) {
        folder.note(pid, &error.message);
    }
    let flags = if with_registered { capture.snapshot.registrations.flags } else { 0 };
    let has_mini = all.clone().any(Asked::is_mini);
    let mut has_heap = false;
    let mut progress = || watchdog.progress();
    let memory = ToldReader::new(capture.memory(), &mut progress);
    for asked in all {
        let mut wish = wish_of(asked, flags, id);
        let happened = asked.told(&memory, &capture.snapshot);
        let mut snapshot = happened.unwrap_or_else(|reason| {
            folder.note(pid, &format!("What its caller says of {} was left out: {reason}.", wish.place.name));
            capture.snapshot.clone()
        });
        if wish.place.marks & file_marks::DROP_WHEN_QUEUED != 0 && !has_mini {
            let place =
                Place { name: MINIDUMP.into(), kind: FileKind::Minidump, marks: file_marks::STANDS_IN };
            take(folder, (pid, &memory), place, snapshot.clone(), &mini(id));
        }
        has_heap |= wish.options.heap_memory();
        if wish.options.heap_memory() && !with_registered {
            leave_blocks_out(&mut snapshot);
        }
        wish.place.name = folder.free_name(&wish.place.name);
        take(folder, (pid, &memory), wish.place, snapshot, &wish.options);
    }
    if with_registered && !has_heap && capture.snapshot.registrations.memory_blocks().next().is_some() {
        let name = folder.free_name(REGISTERED_DUMP);
        let place = Place { name, kind: FileKind::AuxiliaryDump, marks: 0 };
        let snapshot = &capture.snapshot;
        let plan = wer_minidump::plan_registered(snapshot, &memory, &mini(id));
        folder.take(pid, place, snapshot.clone(), |file| plan.copy(&memory, file));
    }
    // It goes on while they are written.
    capture.release();
    folder.write(pid);
    Ok(())
}

/// A dump as it will be.
struct Wish {
    options: DumpOptions,
    place: Place,
}

/// What a dump holds and where it goes, where the process's own flags have a say.
fn wish_of(asked: &Asked, flags: u32, id: ReportId) -> Wish {
    let mut options = asked.options(id);
    let mut place = asked.place(&options);
    if options.heap_memory() && flags & WER_FAULT_REPORTING_FLAG_NOHEAP != 0 {
        options = mini(id);
        place = Place { name: MINIDUMP.into(), kind: FileKind::Minidump, marks: 0 };
    }
    let leaves_the_queue =
        asked.flags & WER_DUMP_NOHEAP_ONQUEUE != 0 || flags & WER_FAULT_REPORTING_FLAG_NO_HEAP_ON_QUEUE != 0;
    if options.heap_memory() && leaves_the_queue {
        place.marks |= file_marks::DROP_WHEN_QUEUED;
    }
    Wish { options, place }
}

fn mini(id: ReportId) -> DumpOptions {
    DumpOptions { report_id: Some(id), ..DumpOptions::for_type(DumpType::Mini) }
}

/// Memory blocks belong to a generic report only if it is submitted with what was registered.
fn leave_blocks_out(snapshot: &mut ProcessSnapshot) {
    let is_other = |kind: &RegistrationKind| !matches!(kind, RegistrationKind::MemoryBlock(_));
    snapshot.registrations.entries.retain(|entry| is_other(&entry.kind));
}

fn take(
    folder: &mut Folder<'_>,
    (pid, memory): (u32, &dyn MemoryReader),
    place: Place,
    snapshot: ProcessSnapshot,
    options: &DumpOptions,
) {
    if let Err(error) = options.check() {
        return folder.note(pid, &format!("{} was not made: {error}.", place.name));
    }
    let plan = wer_minidump::plan(&snapshot, memory, options);
    folder.take(pid, place, snapshot, |file| plan.copy(memory, file));
}
