//! Cores put together byte by byte. Nothing here is shared with the reader, so that a layout that is wrong there is not
//! wrong here too.

/// A memory segment.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) address: u64,
    pub(super) memory_bytes: u64,
    pub(super) flags: u32,
    pub(super) bytes: Vec<u8>,
}

/// A core in the making.
#[derive(Clone, Debug, Default)]
pub(super) struct Synth {
    notes: Vec<u8>,
    loads: Vec<Load>,
    count_in_section: bool,
}

impl Synth {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn note(mut self, owner: &str, kind: u32, data: &[u8]) -> Self {
        let pad = |bytes: &mut Vec<u8>| bytes.resize(bytes.len().div_ceil(4) * 4, 0);
        self.notes.extend((owner.len() as u32 + 1).to_le_bytes());
        self.notes.extend((data.len() as u32).to_le_bytes());
        self.notes.extend(kind.to_le_bytes());
        self.notes.extend(owner.as_bytes());
        self.notes.push(0);
        pad(&mut self.notes);
        self.notes.extend(data);
        pad(&mut self.notes);
        self
    }

    /// `NT_PRSTATUS` of a thread that has met a signal.
    pub(super) fn thread(self, tid: u32, signal: u16, rip: u64, rsp: u64) -> Self {
        let mut status = vec![0; 336];
        status[12..14].copy_from_slice(&signal.to_le_bytes());
        status[32..36].copy_from_slice(&tid.to_le_bytes());
        status[48..56].copy_from_slice(&2u64.to_le_bytes());
        status[56..64].copy_from_slice(&500_000u64.to_le_bytes());
        status[112 + 16 * 8..][..8].copy_from_slice(&rip.to_le_bytes());
        status[112 + 19 * 8..][..8].copy_from_slice(&rsp.to_le_bytes());
        self.note("CORE", 1, &status)
    }

    /// `NT_SIGINFO`.
    pub(super) fn siginfo(self, number: i32, code: i32, address: u64) -> Self {
        let mut info = vec![0; 128];
        info[0..4].copy_from_slice(&number.to_le_bytes());
        info[8..12].copy_from_slice(&code.to_le_bytes());
        info[16..24].copy_from_slice(&address.to_le_bytes());
        self.note("CORE", 0x5349_4749, &info)
    }

    /// `NT_PRPSINFO`.
    pub(super) fn process(self, pid: u32, uid: u32, name: &str, arguments: &str) -> Self {
        let mut info = vec![0; 136];
        info[16..20].copy_from_slice(&uid.to_le_bytes());
        info[24..28].copy_from_slice(&pid.to_le_bytes());
        info[40..40 + name.len()].copy_from_slice(name.as_bytes());
        info[56..56 + arguments.len()].copy_from_slice(arguments.as_bytes());
        self.note("CORE", 3, &info)
    }

    /// `NT_FILE`: start, end, offset in pages, path.
    pub(super) fn files(self, files: &[(u64, u64, u64, &str)]) -> Self {
        let mut data: Vec<u8> = Vec::new();
        data.extend((files.len() as u64).to_le_bytes());
        data.extend(4096u64.to_le_bytes());
        for (start, end, pages, _) in files {
            for word in [start, end, pages] {
                data.extend(word.to_le_bytes());
            }
        }
        for (.., path) in files {
            data.extend(path.as_bytes());
            data.push(0);
        }
        self.note("CORE", 0x4649_4c45, &data)
    }

    pub(super) fn load(mut self, address: u64, memory_bytes: u64, flags: u32, bytes: &[u8]) -> Self {
        self.loads.push(Load { address, memory_bytes, flags, bytes: bytes.to_vec() });
        self
    }

    /// Counts the program headers in section header 0, as for more than 65,534.
    pub(super) fn count_in_section(mut self) -> Self {
        self.count_in_section = true;
        self
    }

    pub(super) fn finish(&self) -> Vec<u8> {
        let count = self.loads.len() + 1;
        let table_end = 64 + count * 56;
        let notes_at = table_end + if self.count_in_section { 64 } else { 0 };
        let mut bytes: Vec<u8> = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
        let half = |bytes: &mut Vec<u8>, value: u16| bytes.extend(value.to_le_bytes());
        half(&mut bytes, 4);
        half(&mut bytes, 62);
        bytes.extend(1u32.to_le_bytes());
        for word in [0, 64, if self.count_in_section { table_end as u64 } else { 0 }] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(0u32.to_le_bytes());
        let said = if self.count_in_section { 0xffff } else { count as u16 };
        for value in [64, 56, said, 64, u16::from(self.count_in_section), 0] {
            half(&mut bytes, value);
        }
        let header = |bytes: &mut Vec<u8>, kind: u32, flags: u32, words: [u64; 6]| {
            bytes.extend(kind.to_le_bytes());
            bytes.extend(flags.to_le_bytes());
            words.iter().for_each(|word| bytes.extend(word.to_le_bytes()));
        };
        let note_bytes = self.notes.len() as u64;
        header(&mut bytes, 4, 4, [notes_at as u64, 0, 0, note_bytes, 0, 4]);
        let mut at = notes_at as u64 + note_bytes;
        for load in &self.loads {
            let stored = load.bytes.len() as u64;
            header(&mut bytes, 1, load.flags, [at, load.address, 0, stored, load.memory_bytes, 1]);
            at += stored;
        }
        if self.count_in_section {
            let mut section = vec![0; 64];
            section[44..48].copy_from_slice(&(count as u32).to_le_bytes());
            bytes.extend(section);
        }
        bytes.extend(&self.notes);
        for load in &self.loads {
            bytes.extend(&load.bytes);
        }
        bytes
    }
}

/// A core with two threads, a process, a crash, and three mappings.
pub(super) fn small() -> Synth {
    Synth::new()
        .thread(70, 11, 0x40_1000, 0x7000_0800)
        .process(70, 1000, "small", "./small one two")
        .siginfo(11, 1, 0x1234)
        .files(&[(0x40_0000, 0x40_2000, 0, "/opt/small (deleted)")])
        .note("CORE", 2, &[7; 512])
        .thread(69, 0, 0x40_1100, 0x7000_0900)
        .load(0x40_0000, 0x2000, 5, &[0x90; 0x1000])
        .load(0x7000_0000, 0x1000, 6, &[3; 0x1000])
        .load(0x7000_1000, 0x1000, 6, &[4; 0x1000])
}
