//! Cores of dumps that were made field by field, read back by offset and by gdb.

use std::fs::File;
use std::io::Read;
use std::ops::ControlFlow;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use wer_elf_core::{ElfCoreError, ReadAt, plan};
use wer_synth::{Amd64, Exception, Section, Synth, Thread};

const MAPS: &str = "400000-402000 r-xp 00001000 08:01 1234    /opt/a program
402000-403000 r--p 00003000 08:01 1234    /opt/a program
7fff0000-7fff3000 rw-p 00000000 00:00 0    [stack]
";

fn dump_of(ranges: &[(u64, &[u8])], maps: &str) -> Vec<u8> {
    let mut synth = Synth::new();
    synth.system_info(9, 0x8201, "Linux 6.1");
    synth.memory64(ranges);
    let mut threads = Vec::new();
    for id in [7, 8, 9] {
        let context = synth.add(Amd64::new(0x40_0000 + u64::from(id), 0x7fff_1000).section(), 16);
        threads.push(Thread { id, context, ..Thread::default() });
    }
    synth.threads(&threads);
    let context = synth.add(Amd64::new(0x40_0123, 0x7fff_1000).section(), 16);
    synth.exception(&Exception {
        thread: 8,
        code: 11,
        flags: 1,
        address: 0x1234,
        context,
        ..Exception::default()
    });
    synth.stream(0x4767_0006, Section::new().bytes(b"/opt/a program\0--flag\0"));
    synth.stream(
        0x4767_0004,
        Section::new().bytes(b"Name:\ta program\nPPid:\t5\nUid:\t1000\t0\t0\t0\nGid:\t100\t0\t0\t0\n"),
    );
    synth.stream(0x4767_0008, Section::new().u64(6).u64(4096).u64(0).u64(0));
    synth.stream(0x4767_0009, Section::new().bytes(maps.as_bytes()));
    synth.finish()
}

fn core_of(dump: &[u8]) -> (Vec<u8>, File) {
    let plan = plan(dump).expect("a plan");
    let mut file = tempfile::tempfile().expect("a file");
    let mut told = (0, 0);
    plan.write(&dump, &file, &mut |done, total| {
        assert!(done >= told.0 && done <= total);
        told = (done, total);
        ControlFlow::Continue(())
    })
    .expect("a core");
    assert_eq!(told, (plan.memory_bytes(), plan.memory_bytes()));
    let mut bytes = Vec::new();
    std::io::Seek::rewind(&mut file).expect("ours");
    file.read_to_end(&mut bytes).expect("ours");
    assert_eq!(bytes.len() as u64, plan.bytes());
    (bytes, file)
}

fn word(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("a word"))
}

fn half(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().expect("half a word"))
}

/// Kind, flags, offset, address, bytes in the file, bytes in memory.
fn headers(core: &[u8]) -> Vec<(u32, u32, u64, u64, u64, u64)> {
    let mut count = u64::from(u16::from_le_bytes(*core[56..].first_chunk().expect("a header")));
    if count == 0xffff {
        count = u64::from(half(core, usize::try_from(word(core, 40)).expect("small") + 44));
    }
    (0..usize::try_from(count).expect("small"))
        .map(|index| 64 + index * 56)
        .map(|at| {
            let [offset, address, _, stored, size] = [8, 16, 24, 32, 40].map(|field| word(core, at + field));
            (half(core, at), half(core, at + 4), offset, address, stored, size)
        })
        .collect()
}

/// Owner, kind and bytes of each note.
fn notes(core: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
    let (_, _, offset, _, size, _) = headers(core)[0];
    let mut rest = &core[usize::try_from(offset).expect("small")..][..usize::try_from(size).expect("small")];
    let mut found = Vec::new();
    while rest.len() >= 12 {
        let (name, data) = (half(rest, 0) as usize, half(rest, 4) as usize);
        let at = 12 + name.next_multiple_of(4);
        let owner = String::from_utf8_lossy(&rest[12..12 + name - 1]).into_owned();
        found.push((owner, half(rest, 8), rest[at..at + data].to_vec()));
        rest = &rest[at + data.next_multiple_of(4)..];
    }
    found
}

