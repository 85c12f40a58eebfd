//! Memory that is left out: what the process marked with `MADV_DONTDUMP`, what belongs to devices, and what a caller
//! says is not there.

use wer_copy::{Range, range};
use wer_snapshot::{ProcessSnapshot, Region};

use crate::callbacks::VmRegion;
use crate::options::DumpOptions;
use crate::plan::lookup::{is_device, range_of};

/// What is left out.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// From everything.
    pub(crate) always: Vec<Range>,
    /// From everything but stacks; holds `always` too.
    pub(crate) beside_stacks: Vec<Range>,
}

const MEM_COMMIT: u32 = 0x1000;
const PAGE_NOACCESS: u32 = 0x01;

impl Hidden {
    pub(crate) fn of(
        snapshot: &ProcessSnapshot,
        options: &DumpOptions,
        answers: &[(usize, VmRegion)],
    ) -> Self {
        let devices = snapshot.regions.iter().filter(|region| is_device(region)).map(range_of);
        let absent = answers.iter().filter(|(_, region)| {
            region.state != MEM_COMMIT || region.protect & 0xFF == PAGE_NOACCESS || region.protect == 0
        });
        let absent =
            absent.map(|(_, region)| Range::new(region.base, region.base.saturating_add(region.size)));
        let always = range::merge(devices.chain(absent).collect());
        let marked = snapshot.regions.iter().filter(|region| {
            region.marks.not_dumped && !options.include_not_dumped && !holds_registrations(snapshot, region)
        });
        let beside_stacks = range::merge(marked.map(range_of).chain(always.iter().copied()).collect());
        Self { always, beside_stacks }
    }

    /// Takes more away from everything.
    pub(crate) fn hide(&mut self, ranges: Vec<Range>) {
        if ranges.is_empty() {
            return;
        }
        self.always.extend(ranges.iter().copied());
        self.always = range::merge(std::mem::take(&mut self.always));
        self.beside_stacks.extend(ranges);
        self.beside_stacks = range::merge(std::mem::take(&mut self.beside_stacks));
    }
}

fn holds_registrations(snapshot: &ProcessSnapshot, region: &Region) -> bool {
    let block = snapshot.registrations.block_address;
    block != 0 && (region.start..region.end).contains(&block)
}
