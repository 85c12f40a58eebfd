//! Every stream, read back by two readers.

use minidump::*;
use wer_abi::flags::DumpType;
use wer_minidump::DumpOptions;
use wer_model::ReportId;

use crate::fake::*;
use crate::raw::{dump, dump_with};

const TYPES: [DumpType; 4] = [DumpType::Micro, DumpType::Mini, DumpType::Heap, DumpType::Full];

#[test]
fn the_minidump_crate_reads_every_type() {
    let (snapshot, memory) = crashed();
    for dump_type in TYPES {
        let dumped = dump(&snapshot, &memory, dump_type);
        let read = Minidump::read(&dumped.raw.0[..]).unwrap();
        assert_eq!(read.header.flags, dump_type.minidump_flags());
        assert_eq!(read.header.time_date_stamp, 1_700_000_060);

        let threads = read.get_stream::<MinidumpThreadList>().unwrap();
        let expected: &[u32] = if dump_type == DumpType::Micro { &[100] } else { &[100, 101, 102] };
        let tids: Vec<u32> = threads.threads.iter().map(|thread| thread.raw.thread_id).collect();
        assert_eq!(tids, expected);
        assert_eq!(dumped.summary.threads, expected.len());

        let system = read.get_stream::<MinidumpSystemInfo>().unwrap();
        assert_eq!(system.os, system_info::Os::Linux);
        assert_eq!(system.cpu, system_info::Cpu::X86_64);
        assert_eq!(system.os_parts().0, "6.18.44");
        assert_eq!((system.raw.processor_level, system.raw.processor_revision), (6, 0x5504));

        let misc = read.get_stream::<MinidumpMiscInfo>().unwrap();
        let context = threads.threads[0].context(&system, Some(&misc)).unwrap();
        assert_eq!(context.get_instruction_pointer(), CODE + 0x123);
        assert_eq!(context.get_stack_pointer(), MAIN_STACK + 0x1_F345);
        assert_eq!(context.get_register_always("r15"), 0x1515_1515_1515_1515);

        let exception = read.get_stream::<MinidumpException>().unwrap();
        assert_eq!(exception.thread_id, CRASHED);
        assert_eq!(exception.raw.exception_record.exception_code, 11);
        assert_eq!(exception.raw.exception_record.exception_flags, 1);
        assert_eq!(exception.raw.exception_record.exception_address, 0x1234);
        assert_eq!(exception.raw.exception_record.exception_information[..3], [1, 0x1234, 0xC000_0005]);
        let at_crash = exception.context(&system, Some(&misc)).unwrap();
        assert_eq!(at_crash.get_instruction_pointer(), CODE + 0x123);
    }
}

#[test]
fn modules_are_kept_with_and_without_build_ids() {
    let (snapshot, memory) = crashed();
    let dumped = dump(&snapshot, &memory, DumpType::Mini);
    let read = Minidump::read(&dumped.raw.0[..]).unwrap();
    let modules = read.get_stream::<MinidumpModuleList>().unwrap();
    let main = modules.main_module().unwrap();
    assert_eq!((main.base_address(), main.size(), &*main.code_file()), (CODE, 0x3000, "/opt/app"));
    assert_eq!(main.code_identifier().unwrap().to_string(), "0102030405060708090a0b0c0d0e0f1011121314");
    let library = modules.module_at_address(LIBRARY + 5).unwrap();
    assert_eq!(library.version().unwrap(), "1.2.3.0");
    assert_eq!(&*modules.module_at_address(VDSO).unwrap().code_file(), "linux-gate.so");
    assert!(modules.module_at_address(VDSO).unwrap().code_identifier().is_none());
    assert!(modules.module_at_address(0x7f30_0000_0000).is_some());
    assert_eq!(dumped.summary.modules, 4);
}

