//! The streams that most dumps have.

use crate::dump::{Place, Synth, number};
use crate::section::Section;

/// A thread of the thread list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Thread {
    /// Its id.
    pub id: u32,
    /// First address of its stack.
    pub stack: u64,
    /// The stack's bytes.
    pub stack_bytes: Place,
    /// Its registers.
    pub context: Place,
}

/// A module of the module list.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// First address.
    pub base: u64,
    /// Bytes.
    pub size: u32,
    /// Its path.
    pub name: String,
    /// Its CodeView record.
    pub codeview: Vec<u8>,
}

/// The exception.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exception {
    /// Thread that it happened in.
    pub thread: u32,
    /// NTSTATUS or signal.
    pub code: u32,
    /// Flags or `si_code`.
    pub flags: u32,
    /// Address.
    pub address: u64,
    /// How many of `parameters` count.
    pub parameter_count: u32,
    /// Parameters.
    pub parameters: [u64; 15],
    /// Registers.
    pub context: Place,
}

/// One mapping of the memory info list.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemoryInfo {
    /// First address.
    pub base: u64,
    /// Bytes.
    pub size: u64,
    /// `MEM_COMMIT` and so on.
    pub state: u32,
    /// `PAGE_READWRITE` and so on.
    pub protection: u32,
    /// `MEM_PRIVATE` and so on.
    pub kind: u32,
}

impl Synth {
    /// System info: processor and platform, e.g. 9 and 0x8201 for x86-64 Linux.
    pub fn system_info(&mut self, processor: u16, platform: u32, version: &str) -> Place {
        let text = self.string(version);
        let section = Section::new()
            .u16(processor)
            .u16(6)
            .u16(0x1234)
            .u8(8)
            .u8(1)
            .u32s(&[10, 1, 19_045, platform, text])
            .u16(0)
            .u16(0)
            .bytes(b"GenuineIntel")
            .u32s(&[0x1234, 0x5678, 0]);
        self.stream(7, section)
    }

    /// The thread list.
    pub fn threads(&mut self, threads: &[Thread]) -> Place {
        let section = threads.iter().fold(Section::new().u32(number(threads.len())), |section, thread| {
            let head = section.u32s(&[thread.id, 0, 0x20, 10]).u64(0x7000 + u64::from(thread.id));
            let stack = head.u64(thread.stack).u32s(&thread.stack_bytes.descriptor());
            stack.u32s(&thread.context.descriptor())
        });
        self.stream(3, section)
    }

    /// The module list.
    pub fn modules(&mut self, modules: &[Module]) -> Place {
        let mut section = Section::new().u32(number(modules.len()));
        for module in modules {
            let name = self.string(&module.name);
            let codeview = self.add(Section::from(&module.codeview[..]), 4);
            let version = [0xFEEF_04BD, 0x1_0000, 0x1_0002, 0x3_0004, 0x1_0002, 0x3_0004];
            section =
                section.u64(module.base).u32s(&[module.size, 0xC0DE, 1_600_000_000, name]).u32s(&version);
            let start = section.len();
            section = section.zeros_to(start + 28).u32s(&codeview.descriptor()).zeros(24);
        }
        self.stream(4, section)
    }

    /// The 32-bit memory list of bytes at addresses; gives where the bytes of each range are.
    pub fn memory(&mut self, ranges: &[(u64, &[u8])]) -> Vec<Place> {
        let places: Vec<Place> =
            ranges.iter().map(|(_, bytes)| self.add(Section::from(*bytes), 16)).collect();
        let head = Section::new().u32(number(ranges.len()));
        let section = ranges
            .iter()
            .zip(&places)
            .fold(head, |section, ((address, _), place)| section.u64(*address).u32s(&place.descriptor()));
        self.stream(5, section);
        places
    }

    /// The 64-bit memory list; the bytes lie one after another.
    pub fn memory64(&mut self, ranges: &[(u64, &[u8])]) -> Place {
        let bytes = ranges.iter().fold(Section::new(), |section, (_, bytes)| section.bytes(bytes));
        let place = self.add(bytes, 16);
        let head = Section::new().u64(ranges.len() as u64).u64(u64::from(place.offset));
        let section = ranges
            .iter()
            .fold(head, |section, (address, bytes)| section.u64(*address).u64(bytes.len() as u64));
        self.stream(9, section);
        place
    }

    /// The exception stream.
    pub fn exception(&mut self, exception: &Exception) -> Place {
        let section = Section::new()
            .u32s(&[exception.thread, 0, exception.code, exception.flags])
            .u64s(&[0, exception.address])
            .u32s(&[exception.parameter_count, 0])
            .u64s(&exception.parameters)
            .u32s(&exception.context.descriptor());
        self.stream(6, section)
    }

    /// The memory info list.
    pub fn memory_info(&mut self, mappings: &[MemoryInfo]) -> Place {
        let head = Section::new().u32s(&[16, 48]).u64(mappings.len() as u64);
        let section = mappings.iter().fold(head, |section, mapping| {
            let bases = section.u64(mapping.base).u64(mapping.base).u32s(&[mapping.protection, 0]);
            bases.u64(mapping.size).u32s(&[mapping.state, mapping.protection, mapping.kind, 0])
        });
        self.stream(16, section)
    }

    /// The names of threads.
    pub fn thread_names(&mut self, names: &[(u32, &str)]) -> Place {
        let mut section = Section::new().u32(number(names.len()));
        for (id, name) in names {
            let text = self.string(name);
            section = section.u32(*id).u64(u64::from(text));
        }
        self.stream(24, section)
    }
}
