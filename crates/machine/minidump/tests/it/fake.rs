//! A process that never ran: its snapshot, and memory whose every byte is known.

use std::cell::Cell;
use std::collections::BTreeMap;

use wer_abi::NtStatus;
use wer_abi::exception::AccessKind;
use wer_model::{LastWords, LastWordsSource};
use wer_snapshot::*;

pub(crate) const CODE: u64 = 0x40_0000;
pub(crate) const DATA: u64 = 0x40_2000;
pub(crate) const HEAP: u64 = 0x1000_0000;
pub(crate) const LIBRARY: u64 = 0x7f00_0000_0000;
pub(crate) const LIBRARY_DATA: u64 = 0x7f00_0000_2000;
pub(crate) const SHARED: u64 = 0x7f00_4000_0000;
pub(crate) const GUARD: u64 = 0x7f10_0000_0000;
pub(crate) const STACK: u64 = 0x7f10_0000_1000;
pub(crate) const STACK_END: u64 = STACK + 0x10_000;
pub(crate) const ALTSTACK: u64 = 0x7f20_0000_0000;
pub(crate) const MAIN_STACK: u64 = 0x7ffd_0000_0000;
pub(crate) const MAIN_STACK_END: u64 = MAIN_STACK + 0x2_1000;
pub(crate) const VVAR: u64 = 0x7ffe_0000_0000;
pub(crate) const VDSO: u64 = 0x7ffe_0000_4000;

pub(crate) const CRASHED: u32 = 100;
pub(crate) const WORKER: u32 = 101;

/// Memory by address.
#[derive(Default)]
pub(crate) struct FakeMemory {
    areas: BTreeMap<u64, Vec<u8>>,
    pub(crate) reads: Cell<usize>,
}

impl FakeMemory {
    /// Readable memory from `start` to `end`, each byte made from its address.
    pub(crate) fn fill(&mut self, start: u64, end: u64) {
        self.areas.insert(start, (start..end).map(byte_at).collect());
    }

