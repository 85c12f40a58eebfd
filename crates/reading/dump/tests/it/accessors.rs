//! Records as they are in a synthetic dump.

use wer_dump::{Dump, Mapping, auxiliary_vector, mappings, raw_exception, raw_threads};
use wer_synth::{Amd64, Exception, MemoryInfo, Section, Synth, Thread, amd64_extended};

#[test]
fn contexts_come_whole_and_ranges_by_address() {
    let mut synth = Synth::new();
    synth.system_info(9, 0x8201, "Linux");
    let stack = synth.memory(&[(0x7000, b"stack of thread 1"), (0x1000, b"code")])[0];
    let context = synth.add(amd64_extended(Amd64::new(0x1000, 0x7000)), 64);
    synth.threads(&[Thread { id: 1, stack: 0x7000, stack_bytes: stack, context }]);
    let parameters = [1, 0x10, 0xC000_0005, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    synth.exception(&Exception {
        thread: 1,
        code: 11,
        flags: 1,
        address: 0x10,
        parameter_count: 3,
        parameters,
        context,
    });
    let mapping =
        MemoryInfo { base: 0x1000, size: 0x2000, state: 0x1000, protection: 0x20, kind: 0x100_0000 };
    synth.memory_info(&[mapping]);
    synth.stream(0x4767_0008, Section::new().u64s(&[3, 0x40, 6, 4_096, 0, 0, 9, 9]));
    let bytes = synth.finish();
    let dump = Dump::read(&bytes).unwrap();

    let threads = raw_threads(&dump);
    assert_eq!((threads[0].id, threads[0].stack_start, threads[0].priority), (1, 0x7000, 10));
    assert_eq!(threads[0].context, &bytes[context.at()..][..context.size as usize]);
    let exception = raw_exception(&dump).unwrap();
    assert_eq!((exception.code, exception.flags, exception.address), (11, 1, 0x10));
    assert_eq!(exception.parameters, [1, 0x10, 0xC000_0005]);
    assert_eq!(exception.context, threads[0].context);
    let expected = Mapping {
        start: 0x1000,
        size: 0x2000,
        allocation_start: 0x1000,
        state: 0x1000,
        protection: 0x20,
        kind: 0x100_0000,
    };
    assert_eq!(mappings(&dump), [expected]);
    assert_eq!(auxiliary_vector(&dump), [(3, 0x40), (6, 4_096)]);
    let ranges: Vec<_> = dump.memory().ranges().collect();
    assert_eq!(ranges, [(0x1000, &b"code"[..]), (0x7000, b"stack of thread 1")]);
}

#[test]
fn what_is_not_there_is_absent() {
    let mut synth = Synth::new();
    synth.system_info(9, 0x8201, "Linux");
    synth.stream(16, Section::new().u32s(&[16, 8]).u64(1 << 40));
    synth.stream(6, Section::new().u32(1));
    synth.stream(3, Section::new().u32(1));
    let bytes = synth.finish();
    let dump = Dump::read(&bytes).unwrap();
    assert!(mappings(&dump).is_empty() && raw_threads(&dump).is_empty() && raw_exception(&dump).is_none());
    assert!(auxiliary_vector(&dump).is_empty());
}
