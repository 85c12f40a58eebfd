//! Facts that are looked at when asked: descriptors, rights, memory use, threads, marks of mappings.

use std::os::unix::fs::MetadataExt;

use wer_capture::{Capture, live, live_with};
use wer_snapshot::{Facts, HandleKind, HandleSnapshot, ModuleKind, ProcessSnapshot, Region};
use wer_sys::Process;

use crate::program::{Program, facts_target, musl, static_facts_target, target};

/// A program that has said `numbers` numbers and is ready.
pub(crate) fn ready(program: &std::path::Path, arguments: &[&str], numbers: usize) -> (Program, Vec<u64>) {
    let mut program = Program::start(program, arguments);
    let numbers = (0..numbers).map(|_| program.read_number()).collect();
    program.expect("ready\n");
    (program, numbers)
}

/// A program that has said where its mappings are and crashes when it is told anything.
pub(crate) fn ready_to_crash<const N: usize>(
    path: &std::path::Path,
    arguments: &[&str],
) -> (Program, [u64; N]) {
    let mut program = Program::start(path, arguments);
    let numbers = std::array::from_fn(|_| program.read_number());
    (program, numbers)
}

fn only(facts: Facts, program: &Program) -> Capture {
    live_with(program.pid(), &facts).expect("a capture")
}

#[test]
fn nothing_is_looked_at_that_nobody_asked_for() {
    let (program, _) = ready(target(), &["threads", "2"], 0);
    let capture = live(program.pid()).expect("a capture");
    let ProcessSnapshot { handles, token, counters, system_memory, unloaded_modules, threads, .. } =
        &capture.snapshot;
    assert!(handles.is_empty() && token.is_none() && counters.is_none() && system_memory.is_none());
    assert!(unloaded_modules.is_empty() && threads.iter().all(|thread| thread.details.is_none()));
}

#[test]
fn every_kind_of_descriptor_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (file, socket) = (place("file\nwith ) a newline"), place("socket"));
    std::fs::write(&file, "0123456789").expect("a file");
    let (program, numbers) = ready(facts_target(), &["handles", &file, &place(""), &socket], 1);
    let capture = only(Facts { handles: true, ..Facts::default() }, &program);
    let handles = &capture.snapshot.handles;
    assert_eq!(capture.snapshot.soft_errors, []);
    assert!(handles.is_sorted_by(|a, b| a.descriptor < b.descriptor));
    let handle = |number: u32| -> &HandleSnapshot {
        handles.iter().find(|handle| handle.descriptor == number).expect("a descriptor")
    };
    let kinds = [
        (100, HandleKind::File),
        (101, HandleKind::Directory),
        (102, HandleKind::CharacterDevice),
        (103, HandleKind::Pipe),
        (104, HandleKind::Pipe),
        (105, HandleKind::Memfd),
        (106, HandleKind::Event),
        (107, HandleKind::Epoll),
        (108, HandleKind::Timer),
        (109, HandleKind::Signal),
        (110, HandleKind::Process),
        (111, HandleKind::Socket),
        (116, HandleKind::Socket),
    ];
    for (number, kind) in kinds {
        assert_eq!(handle(number).kind, kind, "{number}: {:?}", handle(number));
    }
    let metadata = std::fs::metadata(&file).expect("the file");
    let opened = handle(100);
    assert_eq!((opened.name.as_str(), opened.inode), (&*file, metadata.ino()));
    assert_eq!((opened.offset, opened.size, opened.mode), (5, 10, metadata.mode()));
    let device =
        u64::from(rustix::fs::major(metadata.dev())) << 32 | u64::from(rustix::fs::minor(metadata.dev()));
    assert_eq!(opened.device, device);
    assert_eq!(opened.open_flags & 3, libc::O_RDWR.cast_unsigned());
    assert_ne!(opened.open_flags & libc::O_APPEND.cast_unsigned(), 0);
    assert_eq!(handle(102).open_flags & 3, libc::O_WRONLY.cast_unsigned());
    assert_eq!((&*handle(105).name, handle(105).size), ("/memfd:a b (deleted)", 12345));
    assert_eq!(handle(110).peer, format!("process {}", std::process::id()));

    let port = numbers[0];
    assert_eq!(handle(111).peer, format!("tcp 127.0.0.1:{port} LISTEN"));
    assert!(handle(112).peer.ends_with(&format!("-> 127.0.0.1:{port} ESTABLISHED")), "{}", handle(112).peer);
    assert!(handle(113).peer.starts_with(&format!("tcp 127.0.0.1:{port} -> ")), "{}", handle(113).peer);
    assert_eq!(handle(114).peer, format!("unix stream LISTEN {socket}"));
    assert_eq!(handle(116).peer, "unix seqpacket CONNECTED");
}

