//! The kernel's own cores, beside what the kernel's way of capture sees of the same process. Needs root, as that does.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use wer_abi::NtStatus;
use wer_abi::registration::RegistrationBlock;
use wer_capture::{Capture, CoreCapture, CoreFileOptions, core_file, kernel};
use wer_snapshot::{ModuleKind, RegionKind};

use super::{complaints, module};
use crate::kernel::{MANY, pipe_path, receive};
use crate::program::{Program, static_target, target};

struct Core {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Core {
    fn read(&self, read_files: bool) -> CoreCapture {
        core_file(&self.path, &CoreFileOptions { read_files, ..CoreFileOptions::default() }).expect("a core")
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).expect("ours")
    }
}

/// The core of a program that crashes by itself, or by this signal when it is ready.
fn core_of(program: &Path, arguments: &[&str], signal: Option<rustix::process::Signal>) -> Option<Core> {
    let path = pipe_path(MANY)?;
    let mut process = Program::start(program, arguments);
    if let Some(signal) = signal {
        process.expect("ready\n");
        let pid = rustix::process::Pid::from_raw(process.pid().cast_signed()).expect("a pid");
        rustix::process::kill_process(pid, signal).expect("our own child");
    }
    let mut relayed = receive(&path.listener, process.pid());
    let folder = tempfile::tempdir().expect("a folder");
    let core = folder.path().join("core");
    let mut file = File::create(&core).expect("room");
    std::io::copy(&mut relayed.core, &mut file).expect("a core");
    Some(Core { path: core, _folder: folder })
}

/// Threads, registers, modules, mappings and stacks are those that the kernel's way finds.
fn compare(by_kernel: &Capture, by_core: &CoreCapture) {
    let (one, two) = (&by_kernel.snapshot, &by_core.snapshot);
    assert_eq!(two.exception, one.exception);
    assert_eq!((two.process.pid, &two.process.name), (one.process.pid, &one.process.name));
    assert_eq!(
        (&two.process.executable, &two.process.arguments),
        (&one.process.executable, &one.process.arguments)
    );
    // The parent in a core is the thread that forked, which is not this process's main one.
    assert_eq!((two.process.uid, two.process.gid), (one.process.uid, one.process.gid));
    assert_eq!((&two.process.auxv, &two.linux.auxv), (&one.process.auxv, &one.linux.auxv));
    assert_eq!(two.linux.cmdline, one.linux.cmdline);
    assert_eq!(two.system.uname, one.system.uname, "the same kernel is known again");
    assert_eq!(two.threads.len(), one.threads.len());
    for (first, second) in one.threads.iter().zip(&two.threads) {
        assert_eq!((second.tid, &second.registers, &second.fpu), (first.tid, &first.registers, &first.fpu));
        let stack = first.registers.expect("registers").rsp;
        let end = one.region_at(stack).expect("a stack").end;
        let length = usize::try_from((end - stack).min(4096)).expect("small");
        let here = by_kernel.memory().read_exact(stack, length).expect("the kernel holds it");
        assert_eq!(by_core.memory().read_exact(stack, length), Some(here));
    }
    assert_eq!(two.modules, one.modules);
    let table = |regions: &[wer_snapshot::Region]| -> Vec<_> {
        let file = |kind: &RegionKind| match kind {
            RegionKind::File { path, deleted } => format!("{path} {deleted}"),
            RegionKind::Heap => String::new(),
            RegionKind::Anonymous => String::new(),
            other => format!("{other:?}"),
        };
        let rights = |region: &wer_snapshot::Region| {
            let protection = region.protection;
            (protection.read, protection.write, protection.execute)
        };
        regions.iter().map(|it| (it.start, it.end, it.offset, rights(it), file(&it.kind))).collect()
    };
    assert_eq!(table(&two.regions), table(&one.regions));
}

#[test]
fn a_core_is_what_the_kernels_way_finds() {
    for program in [target(), static_target()] {
        let Some(path) = pipe_path(MANY) else { return };
        let process = Program::start(program, &["crash", "write", "0x1234", "an argument", ""]);
        let mut relayed = receive(&path.listener, process.pid());
        let folder = tempfile::tempdir().expect("a folder");
        let core = folder.path().join("core");
        std::io::copy(&mut relayed.core, &mut File::create(&core).expect("room")).expect("a core");
        let by_kernel =
            kernel(relayed.crash, &mut File::open(&core).expect("ours")).expect("the kernel holds it");
        let by_core = core_file(&core, &CoreFileOptions::default()).expect("a core");
        assert_eq!(complaints(&by_core), [""; 0]);
        compare(&by_kernel, &by_core);
        assert!(!by_core.snapshot.system.xstate.is_empty(), "the kernel or this machine tells the places");
    }
}

