//! The least capturer that will do: a C program under ptrace, stopped where its crash's signal would be delivered.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use wer_abi::NtStatus;
use wer_snapshot::*;
use wer_sys::memory::VmMemory;
use wer_sys::procfs::parse_maps;
use wer_sys::ptrace::{self, Wait};

const SIGSEGV: i32 = 11;
const LIMIT: Duration = Duration::from_secs(30);

/// A program that stands still at its crash; killed when dropped.
pub(crate) struct Crashed {
    child: Child,
    pub(crate) snapshot: ProcessSnapshot,
    pub(crate) memory: VmMemory,
}

impl Drop for Crashed {
    fn drop(&mut self) {
        drop(self.child.kill());
        // The process is gone only when its tracer, too, has seen the end of every thread.
        let tids = self.snapshot.threads.iter().map(|thread| thread.tid);
        let mut left: Vec<u32> = tids.filter(|tid| *tid != self.child.id()).collect();
        let start = Instant::now();
        while !left.is_empty() && start.elapsed() < LIMIT {
            left.retain(|tid| matches!(ptrace::poll(*tid), Ok(None | Some(Wait::Stopped { .. }))));
            std::thread::yield_now();
        }
        drop(self.child.wait());
    }
}

fn compile(source: &str, program: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(source);
    let flags = ["-g", "-O1", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-pthread", "-o"];
    let status = Command::new("cc").args(flags).arg(program).arg(source).status().unwrap();
    assert!(status.success());
}

/// Runs the program until it says that it is ready, then lets it crash. Ptrace belongs to a thread: the caller's own.
pub(crate) fn crash(folder: &Path) -> Crashed {
    let program = folder.join("crash");
    compile("crash.c", &program);
    let mut child = Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 8]).unwrap();
    let pid = child.id();
    let tids = thread_ids(pid);
    for tid in &tids {
        ptrace::seize(*tid, 0).unwrap();
    }
    child.stdin.as_mut().unwrap().write_all(b"!").unwrap();
    let crashed = until_stopped(&tids, Some(SIGSEGV));
    let others: Vec<u32> = tids.iter().copied().filter(|tid| *tid != crashed).collect();
    for tid in &others {
        ptrace::interrupt(*tid).unwrap();
        until_stopped(&[*tid], None);
    }
    let order: Vec<u32> = std::iter::once(crashed).chain(others).collect();
    let snapshot = snapshot(pid, &order, &program);
    Crashed { child, snapshot, memory: VmMemory::new(pid) }
}

fn thread_ids(pid: u32) -> Vec<u32> {
    let entries = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect()
}

/// Waits until one of these threads stops (with the signal, if one is given).
fn until_stopped(tids: &[u32], wanted: Option<i32>) -> u32 {
    let start = Instant::now();
    loop {
        for tid in tids {
            match ptrace::poll(*tid).unwrap() {
                Some(Wait::Stopped { signal, .. }) if wanted.is_none_or(|wanted| wanted == signal) => {
                    return *tid;
                }
                Some(other) => panic!("thread {tid}: {other:?}"),
                None => {}
            }
        }
        assert!(start.elapsed() < LIMIT, "no thread stops");
        std::thread::yield_now();
    }
}

fn thread(pid: u32, tid: u32) -> ThreadSnapshot {
    let name = std::fs::read_to_string(format!("/proc/{pid}/task/{tid}/comm")).unwrap();
    ThreadSnapshot {
        tid,
        namespace_tid: tid,
        name: name.trim_end().to_owned(),
        registers: Some(ptrace::registers(tid).unwrap()),
        fpu: Some(FpuState { fxsave: ptrace::fxsave(tid).unwrap(), xsave: Vec::new() }),
        handler_stack_pointer: None,
        priority: 0,
        user_time_ms: 0,
        kernel_time_ms: 0,
        details: None,
    }
}

/// Files mapped at offset 0, each with its following mappings as one module.
fn modules(regions: &[Region], program: &Path) -> Vec<ModuleSnapshot> {
    let mut modules: Vec<ModuleSnapshot> = Vec::new();
    for region in regions {
        let path = match &region.kind {
            RegionKind::File { path, .. } => path.clone(),
            RegionKind::Vdso => "linux-gate.so".to_owned(),
            _ => continue,
        };
        if let Some(module) = modules.iter_mut().find(|module| module.path == path) {
            module.size = region.end - module.base;
            continue;
        }
        let kind = match &region.kind {
            RegionKind::Vdso => ModuleKind::Vdso,
            _ if Path::new(&path) == program => ModuleKind::Executable,
            _ => ModuleKind::Library,
        };
        modules.push(ModuleSnapshot {
            base: region.start,
            size: region.end - region.start,
            path,
            deleted: false,
            build_id: Vec::new(),
            synthetic_id: false,
            soname: None,
            version: None,
            kind,
        });
    }
    modules
}

fn snapshot(pid: u32, tids: &[u32], program: &Path) -> ProcessSnapshot {
    let file = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).unwrap();
    let threads: Vec<ThreadSnapshot> = tids.iter().map(|tid| thread(pid, *tid)).collect();
    let siginfo = ptrace::siginfo(tids[0]).unwrap();
    let int = |at: usize| i32::from_le_bytes(siginfo[at..at + 4].try_into().unwrap());
    let signal = SignalInfo {
        number: int(0),
        errno: int(4),
        code: int(8),
        address: u64::from_le_bytes(siginfo[16..24].try_into().unwrap()),
    };
    let maps = file("maps");
    let regions = parse_maps(&maps).regions;
    let auxv = file("auxv");
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
    ProcessSnapshot {
        source: CaptureSource::Traced,
        process: ProcessInfo {
            pid,
            auxv: auxv.chunks_exact(16).map(|pair| (word(&pair[..8]), word(&pair[8..]))).collect(),
            ..ProcessInfo::default()
        },
        system: SystemInfo {
            uname: "Linux 6.1.0 #1 SMP x86_64".to_owned(),
            processor_count: 2,
            ..SystemInfo::default()
        },
        exception: Some(ExceptionSnapshot {
            tid: tids[0],
            signal,
            status: NtStatus::ACCESS_VIOLATION,
            instruction: threads[0].registers.unwrap().rip,
            access: None,
        }),
        threads,
        modules: modules(&regions, program),
        regions,
        last_words: None,
        registrations: Registrations::default(),
        linux: LinuxFiles {
            status: file("status"),
            cmdline: file("cmdline"),
            auxv,
            maps,
            ..Default::default()
        },
        handles: Vec::new(),
        token: None,
        counters: None,
        system_memory: None,
        unloaded_modules: Vec::new(),
        soft_errors: Vec::new(),
    }
}
