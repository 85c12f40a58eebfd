//! Second phase: reads the process's memory. The process is stopped meanwhile, so nothing is formatted unless something
//! is missing, and what the caller does not want to see it is not asked about.

use std::fs::File;

use wer_copy::{
    Continue, Copied, CopyError, CopyJob, Missing, Output, Range, Unreadable, Wanted, Watcher, range,
};
use wer_snapshot::MemoryReader;

use crate::callbacks::session::Session;
use crate::callbacks::{Callbacks, NoCallbacks};
use crate::error::DumpError;
use crate::filter::StackFilter;
use crate::limits::IN_MEMORY_MAX_BYTES;
use crate::plan::{DumpPlan, Known, vm};
use crate::soft_errors::SoftErrors;

/// A dump whose memory has been read: nothing needs the process any more.
#[derive(Debug)]
pub struct CopiedDump {
    pub(crate) known: Known,
    pub(crate) memory: Copied,
    pub(crate) soft_errors: SoftErrors,
}

impl DumpPlan {
    /// Reads the planned memory. Empties `out` first, and writes to it only when there is more than
    /// [`crate::limits::IN_MEMORY_MAX_BYTES`]; memory that cannot be read is left out and a soft error.
    ///
    /// # Errors
    /// When `out` cannot be written; it is left empty then.
    pub fn copy(self, memory: &dyn MemoryReader, out: &File) -> Result<CopiedDump, DumpError> {
        let go_on = &mut |_, _| Continue::Yes;
        self.copy_to(memory, &mut Output::file(out), go_on, &mut NoCallbacks)
    }

    /// The same to any output, telling `progress` how many bytes of how many are done, and asking `callbacks`.
    ///
    /// # Errors
    /// `output` cannot be written, `progress` or a callback wanted no more of it, an answer cannot be true, or memory
    /// cannot be read and the caller wants no dump without it. `output` is left without a signature then.
    pub fn copy_to(
        mut self,
        memory: &dyn MemoryReader,
        output: &mut Output<'_>,
        progress: &mut dyn FnMut(u64, u64) -> Continue,
        callbacks: &mut dyn Callbacks,
    ) -> Result<CopiedDump, DumpError> {
        let mut session = Session::go_on(callbacks, &self.known.options, self.known.callbacks);
        ask_again(&mut session, &self.asked_again, &mut self.wanted).inspect_err(|_| output.abandon())?;
        let mut watcher = DumpWatcher { session, progress, filter: self.filter.as_ref(), error: None };
        let job = CopyJob {
            wanted: &self.wanted,
            excluded: &self.excluded,
            in_memory_max_bytes: IN_MEMORY_MAX_BYTES,
            room_bytes: self.room_bytes,
        };
        let copied = wer_copy::copy(&job, memory, output, &mut watcher);
        let (state, error) = (watcher.session.state, watcher.error.take());
        let copied = match (copied, error) {
            (Err(CopyError::Cancelled | CopyError::Unreadable { .. }), Some(error)) => return Err(error),
            (copied, _) => copied?,
        };
        self.known.callbacks = state;
        let mut soft_errors = self.soft_errors;
        report(&copied.missing, &mut soft_errors);
        Ok(CopiedDump { known: self.known, memory: copied, soft_errors })
    }
}

/// The second pass over a full dump's mappings.
fn ask_again(
    session: &mut Session<'_>,
    regions: &[crate::callbacks::VmRegion],
    wanted: &mut Vec<Wanted>,
) -> Result<(), DumpError> {
    let unwanted = range::merge(vm::unwanted(session, regions)?);
    if unwanted.is_empty() {
        return Ok(());
    }
    let left = wanted.iter().flat_map(|wanted| {
        let parts = range::subtract(&[wanted.range], &unwanted);
        parts.into_iter().map(|range| Wanted { range, ..*wanted })
    });
    *wanted = left.collect();
    Ok(())
}

/// What could not be read: told in one sentence, not in one per page.
fn report(missing: &Missing, soft_errors: &mut SoftErrors) {
    if let Some(Range { start, end }) = missing.first {
        let (count, bytes) = (missing.count, missing.bytes);
        soft_errors.push(format!(
            "{bytes} bytes of memory in {count} places could not be read and are not in the dump; the first are \
             {start:#x} to {end:#x}."
        ));
    }
}

/// The caller, while memory is copied.
struct DumpWatcher<'a> {
    session: Session<'a>,
    progress: &'a mut dyn FnMut(u64, u64) -> Continue,
    filter: Option<&'a StackFilter>,
    /// Why it stops, where `CopyError` cannot say it.
    error: Option<DumpError>,
}

impl Watcher for DumpWatcher<'_> {
    fn progress(&mut self, done_bytes: u64, total_bytes: u64) -> Continue {
        match self.session.poll() {
            Ok(()) => (self.progress)(done_bytes, total_bytes),
            Err(error) => {
                self.error = Some(error);
                Continue::Cancel
            }
        }
    }

    fn before_read(&mut self, address: u64, buffer: &mut [u8]) -> Option<usize> {
        if self.session.state.vm { self.session.before_read(address, buffer) } else { None }
    }

    fn after_read(&mut self, address: u64, buffer: &mut [u8], completed: usize) {
        if self.session.state.vm {
            self.session.after_read(address, buffer, completed);
        }
        if let (Some(filter), Some(read)) = (self.filter, buffer.get_mut(..completed)) {
            filter.apply(address, read);
        }
    }

    fn rewrites_memory(&self) -> bool {
        self.session.state.vm || self.filter.is_some()
    }

    fn unreadable(&mut self, range: Range) -> Unreadable {
        match self.session.unreadable(range) {
            Ok(()) => Unreadable::LeaveOut,
            Err(error) => {
                self.error = Some(error);
                Unreadable::Fail
            }
        }
    }
}
