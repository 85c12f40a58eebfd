//! What the caller says of single mappings: what is there (copies and core files), and which of a full dump's mappings
//! it wants.

use wer_copy::Range;
use wer_snapshot::{CaptureSource, ProcessSnapshot};

use crate::callbacks::VmRegion;
use crate::callbacks::session::Session;
use crate::error::DumpError;
use crate::plan::lookup::ModuleLookup;
use crate::streams::memory_info_list;

/// Answers to `VmQueryCallback`, by the mapping's index. Asked only where the process is a copy.
pub(super) fn query(
    session: &mut Session<'_>,
    snapshot: &ProcessSnapshot,
) -> Result<Vec<(usize, VmRegion)>, DumpError> {
    let mut answers = Vec::new();
    if session.state.vm && is_copy(snapshot.source) {
        for (index, region) in snapshot.regions.iter().enumerate() {
            session.poll()?;
            if let Some(mut answer) = session.query(region.start)? {
                answer.size = answer.size.min(region.end - region.start);
                answers.push((index, answer));
            }
        }
    }
    Ok(answers)
}

/// Whether what was captured is no living process.
pub(crate) const fn is_copy(source: CaptureSource) -> bool {
    matches!(source, CaptureSource::ForkSnapshot | CaptureSource::CoreFile)
}

/// One pass of `IncludeVmRegionCallback`: what the caller does not want of these mappings.
pub(crate) fn unwanted(session: &mut Session<'_>, regions: &[VmRegion]) -> Result<Vec<Range>, DumpError> {
    let mut unwanted = Vec::new();
    for region in regions {
        session.poll()?;
        let (kept, keep_going) = session.vm_region(*region)?;
        let end = region.base.saturating_add(region.size);
        unwanted.push(Range::new(region.base, kept.start));
        unwanted.push(Range::new(kept.end, end));
        if !keep_going {
            break;
        }
    }
    unwanted.retain(|range| !range.is_empty());
    Ok(unwanted)
}

/// The mappings with these indices, as stream 16 describes them.
pub(super) fn described(
    snapshot: &ProcessSnapshot,
    modules: &ModuleLookup,
    indices: impl Iterator<Item = usize>,
) -> Vec<VmRegion> {
    let regions = indices.filter_map(|index| snapshot.regions.get(index));
    regions.map(|region| memory_info_list::describe(snapshot, modules, region)).collect()
}
