//! A process at one moment: what every way of capture produces and everything after it works on.
//!
//! Nothing here knows how it was captured; memory is read through [`MemoryReader`], which the way of capture gives.

pub mod counters;
pub mod exception;
pub mod facts;
pub mod handles;
pub mod memory;
pub mod module;
pub mod process;
pub mod registers;
pub mod registrations;
pub mod security;

use wer_model::{LastWords, SoftError};

pub use counters::{SystemMemory, VmCounters};
pub use exception::{ExceptionSnapshot, SignalInfo};
pub use facts::Facts;
pub use handles::{HandleKind, HandleSnapshot};
pub use memory::{MemoryReader, Protection, Region, RegionKind, RegionMarks};
pub use module::{ModuleKind, ModuleSnapshot, UnloadedModule};
pub use process::{CaptureSource, LinuxFiles, ProcessInfo, SystemInfo, XStateFeature};
pub use registers::{FpuState, Registers, ThreadDetails, ThreadSnapshot};
pub use registrations::{
    MemoryBlock, RecoveryRegistration, Registration, RegistrationKind, Registrations, RestartRegistration,
    RuntimeExceptionModule,
};
pub use security::{Capabilities, TokenSnapshot};

/// A process at one moment.
#[derive(Clone, Debug)]
pub struct ProcessSnapshot {
    /// How it was captured.
    pub source: CaptureSource,
    /// The process.
    pub process: ProcessInfo,
    /// The machine.
    pub system: SystemInfo,
    /// Its threads; the crashed one first, then by id.
    pub threads: Vec<ThreadSnapshot>,
    /// Its modules; the executable first, then by address.
    pub modules: Vec<ModuleSnapshot>,
    /// Its mappings, by address, not overlapping; one reading of `/proc/PID/maps` for all streams.
    pub regions: Vec<Region>,
    /// What happened; `None` when the process is alive and well.
    pub exception: Option<ExceptionSnapshot>,
    /// What it said.
    pub last_words: Option<LastWords>,
    /// What it registered.
    pub registrations: Registrations,
    /// Files of `/proc` as they were, for readers that know Breakpad's Linux streams.
    pub linux: LinuxFiles,
    /// Open descriptors, by number; empty unless asked for.
    pub handles: Vec<HandleSnapshot>,
    /// Identity and rights; `None` unless asked for.
    pub token: Option<TokenSnapshot>,
    /// Memory use of the process; `None` unless asked for.
    pub counters: Option<VmCounters>,
    /// Memory of the machine; `None` unless asked for.
    pub system_memory: Option<SystemMemory>,
    /// Modules that were unloaded, the last one first, as far as it can be known; empty unless asked for.
    pub unloaded_modules: Vec<UnloadedModule>,
    /// What could not be had.
    pub soft_errors: Vec<SoftError>,
}

impl ProcessSnapshot {
    /// The thread that the exception names, else the first.
    #[must_use]
    pub fn crashed_thread(&self) -> Option<&ThreadSnapshot> {
        match &self.exception {
            Some(exception) => self.threads.iter().find(|thread| thread.tid == exception.tid),
            None => self.threads.first(),
        }
    }

    /// The module that holds an address. Modules are sorted but for the first, so this is quick.
    #[must_use]
    pub fn module_at(&self, address: u64) -> Option<&ModuleSnapshot> {
        let (first, rest) = self.modules.split_first()?;
        let next = rest.partition_point(|module| module.base <= address);
        let before = next.checked_sub(1).and_then(|index| rest.get(index));
        [Some(first), before].into_iter().flatten().find(|module| module.contains(address))
    }

    /// The mapping that holds an address.
    #[must_use]
    pub fn region_at(&self, address: u64) -> Option<&Region> {
        let index = self.regions.partition_point(|region| region.end <= address);
        self.regions.get(index).filter(|region| region.start <= address)
    }
}
