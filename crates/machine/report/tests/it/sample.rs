//! A crashed process made of plain values.

use wer_abi::NtStatus;
use wer_abi::exception::AccessKind;
use wer_model::{AttachedFile, FileKind, LastWords, LastWordsSource, ReportId, SoftError, Stage};
use wer_report::ReportInputs;
use wer_snapshot::{
    CaptureSource, ExceptionSnapshot, LinuxFiles, ModuleKind, ModuleSnapshot, ProcessInfo, ProcessSnapshot,
    Protection, Region, RegionKind, RegionMarks, Registration, RegistrationKind, Registrations, SignalInfo,
    SystemInfo,
};

pub(crate) const ID: ReportId =
    ReportId(*b"\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef");

fn module(
    base: u64,
    path: &str,
    build_id: &[u8],
    version: Option<[u16; 4]>,
    kind: ModuleKind,
) -> ModuleSnapshot {
    ModuleSnapshot {
        base,
        size: 0x2000,
        path: path.into(),
        deleted: false,
        build_id: build_id.into(),
        synthetic_id: false,
        soname: None,
        version,
        kind,
    }
}

fn region(start: u64, kind: RegionKind) -> Region {
    let protection = Protection { read: true, write: true, ..Protection::default() };
    Region {
        start,
        end: start + 0x3000,
        protection,
        offset: 0x1000,
        device: 0,
        inode: 0,
        kind,
        marks: RegionMarks::default(),
    }
}

/// A null write at 0x1234 in `/opt/app/my app`.
pub(crate) fn snapshot() -> ProcessSnapshot {
    ProcessSnapshot {
        source: CaptureSource::InApplication,
        process: ProcessInfo {
            pid: 4711,
            namespace_pid: 4711,
            parent_pid: 1,
            uid: 1000,
            gid: 1000,
            name: "my app".into(),
            executable: "/opt/app/my app".into(),
            start_time_unix_ns: 1_700_000_000_000_000_000,
            capture_time_unix_ns: 1_700_000_042_000_000_000,
            ..ProcessInfo::default()
        },
        system: SystemInfo {
            uname: "Linux 6.18.44-amd64 #1 SMP x86_64".into(),
            kernel_release: "6.18.44-amd64".into(),
            distribution: "Debian GNU/Linux 12 (bookworm)".into(),
            processor_count: 2,
            ..SystemInfo::default()
        },
        threads: Vec::new(),
        modules: vec![
            module(0x5000_0000, "/opt/app/my app", &[0xAB, 0xCD, 1, 2, 3], None, ModuleKind::Executable),
            module(0x7000_0000, "/lib/libm.so.6.1.2", &[], Some([6, 1, 2, 0]), ModuleKind::Library),
        ],
        regions: vec![
            region(0x6000_0000, RegionKind::Heap),
            region(0x6800_0000, RegionKind::File { path: "/memfd:jit".into(), deleted: true }),
        ],
        exception: Some(ExceptionSnapshot {
            tid: 4711,
            signal: SignalInfo { number: 11, code: 1, errno: 0, address: 0 },
            status: NtStatus::ACCESS_VIOLATION,
            instruction: 0x5000_1234,
            access: Some(AccessKind::Write),
        }),
        last_words: None,
        registrations: Registrations {
            entries: vec![
                metadata(1, "channel", "beta"),
                metadata(2, "not a name", "line\r\nEventType=forged \u{1b}[31m"),
            ],
            ..Registrations::default()
        },
        linux: LinuxFiles::default(),
        handles: Vec::new(),
        token: None,
        counters: None,
        system_memory: None,
        unloaded_modules: Vec::new(),
        soft_errors: vec![SoftError::new(Stage::Capture, "The memory of one thread could not be read.")],
    }
}

fn metadata(sequence: u64, key: &str, value: &str) -> Registration {
    Registration { sequence, kind: RegistrationKind::Metadata { key: key.into(), value: value.into() } }
}

pub(crate) fn inputs() -> ReportInputs {
    let file = |name: &str, kind, original: Option<&str>| AttachedFile {
        name: name.into(),
        kind,
        flags: 2,
        original_path: original.map(str::to_owned),
    };
    ReportInputs {
        id: ID,
        files: vec![
            file("minidump.mdmp", FileKind::Minidump, None),
            file("file000_app.log", FileKind::Other, Some("/var/log/app.log")),
        ],
        soft_errors: vec![SoftError::new(Stage::Dump, "registered.dmp was cut.")],
        waiting_reason: "Nobody was there to be asked.".into(),
    }
}

/// The last words of an assertion.
pub(crate) fn last_words() -> LastWords {
    LastWords { source: LastWordsSource::GlibcAbortMessage, text: "assertion failed: x\n".into() }
}