#[test]
fn ten_thousand_descriptors_are_all_there() {
    let (program, _) = ready(facts_target(), &["many-handles", "10000"], 0);
    let capture = only(Facts { handles: true, ..Facts::default() }, &program);
    let null = capture.snapshot.handles.iter().filter(|handle| handle.name == "/dev/null").count();
    assert!(null >= 10_001, "{null}");
    assert_eq!(capture.snapshot.soft_errors, []);
}

#[test]
fn rights_and_memory_use_are_the_processs_own() {
    let (mut program, _) = ready(facts_target(), &["serve"], 0);
    // Afterwards it has all the memory that it needs.
    program.ping();
    let facts = Facts { token: true, counters: true, ..Facts::default() };
    let capture = only(facts, &program);
    let status = Process::open(program.pid()).and_then(|process| process.status()).expect("it lives");
    let token = capture.snapshot.token.as_ref().expect("a token");
    assert_eq!((token.uids, token.gids, &token.groups), (status.uids, status.gids, &status.groups));
    assert_eq!(token.capabilities, status.capabilities);
    let link = std::fs::read_link(format!("/proc/{}/ns/mnt", program.pid())).expect("a namespace");
    let inode = token.namespaces.iter().find(|(name, _)| name == "mnt").expect("a namespace").1;
    assert_eq!(link.to_string_lossy(), format!("mnt:[{inode}]"));
    let counters = capture.snapshot.counters.expect("counters");
    assert_eq!(counters.virtual_bytes, status.memory.virtual_bytes);
    assert!(counters.peak_resident_bytes >= counters.resident_bytes && counters.resident_bytes > 0);
    assert!(counters.page_fault_count > 0 && counters.page_table_bytes > 0);
    let memory = capture.snapshot.system_memory.expect("the machine's");
    assert!(memory.total_bytes > counters.resident_bytes);
}

fn check_threads(program: &std::path::Path, knows_starts: bool) {
    let before = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970");
    let (program, numbers) = ready(program, &["threads", "3"], 1);
    let capture = only(Facts { thread_details: true, ..Facts::default() }, &program);
    let snapshot = &capture.snapshot;
    assert_eq!((snapshot.threads.len(), &snapshot.soft_errors[..]), (4, &[][..]));
    let slack = 2_000_000_000;
    let mut on_first_only = 0;
    for thread in &snapshot.threads {
        let details = thread.details.expect("details");
        let entry = snapshot.process.auxv.iter().find(|(key, _)| *key == 9).expect("AT_ENTRY").1;
        let expected = match (thread.tid == program.pid(), knows_starts) {
            (true, _) => entry,
            (false, true) => numbers[0],
            (false, false) => 0,
        };
        assert_eq!(details.start_address, expected);
        assert!(u128::from(details.create_time_unix_ns) + slack >= before.as_nanos());
        assert!(matches!(details.state, b'S' | b'R' | b'D'), "{}", char::from(details.state));
        assert_ne!(details.affinity, 0);
        on_first_only += usize::from(details.affinity == 1);
    }
    assert!(on_first_only >= 1);
}

#[test]
fn threads_tell_where_and_when_they_began() {
    check_threads(facts_target(), true);
}

#[test]
fn where_threads_of_other_c_libraries_began_is_not_known() {
    check_threads(static_facts_target(), false);
    for options in [&[][..], &["-static"]] {
        if let Some(program) = musl("facts.c", options) {
            check_threads(&program, false);
        }
    }
}