    pub(crate) fn put(&mut self, address: u64, bytes: &[u8]) {
        let (start, area) = self.areas.range_mut(..=address).next_back().unwrap();
        let at = (address - start) as usize;
        area[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Makes pages unreadable, as when a mapped file was cut.
    pub(crate) fn remove(&mut self, start: u64, end: u64) {
        let (&area_start, area) = self.areas.range_mut(..=start).next_back().unwrap();
        let tail = area.split_off((end - area_start) as usize);
        area.truncate((start - area_start) as usize);
        if !tail.is_empty() {
            self.areas.insert(end, tail);
        }
    }
}

/// Looks random, never zero.
pub(crate) fn byte_at(address: u64) -> u8 {
    ((address.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8) | 1
}

impl MemoryReader for FakeMemory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        self.reads.set(self.reads.get() + 1);
        let mut done = 0;
        while done < buffer.len() {
            let at = address + done as u64;
            let Some((start, area)) = self.areas.range(..=at).next_back() else { break };
            let Some(rest) = area.get((at - start) as usize..).filter(|rest| !rest.is_empty()) else { break };
            let count = rest.len().min(buffer.len() - done);
            buffer[done..done + count].copy_from_slice(&rest[..count]);
            done += count;
        }
        done
    }
}

pub(crate) fn region(start: u64, end: u64, mode: &str, kind: RegionKind) -> Region {
    let has = |c| mode.contains(c);
    let protection = Protection { read: has('r'), write: has('w'), execute: has('x'), shared: has('s') };
    Region { start, end, protection, offset: 0, device: 0, inode: 0, kind, marks: RegionMarks::default() }
}

fn file(path: &str) -> RegionKind {
    RegionKind::File { path: path.to_owned(), deleted: false }
}

pub(crate) fn thread(tid: u32, rip: u64, rsp: u64) -> ThreadSnapshot {
    let mut fxsave = Box::new([0; 512]);
    fxsave[24..28].copy_from_slice(&0x1F80_u32.to_le_bytes());
    fxsave[160] = 0x42;
    let registers = Registers {
        rip,
        rsp,
        rax: 0xAAAA,
        rbp: rsp + 0x40,
        r15: 0x1515_1515_1515_1515,
        eflags: 0x1_0246,
        cs: 0x33,
        ss: 0x2b,
        fs_base: 0x7f10_0001_0640,
        ..Registers::default()
    };
    ThreadSnapshot {
        tid,
        namespace_tid: tid,
        name: format!("worker-{tid}"),
        registers: Some(registers),
        fpu: Some(FpuState { fxsave, xsave: Vec::new() }),
        handler_stack_pointer: None,
        priority: -5,
        user_time_ms: 12,
        kernel_time_ms: 34,
        details: None,
    }
}

fn module(base: u64, size: u64, path: &str, kind: ModuleKind) -> ModuleSnapshot {
    ModuleSnapshot {
        base,
        size,
        path: path.to_owned(),
        deleted: false,
        build_id: (1..=20).collect(),
        synthetic_id: false,
        soname: None,
        version: None,
        kind,
    }
}

fn regions() -> Vec<Region> {
    vec![
        region(CODE, CODE + 0x2000, "r-xp", file("/opt/app")),
        region(DATA, DATA + 0x1000, "rw-p", file("/opt/app")),
        region(HEAP, HEAP + 0x1_0000, "rw-p", RegionKind::Heap),
        region(LIBRARY, LIBRARY + 0x2000, "r-xp", file("/lib/libfake.so.1.2.3")),
        region(LIBRARY_DATA, LIBRARY_DATA + 0x1000, "rw-p", file("/lib/libfake.so.1.2.3")),
        region(SHARED, SHARED + 0x1000, "rw-s", file("/dev/shm/x")),
        region(GUARD, GUARD + 0x1000, "---p", RegionKind::Anonymous),
        region(STACK, STACK_END, "rw-p", RegionKind::Anonymous),
        region(ALTSTACK, ALTSTACK + 0x4000, "rw-p", RegionKind::Anonymous),
        region(MAIN_STACK, MAIN_STACK_END, "rw-p", RegionKind::Stack),
        region(VVAR, VVAR + 0x4000, "r--p", RegionKind::Kernel),
        region(VDSO, VDSO + 0x2000, "r-xp", RegionKind::Vdso),
    ]
}

fn modules() -> Vec<ModuleSnapshot> {
    let mut library = module(LIBRARY, 0x3000, "/lib/libfake.so.1.2.3", ModuleKind::Library);
    library.version = Some([1, 2, 3, 0]);
    let mut nameless = module(VDSO, 0x2000, "linux-gate.so", ModuleKind::Vdso);
    nameless.build_id = Vec::new();
    let mut synthetic = module(0x7f30_0000_0000, 0x1000, "/memfd:jit", ModuleKind::Other);
    (synthetic.build_id, synthetic.synthetic_id) = (vec![0xEE; 16], true);
    vec![library, module(CODE, 0x3000, "/opt/app", ModuleKind::Executable), synthetic, nameless]
}

/// A process that wrote to 0x1234 from `CODE + 0x123`, and its memory.
pub(crate) fn crashed() -> (ProcessSnapshot, FakeMemory) {
    let mut memory = FakeMemory::default();
    let regions = regions();
    for region in &regions {
        if region.protection.read && region.kind != RegionKind::Kernel {
            memory.fill(region.start, region.end);
        }
    }
    let mut without_registers = thread(102, 0, 0);
    (without_registers.registers, without_registers.fpu) = (None, None);
    let snapshot = ProcessSnapshot {
        source: CaptureSource::InApplication,
        process: ProcessInfo {
            pid: CRASHED,
            start_time_unix_ns: 1_700_000_000_000_000_000,
            capture_time_unix_ns: 1_700_000_060_000_000_000,
            user_time_ms: 5_000,
            kernel_time_ms: 7_999,
            ..ProcessInfo::default()
        },
        system: SystemInfo {
            uname: "Linux 6.18.44 #1 SMP x86_64".to_owned(),
            processor_count: 2,
            cpu_vendor: "GenuineIntel".to_owned(),
            cpu_version: 0x0005_0654,
            cpu_features: 0x0F8B_FBFF,
            ..SystemInfo::default()
        },
        threads: vec![
            thread(CRASHED, CODE + 0x123, MAIN_STACK + 0x1_F345),
            thread(WORKER, LIBRARY + 0x800, STACK + 0xE_0F0),
            without_registers,
        ],
        modules: modules(),
        regions,
        exception: Some(ExceptionSnapshot {
            tid: CRASHED,
            signal: SignalInfo { number: 11, code: 1, errno: 0, address: 0x1234 },
            status: NtStatus::ACCESS_VIOLATION,
            instruction: CODE + 0x123,
            access: Some(AccessKind::Write),
        }),
        last_words: Some(LastWords {
            source: LastWordsSource::RustPanic,
            text: "said \"this\"\nand \u{1}that".to_owned(),
        }),
        registrations: Registrations::default(),
        linux: LinuxFiles {
            cpuinfo: b"processor : 0\n".to_vec(),
            status: b"Name:\tapp\nPid:\t100\n".to_vec(),
            maps: b"00400000-00402000 r-xp 00000000 fe:01 5 /opt/app\n".to_vec(),
            cmdline: b"/opt/app\0--fast\0".to_vec(),
            ..LinuxFiles::default()
        },
        handles: Vec::new(),
        token: None,
        counters: None,
        system_memory: None,
        unloaded_modules: Vec::new(),
        soft_errors: Vec::new(),
    };
    (snapshot, memory)
}

/// Registers blocks, in order.
pub(crate) fn register(snapshot: &mut ProcessSnapshot, kinds: impl IntoIterator<Item = RegistrationKind>) {
    let entries = &mut snapshot.registrations.entries;
    for kind in kinds {
        let sequence = entries.len() as u64 + 1;
        entries.push(Registration { sequence, kind });
    }
}

pub(crate) fn block(address: u64, size: u32) -> RegistrationKind {
    RegistrationKind::MemoryBlock(MemoryBlock { address, size })
}

pub(crate) fn excluded(address: u64, size: u32) -> RegistrationKind {
    RegistrationKind::ExcludedMemoryBlock(MemoryBlock { address, size })
}

/// The same process with everything that a capture may be asked to look at.
pub(crate) fn rich() -> (ProcessSnapshot, FakeMemory) {
    let (mut snapshot, memory) = crashed();
    let handle = |descriptor, kind, name: &str, open_flags| HandleSnapshot {
        descriptor,
        kind,
        name: name.to_owned(),
        peer: String::new(),
        open_flags,
        offset: 77,
        mode: 0o100_644,
        device: 8 << 32 | 1,
        inode: 4711,
        size: 1234,
    };
    snapshot.handles = vec![
        handle(0, HandleKind::CharacterDevice, "/dev/null", 0o200_0000),
        handle(3, HandleKind::File, "/home/user/letter.txt", 2),
        handle(9, HandleKind::File, "/tmp/out", 1),
        HandleSnapshot {
            peer: "tcp 127.0.0.1:80 -> 127.0.0.1:4711 ESTABLISHED".to_owned(),
            ..handle(12, HandleKind::Socket, "socket:[123]", 2)
        },
    ];
    snapshot.token = Some(TokenSnapshot {
        uids: [1000, 1000, 1000, 1000],
        gids: [100, 101, 102, 103],
        groups: vec![4, 24],
        capabilities: Capabilities { bounding: 0x1FF_FFFF_FFFF, ..Capabilities::default() },
        no_new_privileges: true,
        seccomp: 2,
        security_label: "unconfined".to_owned(),
        namespaces: vec![("net".to_owned(), 4026531840), ("pid".to_owned(), 4026531836)],
    });
    snapshot.counters = Some(VmCounters {
        page_fault_count: 11,
        peak_virtual_bytes: 12 << 12,
        virtual_bytes: 13 << 12,
        peak_resident_bytes: 14 << 12,
        resident_bytes: 15 << 12,
        private_bytes: 16 << 12,
        ..VmCounters::default()
    });
    snapshot.system.page_size = 4096;
    snapshot.system_memory = Some(SystemMemory {
        total_bytes: 21 << 12,
        available_bytes: 22 << 12,
        cached_bytes: 23 << 12,
        dirty_bytes: 24 << 12,
        slab_bytes: 30 << 12,
        slab_reclaimable_bytes: 25 << 12,
        committed_bytes: 26 << 12,
        commit_limit_bytes: 27 << 12,
        page_fault_count: 28,
        page_read_count: 29,
        ..SystemMemory::default()
    });
    snapshot.unloaded_modules =
        vec![UnloadedModule { base: 0x7f60_0000_0000, size: 0x5000, path: "/lib/libgone.so".to_owned() }];
    for thread in &mut snapshot.threads {
        thread.details = Some(ThreadDetails {
            create_time_unix_ns: 1_700_000_001_000_000_000,
            start_address: LIBRARY + 0x100,
            affinity: 0b101,
            state: b'S',
        });
    }
    snapshot.process.executable = "/opt/app".to_owned();
    snapshot.linux.cpuinfo = b"processor : 0\ncpu MHz : 2800.5\n".to_vec();
    (snapshot, memory)
}

/// Gives every thread with registers an XSAVE area with AVX and AVX-512 state, and the machine such parts.
pub(crate) fn with_xstate(snapshot: &mut ProcessSnapshot) {
    let feature = |bit, offset, size| XStateFeature { bit, offset, size };
    snapshot.system.xstate = vec![
        feature(2, 576, 256),
        feature(5, 1088, 64),
        feature(6, 1152, 512),
        feature(7, 1664, 1024),
        feature(9, 2688, 8),
    ];
    for thread in &mut snapshot.threads {
        let Some(fpu) = &mut thread.fpu else { continue };
        let mut area: Vec<u8> = (0..2696_u64).map(|at| byte_at(at + u64::from(thread.tid) * 8192)).collect();
        area[512..576].fill(0);
        // The second thread has AVX only.
        let in_use: u64 = if thread.tid == CRASHED { 0b10_1110_0111 } else { 0b111 };
        area[512..520].copy_from_slice(&in_use.to_le_bytes());
        fpu.xsave = area;
    }
}