#[test]
fn program_text_comes_from_the_same_file_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("program");
    fs::copy(target(), &program).expect("room");
    let Some(core) = core_of(&program, &["crash", "write", "0x1234"], None) else { return };
    let text = |capture: &CoreCapture| {
        let at = capture.snapshot.exception.as_ref().expect("a crash").instruction;
        capture.memory().read_exact(at, 16)
    };
    let with_files = core.read(true);
    assert!(text(&with_files).is_some());
    assert_eq!(complaints(&with_files), [""; 0]);
    let libc = module(&with_files, "/libc.so.6");
    assert_eq!(libc.soname.as_deref(), Some("libc.so.6"), "its strings are beyond the first page");

    let without = core.read(false);
    assert_eq!(text(&without), None, "the kernel leaves text out");
    assert_eq!(module(&without, "/libc.so.6").build_id, libc.build_id);
    let at = without.snapshot.exception.as_ref().expect("a crash").instruction;
    assert!(without.snapshot.region_at(at).is_some_and(|region| region.marks.not_dumped));
    assert!(!with_files.snapshot.region_at(at).is_some_and(|region| region.marks.not_dumped));

    fs::remove_file(&program).expect("ours");
    fs::copy(static_target(), &program).expect("room");
    let replaced = core.read(true);
    assert_eq!(text(&replaced), None, "another program is there now");
    assert!(
        complaints(&replaced).iter().any(|text| text.contains("/program")),
        "{:?}",
        complaints(&replaced)
    );
    assert_eq!(replaced.snapshot.modules[0].build_id, with_files.snapshot.modules[0].build_id);
}

#[test]
fn modules_are_found_without_a_list_of_files() {
    for program in [target(), static_target()] {
        let Some(core) = core_of(program, &["crash", "write", "0x1234"], None) else { return };
        let whole = core.read(false);
        let mut bytes = core.bytes();
        // NT_FILE becomes a note that nobody knows.
        let at = bytes.windows(4).position(|window| window == b"ELIF").expect("NT_FILE");
        bytes[at] = b'?';
        fs::write(&core.path, bytes).expect("room");
        let found = core.read(false);
        assert!(complaints(&found).iter().any(|text| text.contains("no list of mapped files")));
        let table = |capture: &CoreCapture| -> Vec<_> {
            let modules = capture.snapshot.modules.iter().filter(|module| module.kind != ModuleKind::Other);
            modules
                .map(|it| (it.base, it.size, it.build_id.clone(), it.file_name().to_owned(), it.kind))
                .collect()
        };
        let (mut one, mut two) = (table(&whole), table(&found));
        // Where a file is mapped beyond its last segment, only the list knows.
        for module in one.iter_mut().chain(&mut two) {
            module.1 = 0;
        }
        assert_eq!(two, one);
        assert_eq!(found.snapshot.process.executable, program.to_string_lossy());
    }
}

#[test]
fn an_abort_has_its_last_words() {
    let Some(core) = core_of(target(), &["crash", "double-free"], None) else { return };
    let capture = core.read(true);
    assert_eq!(capture.snapshot.exception.as_ref().map(|it| it.status), Some(NtStatus::HEAP_CORRUPTION));
    let words = capture.snapshot.last_words.as_ref().expect("glibc spoke");
    assert!(words.text.contains("free"), "{words:?}");
    let without = core.read(false);
    assert_eq!(without.snapshot.exception.as_ref().map(|it| it.status), Some(NtStatus::FATAL_APP_EXIT));
}

#[test]
fn a_stack_overflow_is_known_again() {
    let Some(core) = core_of(target(), &["crash", "overflow"], None) else { return };
    let capture = core.read(false);
    assert_eq!(capture.snapshot.exception.as_ref().map(|it| it.status), Some(NtStatus::STACK_OVERFLOW));
    assert!(capture.snapshot.regions.iter().any(|region| region.kind == RegionKind::Stack));
}

#[test]
fn registrations_are_in_the_core() {
    let size = size_of::<RegistrationBlock>().to_string();
    let words_at = std::mem::offset_of!(RegistrationBlock, last_words).to_string();
    for anonymous in [false, true] {
        let mut arguments = vec!["registered", &size, &words_at];
        arguments.extend(anonymous.then_some("anonymous"));
        let Some(core) = core_of(target(), &arguments, Some(rustix::process::Signal::QUIT)) else {
            return;
        };
        let capture = core.read(false);
        let registrations = &capture.snapshot.registrations;
        assert_ne!(registrations.block_address, 0, "anonymous {anonymous}: {:?}", complaints(&capture));
        assert_eq!(registrations.memory_blocks().count(), 1);
        assert_eq!(capture.snapshot.last_words.as_ref().map(|words| words.text.as_str()), Some("farewell"));
        assert_eq!(capture.snapshot.exception.as_ref().map(|it| it.signal.number), Some(libc::SIGQUIT));
    }
}

#[test]
fn the_kernels_core_can_be_cut_anywhere() {
    let Some(core) = core_of(target(), &["crash", "write", "0x1234"], None) else { return };
    let bytes = core.bytes();
    for tenth in 1..10 {
        fs::write(&core.path, &bytes[..bytes.len() * tenth / 10]).expect("room");
        let capture = core.read(true);
        assert_eq!(capture.snapshot.threads.len(), 4, "notes come first");
        assert!(complaints(&capture).iter().any(|text| text.contains("The core is cut")));
    }
    for length in [64, 100, 2000, 6000] {
        fs::write(&core.path, &bytes[..length]).expect("room");
        if let Ok(capture) = core_file(&core.path, &CoreFileOptions::default()) {
            assert!(!complaints(&capture).is_empty(), "{length}");
        }
    }
}