#[test]
fn notes_are_in_the_kernels_order_and_say_what_the_dump_says() {
    let (core, _) = core_of(&dump_of(&[(0x7fff_0000, &[1; 0x1000])], MAPS));
    let found = notes(&core);
    let kinds: Vec<_> = found.iter().map(|(owner, kind, _)| (owner.as_str(), *kind)).collect();
    assert_eq!(
        kinds,
        [
            ("CORE", 1),
            ("CORE", 3),
            ("CORE", 0x5349_4749),
            ("CORE", 6),
            ("CORE", 0x4649_4c45),
            ("CORE", 2),
            ("CORE", 1),
            ("CORE", 2),
            ("CORE", 1),
            ("CORE", 2),
        ]
    );
    let status = &found[0].2;
    assert_eq!((status.len(), half(status, 0), half(status, 32)), (336, 11, 8), "the crashed one is first");
    assert_eq!(word(status, 112 + 16 * 8), 0x40_0123, "the exception's own registers");
    assert_eq!((half(&found[6].2, 32), word(&found[6].2, 112 + 16 * 8)), (7, 0x40_0007));
    let process = &found[1].2;
    assert_eq!((process.len(), half(process, 16), half(process, 20), half(process, 28)), (136, 1000, 100, 5));
    assert_eq!((&process[40..50], &process[56..78]), (&b"a program\0"[..], &b"/opt/a program --flag\0"[..]));
    assert_eq!((half(&found[2].2, 0), half(&found[2].2, 8), word(&found[2].2, 16)), (11, 1, 0x1234));
    assert_eq!(found[3].2.len(), 32, "a pair and the end mark");
    let files = &found[4].2;
    assert_eq!((word(files, 0), word(files, 8)), (2, 4096));
    assert_eq!((word(files, 16), word(files, 24), word(files, 32)), (0x40_0000, 0x40_2000, 1));
    assert!(files.ends_with(b"/opt/a program\0/opt/a program\0"));
}

#[test]
fn memory_is_cut_at_mappings_and_zeros_are_holes() {
    let mut large = vec![0; 4 << 20];
    large[(1 << 20) + 5] = 7;
    let ranges: [(u64, &[u8]); 3] =
        [(0x40_1ff0, &[2; 0x20]), (0x7fff_0800, &[3; 0x100]), (0x9000_0000, &large)];
    let (core, file) = core_of(&dump_of(&ranges, MAPS));
    let found: Vec<_> = headers(&core)
        .iter()
        .skip(1)
        .map(|(kind, flags, _, address, stored, size)| (*kind, *flags, *address, *stored, *size))
        .collect();
    assert_eq!(
        found,
        [
            (1, 5, 0x40_0000, 0, 0x1ff0),
            (1, 5, 0x40_1ff0, 0x10, 0x10),
            (1, 4, 0x40_2000, 0x10, 0x10),
            (1, 4, 0x40_2010, 0, 0xff0),
            (1, 6, 0x7fff_0800, 0x100, 0x100),
            (1, 6, 0x9000_0000, 4 << 20, 4 << 20),
        ]
    );
    for (_, _, offset, address, stored, _) in headers(&core).into_iter().skip(1) {
        if stored > 0 {
            assert_eq!(offset % 4096, address % 4096);
            let (start, bytes) = ranges
                .iter()
                .find(|(start, bytes)| (*start..*start + bytes.len() as u64).contains(&address))
                .expect("one");
            let from = usize::try_from(address - start).expect("small");
            let (at, size) =
                (usize::try_from(offset).expect("small"), usize::try_from(stored).expect("small"));
            assert_eq!(core[at..at + size], bytes[from..from + size]);
        }
    }
    assert!(file.metadata().expect("ours").blocks() * 512 < 1 << 20, "zeros are stored");
}

/// A dump with holes is passed over where it has them, and a dump that ends early is not taken for one that does.
#[test]
fn holes_of_the_dump_are_holes_of_the_core() {
    let mut large = vec![0; 8 << 20];
    large[(4 << 20) + 5] = 7;
    let dump = dump_of(&[(0x9000_0000, &large)], MAPS);
    let source = tempfile::tempfile().expect("a file");
    for (index, block) in dump.chunks(4096).enumerate() {
        if block.iter().any(|byte| *byte != 0) {
            source.write_all_at(block, index as u64 * 4096).expect("room");
        }
    }
    source.set_len(dump.len() as u64).expect("room");
    let plan = plan(&dump).expect("a plan");
    let mut cores = Vec::new();
    for from in [&source as &dyn ReadAt, &dump.as_slice()] {
        let core = tempfile::tempfile().expect("a file");
        plan.write(from, &core, &mut |_, _| ControlFlow::Continue(())).expect("a core");
        let mut bytes = vec![0; usize::try_from(plan.bytes()).expect("small")];
        FileExt::read_exact_at(&core, &mut bytes, 0).expect("all of it");
        cores.push(bytes);
    }
    assert!(cores[0] == cores[1], "holes are zeros");
    source.set_len(dump.len() as u64 / 2).expect("ours");
    let core = tempfile::tempfile().expect("a file");
    let outcome = plan.write(&source, &core, &mut |_, _| ControlFlow::Continue(()));
    assert!(matches!(outcome, Err(ElfCoreError::Read(_))), "{outcome:?}");
}

