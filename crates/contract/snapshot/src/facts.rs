//! Which facts a snapshot shall hold beyond the basics. Each costs time, some under the stop, so whoever captures asks
//! for those that the dump will hold.

/// What to look at beside threads, modules, mappings, and registrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Facts {
    /// Open descriptors ([`crate::ProcessSnapshot::handles`]).
    pub handles: bool,
    /// Identity and rights ([`crate::ProcessSnapshot::token`]).
    pub token: bool,
    /// Memory use of the process and of the machine ([`crate::ProcessSnapshot::counters`], `system_memory`).
    pub counters: bool,
    /// Times, start address and affinity of threads ([`crate::ThreadSnapshot::details`]).
    pub thread_details: bool,
    /// `MADV_DONTDUMP` and the like ([`crate::Region::marks`]); costs a walk over all page tables of the process.
    pub region_marks: bool,
    /// Modules that were unloaded ([`crate::ProcessSnapshot::unloaded_modules`]).
    pub unloaded_modules: bool,
    /// Registers beyond those of SSE ([`crate::FpuState::xsave`]) of threads that are stopped for the capture.
    pub extended_registers: bool,
}

impl Facts {
    /// Everything.
    pub const ALL: Self = Self {
        handles: true,
        token: true,
        counters: true,
        thread_details: true,
        region_marks: true,
        unloaded_modules: true,
        extended_registers: true,
    };
}
