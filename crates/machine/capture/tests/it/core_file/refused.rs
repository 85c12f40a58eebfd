//! What is no core that can be read, and what a small core tells.

use std::path::Path;

use wer_abi::NtStatus;
use wer_capture::{CoreFileError, CoreFileOptions, core_file, is_core_file};
use wer_snapshot::{CaptureSource, RegionKind};

use super::synth::small;
use super::{complaints, read_bytes};

#[test]
fn a_small_core_tells_all_it_has() {
    let capture = read_bytes(&small().finish()).expect("a core");
    let snapshot = &capture.snapshot;
    assert_eq!(snapshot.source, CaptureSource::CoreFile);
    assert_eq!((snapshot.process.pid, snapshot.process.uid, &*snapshot.process.name), (70, 1000, "small"));
    assert_eq!(snapshot.process.arguments, ["./small", "one", "two"]);
    let exception = snapshot.exception.as_ref().expect("a crash");
    assert_eq!((exception.tid, exception.signal.number, exception.signal.address), (70, 11, 0x1234));
    assert_eq!((exception.status, exception.instruction), (NtStatus::ACCESS_VIOLATION, 0x40_1000));
    let threads: Vec<_> = snapshot.threads.iter().map(|thread| (thread.tid, thread.user_time_ms)).collect();
    assert_eq!(threads, [(70, 2500), (69, 2500)]);
    assert_eq!(snapshot.threads[0].fpu.as_ref().map(|fpu| fpu.fxsave[0]), Some(7));
    let regions: Vec<_> = snapshot.regions.iter().map(|region| (region.start, region.end)).collect();
    assert_eq!(regions, [(0x40_0000, 0x40_2000), (0x7000_0000, 0x7000_1000), (0x7000_1000, 0x7000_2000)]);
    let file = RegionKind::File { path: "/opt/small".into(), deleted: true };
    assert_eq!((&snapshot.regions[0].kind, snapshot.regions[0].protection.execute), (&file, true));
    assert!(
        String::from_utf8_lossy(&snapshot.linux.maps)
            .contains("400000-402000 r-xp 00000000 00:00 0 /opt/small (deleted)\n")
    );
}

#[test]
fn memory_goes_over_borders_and_ends_where_the_core_does() {
    let capture = read_bytes(&small().finish()).expect("a core");
    let memory = capture.memory();
    let mut buffer = [0; 0x1000];
    assert_eq!(memory.read(0x7000_0800, &mut buffer), 0x1000);
    assert!(buffer[..0x800].iter().all(|byte| *byte == 3) && buffer[0x800..].iter().all(|byte| *byte == 4));
    assert_eq!(memory.read(0x7000_1800, &mut buffer), 0x800, "nothing follows");
    assert_eq!(memory.read(0x40_0ff0, &mut buffer), 16, "the rest was left out");
    assert_eq!(memory.read(0x40_1000, &mut buffer), 0);
    assert_eq!(memory.read(0x6fff_ffff, &mut buffer), 0);
    assert_eq!(memory.read(u64::MAX, &mut buffer), 0);
    assert_eq!(capture.memory_bytes(), 0x3000);
}

#[test]
fn what_is_no_core_of_this_processor_is_refused_by_its_name() {
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = small().finish();
        change(&mut bytes);
        read_bytes(&bytes).expect_err("it is refused").to_string()
    };
    let starts = |with: &'static [u8]| move |bytes: &mut Vec<u8>| *bytes = with.to_vec();
    type Change = Box<dyn Fn(&mut Vec<u8>)>;
    let table: [(Change, &str); 14] = [
        (Box::new(|bytes| bytes[4] = 1), "32-bit"),
        (
            Box::new(|bytes| bytes[4..19].copy_from_slice(b"\x01\x01\x01\0\0\0\0\0\0\0\0\0\x04\0\x03")),
            "32-bit",
        ),
        (Box::new(|bytes| bytes[18] = 183), "ARM64"),
        (Box::new(|bytes| bytes[18] = 99), "processor number 99"),
        (Box::new(|bytes| bytes[5] = 2), "big-endian"),
        (Box::new(|bytes| bytes[16] = 2), "it is an executable"),
        (Box::new(|bytes| bytes[16] = 3), "a shared library"),
        (Box::new(|bytes| bytes[54] = 40), "of another form"),
        (Box::new(|bytes| bytes[56] = 0), "no segments"),
        (Box::new(|bytes| bytes.truncate(40)), "is cut"),
        (Box::new(starts(b"")), "it is empty"),
        (Box::new(starts(b"MDMP....")), "it is a minidump"),
        (Box::new(starts(b"\xfd7zXZ\0\0\0")), "xz -d"),
        (Box::new(starts(b"\x1f\x8b\x08\0\0\0\0\0")), "gzip -d"),
    ];
    for (change, words) in table {
        let message = refused(&change);
        assert!(message.contains(words) && message.contains("a core"), "{message} lacks {words}");
    }
}

#[test]
fn folders_and_pipes_are_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("a pipe");
    for path in [folder.path(), &pipe, Path::new("/dev/null")] {
        let refused = core_file(path, &CoreFileOptions::default());
        assert!(matches!(refused, Err(CoreFileError::NotAFile { .. })), "{refused:?}");
    }
    assert!(matches!(is_core_file(&folder.path().join("none")), Err(CoreFileError::Read { .. })));
    let core = folder.path().join("core");
    std::fs::write(&core, small().finish()).expect("room");
    assert!(is_core_file(&core).expect("a file"));
    std::fs::write(&core, "MDMP").expect("room");
    assert!(!is_core_file(&core).expect("a file"));
}

#[test]
fn a_core_of_a_living_process_tells_of_no_crash() {
    let alive = super::synth::Synth::new().thread(5, 0, 1, 2).siginfo(19, 0x80, 0).load(
        0x1000,
        0x1000,
        4,
        &[1; 0x1000],
    );
    let capture = read_bytes(&alive.finish()).expect("a core");
    assert!(capture.snapshot.exception.is_none());
    assert_eq!(capture.snapshot.process.pid, 5, "by its first thread, where nothing else tells it");
    assert_eq!(complaints(&capture).len(), 1, "{:?}", complaints(&capture));
}
