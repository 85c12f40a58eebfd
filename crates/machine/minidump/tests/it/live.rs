//! A real program that crashes: lldb and `minidump-processor` open every type and agree on thread and function.

use std::path::Path;
use std::process::{Command, Stdio};

use minidump::Minidump;
use minidump_processor::ProcessState;
use minidump_unwind::{Symbolizer, simple_symbol_supplier};
use wer_abi::flags::DumpType;
use wer_minidump::DumpOptions;
use wer_snapshot::XStateFeature;

use crate::capturer::{Crashed, crash};
use crate::fake::{block, register};
use crate::raw::{dump, dump_with};

fn process(bytes: &[u8]) -> ProcessState {
    let read = Minidump::read(bytes).unwrap();
    let symbols = Symbolizer::new(simple_symbol_supplier(Vec::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(minidump_processor::process_minidump(&read, &symbols)).unwrap()
}

fn lldb(dump: &Path) -> String {
    let output = Command::new("timeout")
        .args(["60", "lldb", "--no-lldbinit", "-b", "-c"])
        .arg(dump)
        .args(["-o", "thread list", "-o", "bt all", "-o", "image list"])
        .env("PYTHONPATH", "/usr/lib/llvm-14/lib/python3.11/dist-packages")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn address_of(program: &Path, function: &str) -> (u64, u64) {
    let output = Command::new("nm").arg("-S").arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.ends_with(&format!(" {function}"))).unwrap();
    let mut words = line.split(' ').map(|word| u64::from_str_radix(word, 16));
    (words.next().unwrap().unwrap(), words.next().unwrap().unwrap())
}

fn check_processor(crashed: &Crashed, bytes: &[u8], dump_type: DumpType) {
    let name = &crashed.snapshot.modules[0].path;
    check_processor_names(crashed, bytes, dump_type, name);
}

fn check_processor_names(crashed: &Crashed, bytes: &[u8], dump_type: DumpType, name: &str) {
    let state = process(bytes);
    let snapshot = &crashed.snapshot;
    let exception = snapshot.exception.as_ref().unwrap();
    let info = state.exception_info.as_ref().unwrap();
    assert_eq!(info.reason.to_string(), "SIGSEGV / SEGV_MAPERR");
    assert_eq!(info.address.0, 0x1234);
    assert_eq!(state.process_id, Some(snapshot.process.pid));
    let threads = if dump_type == DumpType::Micro { 1 } else { 3 };
    assert_eq!(state.threads.len(), threads);
    let stack = &state.threads[state.requesting_thread.unwrap()];
    assert_eq!(stack.thread_id, exception.tid);
    assert_eq!(stack.frames[0].instruction, exception.instruction);
    let program = &snapshot.modules[0];
    assert_eq!(stack.frames[0].module.as_ref().unwrap().name, name);
    let in_function = |address: u64, function: &str| {
        let (start, size) = address_of(Path::new(&program.path), function);
        (start..=start + size).contains(&address.wrapping_sub(program.base))
    };
    assert!(in_function(stack.frames[0].instruction, "crash_here"));
    assert!(
        in_function(stack.frames[1].instruction, "crashing"),
        "{dump_type:?}: the caller comes from the stack"
    );
}

fn check_lldb(crashed: &Crashed, path: &Path, dump_type: DumpType) {
    let text = lldb(path);
    let tid = crashed.snapshot.exception.as_ref().unwrap().tid;
    let selected = text.lines().find(|line| line.contains("* thread #1")).unwrap_or_default();
    assert!(selected.contains("stop reason = signal SIGSEGV"), "{text}");
    let listed = text.lines().find(|line| line.contains("tid = ")).unwrap_or_default();
    assert!(
        listed.contains(&format!("tid = {tid:#06x}")) || listed.contains(&format!("tid = {tid}")),
        "{text}"
    );
    assert!(text.contains("`crash_here"), "{text}");
    assert!(text.contains("`crashing"), "{text}");
    assert!(text.contains("linux-gate.so") && text.contains("libc.so.6"), "{text}");
    if dump_type != DumpType::Micro {
        assert!(text.contains("`waiting_here") && text.contains("`main"), "{text}");
    }
}

#[test]
fn lldb_and_minidump_processor_agree_on_every_type() {
    let folder = tempfile::tempdir().unwrap();
    let mut crashed = crash(folder.path());
    let program = crashed.snapshot.modules[0].clone();
    let payload = address_of(Path::new(&program.path), "payload");
    let address = program.base + payload.0;
    register(&mut crashed.snapshot, [block(address, payload.1 as u32)]);
    for dump_type in [DumpType::Micro, DumpType::Mini, DumpType::Heap, DumpType::Full] {
        let dumped = dump(&crashed.snapshot, &crashed.memory, dump_type);
        assert_eq!(dumped.summary.soft_errors, [], "{dump_type:?}");
        check_processor(&crashed, &dumped.raw.0, dump_type);
        let path = folder.path().join(format!("{}.dmp", dump_type.name()));
        std::fs::write(&path, &dumped.raw.0).unwrap();
        check_lldb(&crashed, &path, dump_type);
        let registered = dumped.raw.holds(b"registered payload in a data segment");
        assert_eq!(registered, matches!(dump_type, DumpType::Heap | DumpType::Full));
        let (at, _) = dumped.raw.stream(0x4767_000A);
        assert!(dumped.raw.u32(at + 8) >= 3, "the program, the vdso or libc, and the loader");
    }
}

/// Flags that change what a backtrace is made of: it must stay the same.
#[test]
fn backtraces_survive_filters_and_extended_contexts() {
    let folder = tempfile::tempdir().unwrap();
    let mut crashed = crash(folder.path());
    let feature = XStateFeature { bit: 2, offset: 576, size: 256 };
    crashed.snapshot.system.xstate = vec![feature];
    for fpu in crashed.snapshot.threads.iter_mut().filter_map(|thread| thread.fpu.as_mut()) {
        fpu.xsave = fpu.fxsave.to_vec();
        fpu.xsave.extend(7_u64.to_le_bytes());
        fpu.xsave.resize(576, 0);
        fpu.xsave.resize(832, 0x5A);
    }
    for flags in [0x20_0000, 0x8, 0x20_0018, 0x8_01D9] {
        let options = DumpOptions { flags: flags & !0x80, ..DumpOptions::default() };
        let dumped = dump_with(&crashed.snapshot, &crashed.memory, &options);
        check_processor(&crashed, &dumped.raw.0, DumpType::Mini);
        let path = folder.path().join(format!("{flags:x}.dmp"));
        std::fs::write(&path, &dumped.raw.0).unwrap();
        check_lldb(&crashed, &path, DumpType::Mini);
    }
    let options = DumpOptions { environment: true, ..DumpOptions::default() };
    let environment = dump_with(&crashed.snapshot, &crashed.memory, &options).raw;
    let environment = environment.bytes(0x4767_0007);
    let path = format!("PATH={}\0", std::env::var("PATH").unwrap());
    assert!(environment.windows(path.len()).any(|window| window == path.as_bytes()));
    let dumped = dump(&crashed.snapshot, &crashed.memory, DumpType::Triage);
    let name = crashed.snapshot.modules[0].file_name();
    check_processor_names(&crashed, &dumped.raw.0, DumpType::Triage, name);
    let secret = folder.path().to_string_lossy().into_owned();
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(!dumped.raw.holds(secret.as_bytes()) && !dumped.raw.holds(&wide), "no path, not even on a stack");
}
