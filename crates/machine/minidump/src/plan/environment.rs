//! The environment as the kernel put it on the main thread's stack: between the arguments and the executable's name,
//! to which the auxiliary vector points. A program that wrote over its arguments has none that can be found.

use wer_copy::{Range, range};
use wer_snapshot::{MemoryReader, ProcessSnapshot};

use crate::limits::ENVIRONMENT_MAX_BYTES;

const AT_EXECFN: u64 = 31;

/// Names and values, each with its terminator.
pub(super) fn read(
    snapshot: &ProcessSnapshot,
    memory: &dyn MemoryReader,
    hidden: &[Range],
) -> Option<Vec<u8>> {
    let auxv = &snapshot.process.auxv;
    let end = auxv.iter().find(|(key, _)| *key == AT_EXECFN).map(|(_, value)| *value)?;
    let region = snapshot.region_at(end)?;
    let start = end.saturating_sub(ENVIRONMENT_MAX_BYTES).max(region.start);
    let wanted = Range::new(start, end);
    if range::subtract(&[wanted], hidden) != [wanted] {
        return None;
    }
    let bytes = memory.read_exact(start, usize::try_from(end - start).ok()?)?;
    let arguments = snapshot.linux.cmdline.as_slice();
    if arguments.is_empty() {
        return None;
    }
    let from = bytes.windows(arguments.len()).rposition(|window| window == arguments)?;
    let environment = bytes.get(from + arguments.len()..)?;
    (environment.last() == Some(&0)).then(|| environment.to_vec())
}