fn marks_at(snapshot: &ProcessSnapshot, places: &[u64]) -> Vec<String> {
    let letters = |region: &Region| {
        let marks = region.marks;
        let all = [
            (marks.not_dumped, 'd'),
            (marks.not_forked, 'f'),
            (marks.wiped_on_fork, 'w'),
            (marks.device, 'i'),
        ];
        all.into_iter().filter(|(set, _)| *set).map(|(_, letter)| letter).collect()
    };
    places.iter().map(|place| letters(snapshot.region_at(*place).expect("a mapping"))).collect()
}

#[test]
fn what_a_process_asked_of_its_mappings_is_told() {
    let (program, places) = ready(facts_target(), &["marks", "", ""], 6);
    let capture = only(Facts { region_marks: true, ..Facts::default() }, &program);
    let snapshot = &capture.snapshot;
    assert_eq!(marks_at(snapshot, &places), ["", "d", "f", "w", "d", ""]);
    let devices: Vec<&Region> = snapshot.regions.iter().filter(|region| region.marks.device).collect();
    assert!(devices.iter().all(|region| !region.protection.write), "only the kernel's own pages");
    // It is small, so that marks are told unasked; `maps` is as if it had been read itself.
    let unasked = live(program.pid());
    drop(capture);
    assert!(unasked.is_ok());
    let unasked = live(program.pid()).expect("a capture").snapshot;
    assert_eq!(marks_at(&unasked, &places), ["", "d", "f", "w", "d", ""]);
    let maps = std::fs::read(format!("/proc/{}/maps", program.pid())).expect("maps");
    assert_eq!(String::from_utf8_lossy(&unasked.linux.maps), String::from_utf8_lossy(&maps));
}

#[test]
fn descriptors_opened_by_others_lead_nowhere_else() {
    // The same numbers in two processes are two things.
    let (one, _) = ready(facts_target(), &["many-handles", "5"], 0);
    let (other, _) = ready(facts_target(), &["serve"], 0);
    let facts = Facts { handles: true, ..Facts::default() };
    let (one, other) = (only(facts, &one), only(facts, &other));
    assert!(one.snapshot.handles.len() > other.snapshot.handles.len());
}

#[test]
fn untouched_memory_is_told_while_the_process_stands() {
    let (mut program, places) = ready(facts_target(), &["marks", "", ""], 6);
    let mut capture = live(program.pid()).expect("a capture");
    let memory = capture.memory();
    assert_eq!(memory.untouched(places[0], u64::MAX), 0);
    assert_eq!(memory.untouched(places[5], u64::MAX), 9 * 4096);
    assert_eq!(memory.untouched(places[5] + 4096, 4096), 4096);
    assert_eq!(memory.untouched(places[4], u64::MAX), 0, "shared memory is no private memory");
    let executable = &capture.snapshot.modules[0];
    assert_eq!((executable.kind, memory.untouched(executable.base, 4096)), (ModuleKind::Executable, 0));
    capture.release();
    assert_eq!(capture.memory().untouched(places[5], u64::MAX), 0, "it runs");
    program.ping();
}

#[test]
fn long_reads_hold_what_short_ones_do() {
    let (program, _) = ready(facts_target(), &["serve"], 0);
    let capture = live(program.pid()).expect("a capture");
    let libc = capture.snapshot.modules.iter().find(|it| it.soname.as_deref() == Some("libc.so.6"));
    let libc = libc.expect("it is linked to glibc");
    let mut long = vec![0; 512 << 10];
    assert_eq!(capture.memory().read(libc.base, &mut long), long.len());
    for (index, piece) in long.chunks(4096).enumerate() {
        let short = capture.memory().read_exact(libc.base + index as u64 * 4096, piece.len());
        assert_eq!(short.as_deref(), Some(piece));
    }
}

#[test]
fn registers_beyond_those_of_sse_are_read_when_asked_for() {
    let (program, _) = ready(facts_target(), &["threads", "3"], 1);
    let sizes = |facts| {
        let capture = only(facts, &program);
        let size = |fpu: &wer_snapshot::FpuState| fpu.xsave.len();
        capture.snapshot.threads.iter().map(|it| it.fpu.as_ref().map(size)).collect::<Vec<_>>()
    };
    let asked = sizes(Facts { extended_registers: true, ..Facts::default() });
    assert!(!asked.is_empty() && asked.iter().all(|size| size.is_some_and(|size| size > 512)), "{asked:?}");
    assert!(sizes(Facts::default()).iter().all(|size| *size == Some(0)));
}