#[test]
fn the_remaining_streams_say_what_the_snapshot_says() {
    let (snapshot, memory) = crashed();
    let dumped = dump(&snapshot, &memory, DumpType::Mini);
    let read = Minidump::read(&dumped.raw.0[..]).unwrap();

    let names = read.get_stream::<MinidumpThreadNames>().unwrap();
    assert_eq!(names.get_name(WORKER).unwrap(), "worker-101");

    let misc = read.get_stream::<MinidumpMiscInfo>().unwrap();
    assert!(matches!(misc.raw, RawMiscInfo::MiscInfo5(_)));
    assert_eq!(misc.raw.process_id(), Some(&100));
    assert_eq!(misc.raw.process_create_time(), Some(&1_700_000_000));
    assert_eq!((misc.raw.process_user_time(), misc.raw.process_kernel_time()), (Some(&5), Some(&7)));

    let infos = read.get_stream::<MinidumpMemoryInfoList>().unwrap();
    let code = infos.memory_info_at_address(CODE + 1).unwrap();
    assert!(code.is_executable() && code.is_readable() && !code.is_writable());
    let guard = infos.memory_info_at_address(GUARD).unwrap();
    assert!(!guard.is_readable() && !guard.is_writable() && !guard.is_executable());
    assert_eq!(infos.iter().count(), snapshot.regions.len());

    let maps = read.get_stream::<MinidumpLinuxMaps>().unwrap();
    assert!(maps.memory_info_at_address(CODE).unwrap().is_executable());
    let status = read.get_stream::<MinidumpLinuxProcStatus>().unwrap();
    assert!(status.iter().any(|(key, value)| key.as_bytes() == b"Pid" && value.as_bytes() == b"100"));
    assert_eq!(dumped.raw.bytes(0x4767_0006), b"/opt/app\0--fast\0");
    assert!(dumped.raw.find(0x4767_0005).is_none() && dumped.raw.find(0x4767_0007).is_none());
}

#[test]
fn records_lie_where_the_format_puts_them() {
    let (snapshot, memory) = crashed();
    let dumped = dump(&snapshot, &memory, DumpType::Heap);
    let raw = &dumped.raw;
    assert_eq!((&raw.0[..4], raw.u32(4), raw.u32(12)), (&b"MDMP"[..], 0xA793, 32));
    assert_eq!(raw.u32(8) as usize, dumped.summary.streams);

    let (threads, size) = raw.stream(3);
    assert_eq!((raw.u32(threads), size), (3, 4 + 3 * 48));
    let worker = threads + 4 + 48;
    assert_eq!(raw.u32(worker), WORKER);
    assert_eq!(raw.u32(worker + 12), -5_i32 as u32);
    assert_eq!(raw.u64(worker + 16), 0x7f10_0001_0640);
    let context = raw.u32(worker + 44) as usize;
    assert_eq!(raw.u32(context + 0x30), 0x0010_000F);
    assert_eq!(raw.u32(context + 0x34), 0x1F80);
    assert_eq!((raw.u16(context + 0x38), raw.u16(context + 0x42)), (0x33, 0x2b));
    assert_eq!(raw.u32(context + 0x44), 0x1_0246);
    assert_eq!(raw.u64(context + 0x98), STACK + 0xE_0F0);
    assert_eq!(raw.u64(context + 0xF8), LIBRARY + 0x800);
    assert_eq!(raw.0[context + 0x100 + 160], 0x42);

    let (system, size) = raw.stream(7);
    assert_eq!((raw.u16(system), raw.u32(system + 20), size), (9, 0x8201, 56));
    assert_eq!(raw.string(raw.u32(system + 24) as usize), "Linux 6.18.44 #1 SMP x86_64");
    assert_eq!(&raw.0[system + 32..system + 44], b"GenuineIntel");

    let (modules, _) = raw.stream(4);
    assert_eq!((raw.u32(modules), raw.u64(modules + 4)), (4, CODE));
    let record = raw.u32(modules + 4 + 80) as usize;
    assert_eq!((raw.u32(modules + 4 + 76), &raw.0[record..record + 5]), (24, &b"LEpB\x01"[..]));

    let (info, size) = raw.stream(17);
    assert_eq!((raw.u32(info), raw.u32(info + 4), raw.u32(info + 8), size), (12, 64, 3, 12 + 3 * 64));
    assert_eq!((raw.u64(info + 12 + 32), raw.u64(info + 12 + 40)), (340_000, 120_000));
    assert_eq!(raw.u32(info + 12 + 2 * 64 + 4), 0x10);
}