/// gdb opens a core of more segments than an ELF header can count, and finds the memory of the last.
#[test]
fn gdb_reads_a_core_of_seventy_thousand_segments() {
    const COUNT: u64 = 70_000;
    let values: Vec<[u8; 16]> = (0..COUNT).map(|index| u128::from(index).to_le_bytes()).collect();
    let ranges: Vec<(u64, &[u8])> = values
        .iter()
        .zip(0u64..)
        .map(|(value, index)| (0x1000_0000 + index * 64, value.as_slice()))
        .collect();
    let dump = dump_of(&ranges, "");
    let plan = plan(&dump).expect("a plan");
    assert_eq!(plan.segments() as u64, COUNT);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("core");
    plan.write(&dump.as_slice(), &File::create(&path).expect("room"), &mut |_, _| ControlFlow::Continue(()))
        .expect("a core");
    let last = 0x1000_0000 + (COUNT - 1) * 64;
    let said = gdb(&path, &[&format!("x/gx {last:#x}"), "info threads", "p $rip", "p $_siginfo.si_signo"]);
    assert!(said.contains(&format!("0x{:016x}", COUNT - 1)), "{said}");
    assert!(said.contains("= (void (*)()) 0x400123") && said.contains("= 11"), "{said}");
    assert_eq!(said.matches("LWP").count() / 2, 3, "{said}");
}

fn gdb(core: &Path, commands: &[&str]) -> String {
    let mut command = Command::new("gdb");
    command.args(["-q", "-batch", "-nx", "-c"]).arg(core);
    for text in commands {
        command.args(["-ex", text]);
    }
    let output = command.output().expect("gdb is needed: `cargo xtask setup` installs it");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn what_no_core_can_be_made_of_is_refused() {
    assert!(matches!(plan(b"\x7fELF"), Err(ElfCoreError::Dump(_))));
    let mut windows = Synth::new();
    windows.system_info(9, 2, "");
    let refused = plan(&windows.finish()).expect_err("another system").to_string();
    assert!(refused.contains("windows"), "{refused}");
    let mut empty = Synth::new();
    empty.system_info(9, 0x8201, "Linux");
    assert!(matches!(plan(&empty.finish()), Err(ElfCoreError::NoThreads)));

    // Thousands of ranges that are all the same 64 KiB.
    let mut bomb = Synth::new();
    bomb.system_info(9, 0x8201, "Linux");
    let context = bomb.add(Amd64::new(1, 2).section(), 16);
    bomb.threads(&[Thread { id: 1, context, ..Thread::default() }]);
    let bytes = bomb.add(Section::new().zeros(1 << 16), 16);
    let list = (0..4000u64)
        .fold(Section::new().u32(4000), |list, index| list.u64(index << 20).u32s(&bytes.descriptor()));
    bomb.stream(5, list);
    let refused = plan(&bomb.finish());
    assert!(matches!(refused, Err(ElfCoreError::MoreMemoryThanDump { .. })), "{refused:?}");
}

#[test]
fn a_cancelled_core_has_no_header() {
    let dump = dump_of(&[(0x7fff_0000, &[1; 0x1000])], MAPS);
    let mut file = tempfile::tempfile().expect("a file");
    let plan = plan(&dump).expect("a plan");
    let outcome = plan.write(&dump.as_slice(), &file, &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(outcome, Err(ElfCoreError::Cancelled)));
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("ours");
    assert!(bytes.iter().all(|byte| *byte == 0));
    // A source that ends early is told, and leaves no core either.
    let short = plan.write(&&dump[..100], &file, &mut |_, _| ControlFlow::Continue(()));
    assert!(matches!(short, Err(ElfCoreError::Read(_))), "{short:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn no_dump_makes_it_panic(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..16)) {
        let mut dump = dump_of(&[(0x7fff_0000, &[1; 0x100]), (0x7fff_0100, &[2; 0x100])], MAPS);
        for (index, value) in changes {
            let at = index.index(dump.len());
            dump[at] = value;
        }
        if let Ok(plan) = plan(&dump) && plan.bytes() < 16 << 20 {
            let file = tempfile::tempfile().expect("a file");
            plan.write(&dump.as_slice(), &file, &mut |_, _| ControlFlow::Continue(())).expect("a core");
        }
    }
}