#[test]
fn a_thread_without_registers_is_kept_empty() {
    let (snapshot, memory) = crashed();
    let dumped = dump(&snapshot, &memory, DumpType::Mini);
    let (threads, _) = dumped.raw.stream(3);
    let third = threads + 4 + 2 * 48;
    let context = dumped.raw.u32(third + 44) as usize;
    assert_eq!(dumped.raw.u32(context + 0x30), 0x0010_0000);
    assert_eq!(dumped.raw.u32(third + 32), 0);
    assert!(dumped.summary.soft_errors.iter().any(|error| error.message.contains("Thread 102")));
}

#[test]
fn the_comment_and_the_report_are_named() {
    let (mut snapshot, memory) = crashed();
    register(
        &mut snapshot,
        [wer_snapshot::RegistrationKind::Metadata { key: "a".into(), value: "ü".into() }],
    );
    let options = DumpOptions {
        comment: Some("why €".to_owned()),
        report_id: Some(ReportId([7; 16])),
        ..DumpOptions::for_type(DumpType::Micro)
    };
    let dumped = dump_with(&snapshot, &memory, &options);
    assert_eq!(dumped.raw.bytes(11).len(), 2 * 6);
    let info: serde_json::Value = serde_json::from_slice(dumped.raw.bytes(0x5745_0002)).unwrap();
    assert_eq!(info["report_id"], "07070707-0707-0707-0707-070707070707");
    assert_eq!(info["status"], "c0000005");
    assert_eq!(info["instruction"], "0x400123");
    assert_eq!(info["fault_address"], "0x1234");
    assert_eq!(info["access"], "write");
    assert_eq!(info["capture_source"], "in_application");
    assert_eq!(info["last_words"]["text"], "said \"this\"\nand \u{1}that");
    assert_eq!(info["metadata"], serde_json::json!([{"key": "a", "value": "ü"}]));
    assert_eq!(info["synthetic_modules"], serde_json::json!(["0x7f3000000000"]));
}

#[test]
fn a_living_process_has_no_exception_stream() {
    let (mut snapshot, memory) = crashed();
    snapshot.exception = None;
    let dumped = dump(&snapshot, &memory, DumpType::Mini);
    assert!(dumped.raw.find(6).is_none());
    let info: serde_json::Value = serde_json::from_slice(dumped.raw.bytes(0x5745_0002)).unwrap();
    assert!(info["status"].is_null() && info["access"].is_null());
}

#[test]
fn the_loaders_list_is_followed_and_bounded() {
    let (mut snapshot, mut memory) = crashed();
    let (headers, dynamic, debug, map) = (CODE + 0x40, DATA, DATA + 0x100, DATA + 0x200);
    snapshot.process.auxv = vec![(3, headers), (4, 56), (5, 2)];
    let words = |words: &[u64]| -> Vec<u8> { words.iter().flat_map(|word| word.to_le_bytes()).collect() };
    memory.put(headers, &words(&[6, 0, 0x40, 0, 0, 0, 0]));
    memory.put(headers + 56, &words(&[2, 0, 0x2000, 0, 0, 0x1000, 0]));
    memory.put(dynamic, &words(&[21, debug, 0, 0]));
    memory.put(debug, &words(&[1, map, 0x111, 0, 0x222]));
    memory.put(DATA + 0x300, b"/lib/libfake.so\0");
    // The chain's end points back to its start: the walk must still end.
    memory.put(map, &words(&[0x333, DATA + 0x300, 0x444, map, 0]));
    let dumped = dump(&snapshot, &memory, DumpType::Mini);
    let raw = &dumped.raw;
    let (at, size) = raw.stream(0x4767_000A);
    assert_eq!((raw.u32(at), raw.u32(at + 8), size), (1, 1024, 36 + 32));
    assert_eq!((raw.u64(at + 12), raw.u64(at + 20), raw.u64(at + 28)), (0x111, 0x222, dynamic));
    let list = raw.u32(at + 4) as usize;
    assert_eq!((raw.u64(list), raw.u64(list + 12)), (0x333, 0x444));
    assert_eq!(raw.string(raw.u32(list + 8) as usize), "/lib/libfake.so");
}
