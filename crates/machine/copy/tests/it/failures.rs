//! What goes wrong leaves nothing that looks whole.

use std::fs::File;
use std::io::{self, Write};
use std::process::Command;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use wer_copy::{
    Continue, Copied, CopyError, CopyJob, Ignore, Output, Range, Unreadable, Watcher, WriteAt, copy,
};

use crate::model::{BASE, Caller, PAGE, Page, Process, Written, dump, head, read_back, wanted};

fn job<'a>(wanted: &'a [wer_copy::Wanted], in_memory_max_bytes: u64) -> CopyJob<'a> {
    CopyJob { wanted, excluded: &[], in_memory_max_bytes, room_bytes: 2 * PAGE }
}

fn full(pages: usize) -> Process {
    Process::new(vec![Page::Full; pages])
}

/// Streams 16 MiB to an output, and says how it went.
fn stream(output: &mut Output<'_>) -> Result<Copied, CopyError> {
    let process = full(4096);
    copy(&job(&wanted(&[process.all()]), 0), &process, output, &mut Ignore)
}

#[test]
fn a_file_that_may_not_grow_is_left_empty() {
    let file = File::from(memfd_create("dump", MemfdFlags::ALLOW_SEALING).unwrap());
    (&file).write_all(b"MDMP and what was here before").unwrap();
    fcntl_add_seals(&file, SealFlags::GROW).unwrap();
    for compressed in [false, true] {
        let mut output = if compressed { Output::compressed(&file, 1) } else { Output::file(&file) };
        assert!(matches!(stream(&mut output), Err(CopyError::Write(_))));
        assert_eq!(file.metadata().unwrap().len(), 0);
        // Held memory meets the same at the end.
        let process = full(3);
        let wanted = wanted(&[process.all()]);
        let copied = copy(&job(&wanted, u64::MAX), &process, &mut output, &mut Ignore).unwrap();
        assert!(matches!(output.finish(&head(64), PAGE, &copied), Err(CopyError::Write(_))));
        assert_eq!(file.metadata().unwrap().len(), 0);
    }
}

#[test]
fn a_file_that_may_not_be_written_is_an_error() {
    let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    let file = File::open(&path).unwrap();
    assert!(matches!(stream(&mut Output::file(&file)), Err(CopyError::Write(_))));
}

/// Writes to a device or a pipe, wherever it is told to.
struct Sequential(File);

impl WriteAt for Sequential {
    fn write_all_at(&mut self, _offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }
}

#[test]
fn a_full_device_is_no_space() {
    let mut writer = Sequential(File::options().write(true).open("/dev/full").unwrap());
    let error = stream(&mut Output::custom(&mut writer)).unwrap_err();
    assert!(
        matches!(error, CopyError::NoSpace { needed_bytes } if needed_bytes == (16 << 20) + 2 * PAGE),
        "{error}"
    );
}

#[test]
fn a_broken_pipe_is_told() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut writer = Sequential(File::from(std::os::fd::OwnedFd::from(writer)));
    match stream(&mut Output::custom(&mut writer)).unwrap_err() {
        CopyError::Write(error) => assert_eq!(error.kind(), io::ErrorKind::BrokenPipe),
        error => panic!("{error}"),
    }
}

/// What the test below does in a process of its own, whose files are limited from outside.
#[test]
fn limited_child() {
    let Some(folder) = std::env::var_os("WER_COPY_LIMITED_FOLDER") else { return };
    for compressed in [false, true] {
        let file = tempfile::tempfile_in(&folder).unwrap();
        let mut output = if compressed { Output::compressed(&file, 1) } else { Output::file(&file) };
        let error = stream(&mut output).unwrap_err();
        match std::env::var_os("WER_COPY_FILE_LIMIT") {
            Some(_) => assert!(is_too_large(&error), "{error}"),
            None => assert!(matches!(error, CopyError::NoSpace { .. }), "{error}"),
        }
        assert_eq!(file.metadata().unwrap().len(), 0);
    }
    println!("as it must be");
}

/// The file may not become so large: more space would not help.
fn is_too_large(error: &CopyError) -> bool {
    matches!(error, CopyError::Write(error) if error.kind() == std::io::ErrorKind::FileTooLarge)
}

/// Runs `limited_child` after `setup` of a shell.
fn limited(shell: &mut Command, setup: &str) {
    let itself = std::env::current_exe().unwrap();
    let script = format!("{setup} && exec \"$0\" --exact failures::limited_child --nocapture");
    let output = shell.args(["-c", &script]).arg(itself).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("as it must be"), "{text}{errors}");
}

#[test]
fn a_limit_on_the_files_size_is_an_error_and_no_signal() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell.env("WER_COPY_LIMITED_FOLDER", folder.path()).env("WER_COPY_FILE_LIMIT", "yes");
    // A shell counts in 512 bytes: 3 MiB.
    limited(&mut shell, "ulimit -f 6144");
}

#[test]
fn a_full_file_system_is_no_space() {
    let folder = tempfile::tempdir().unwrap();
    let may_mount = Command::new("unshare").args(["-rm", "true"]).status();
    if !may_mount.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine lets nobody make a mount namespace");
        return;
    }
    let mut shell = Command::new("unshare");
    shell.args(["-rm", "sh"]).env("WER_COPY_LIMITED_FOLDER", folder.path());
    limited(&mut shell, "mount -t tmpfs -o size=3m none \"$WER_COPY_LIMITED_FOLDER\"");
}

#[test]
fn cancelling_leaves_nothing() {
    let process = full(4096);
    let wanted = wanted(&[process.all()]);
    for (cancel_at, in_memory_max_bytes) in [(0, 0), (1, 0), (9 << 20, 0), (9 << 20, u64::MAX)] {
        let file = tempfile::tempfile().unwrap();
        let mut caller = Caller::new(&process, false);
        caller.cancel_at = cancel_at;
        let job = job(&wanted, in_memory_max_bytes);
        let error = copy(&job, &process, &mut Output::file(&file), &mut caller).unwrap_err();
        assert!(matches!(error, CopyError::Cancelled), "{error}");
        assert_eq!(file.metadata().unwrap().len(), 0);
        assert!(*caller.told.last().unwrap() <= cancel_at + (8 << 20), "{:?}", caller.told);
    }
}

#[test]
fn progress_goes_from_nothing_to_all() {
    let mut process = full(8192);
    process.pages[4096..].fill(Page::Untouched);
    let wanted = wanted(&[process.all(), Range::new(process.all().end, process.all().end + (4 << 20))]);
    let file = tempfile::tempfile().unwrap();
    let mut caller = Caller::new(&process, false);
    copy(&job(&wanted, 0), &process, &mut Output::file(&file), &mut caller).unwrap();
    assert_eq!((caller.told.first(), caller.told.last()), (Some(&0), Some(&(36 << 20))));
    assert!(caller.told.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 8 << 20));
}

/// Wants all or nothing.
struct Strict(Vec<Range>);

impl Watcher for Strict {
    fn unreadable(&mut self, range: Range) -> Unreadable {
        self.0.push(range);
        Unreadable::Fail
    }
}

#[test]
fn memory_that_must_be_there_is_an_error() {
    let mut pages = vec![Page::Full; 64];
    pages[40..50].fill(Page::Missing);
    let process = Process::new(pages);
    let mut written = Written::default();
    let mut strict = Strict(Vec::new());
    let wanted = wanted(&[process.all()]);
    let error = copy(&job(&wanted, 0), &process, &mut Output::custom(&mut written), &mut strict).unwrap_err();
    let hole = Range::new(BASE + 40 * PAGE, BASE + 50 * PAGE);
    assert!(matches!(error, CopyError::Unreadable { range } if range == hole), "{error}");
    assert_eq!(strict.0, [hole]);
}

#[test]
fn memory_that_shrinks_meanwhile_is_left_out_from_there() {
    for in_memory_max_bytes in [0, u64::MAX] {
        let process = full(2048);
        process.reads_left.set(if in_memory_max_bytes == 0 { 3 } else { 4 });
        let wanted = wanted(&[process.all()]);
        let file = tempfile::tempfile().unwrap();
        let mut caller = Caller::new(&process, false);
        let job = job(&wanted, in_memory_max_bytes);
        let (copied, base, size) =
            dump(&job, &process, &mut Output::file(&file), &mut caller, &head(64)).unwrap();
        assert!((2 << 20..5 << 20).contains(&copied.bytes), "{}", copied.bytes);
        assert_eq!(copied.bytes + copied.missing.bytes, 8 << 20);
        assert_eq!(copied.missing.first, Some(Range::new(BASE + copied.bytes, process.all().end)));
        let bytes = read_back(&file);
        assert_eq!(size, bytes.len() as u64);
        let expected: Vec<u8> = (BASE..BASE + copied.bytes).map(|at| process.byte(at).unwrap()).collect();
        assert!(bytes[base as usize..] == expected[..]);
    }
}

#[test]
fn nothing_has_a_signature_before_the_last_write() {
    let process = full(1024);
    let wanted = wanted(&[process.all()]);
    let job = job(&wanted, 0);
    let file = tempfile::tempfile().unwrap();
    for compressed in [false, true] {
        let mut output = if compressed { Output::compressed(&file, 1) } else { Output::file(&file) };
        let copied = copy(&job, &process, &mut output, &mut Ignore).unwrap();
        let unfinished = read_back(&file);
        assert!(unfinished[..32].iter().all(|byte| *byte == 0), "{compressed}");
        output.finish(&head(512), 2 * PAGE, &copied).unwrap();
        let mut bytes = read_back(&file);
        assert_eq!(bytes.starts_with(b"MDMP"), !compressed);
        // As it is before the memory's last neighbour is there, and as it is before the last write.
        bytes[..32].fill(0);
        for unfinished in [unfinished, bytes] {
            let decompressed = zstd::decode_all(&unfinished[..]);
            assert!(decompressed.is_err(), "{compressed}");
        }
    }
}

#[test]
fn streams_that_reach_into_the_memory_are_refused() {
    let process = full(1024);
    let wanted = wanted(&[process.all()]);
    let file = tempfile::tempfile().unwrap();
    for (head_bytes, base) in [(2 * PAGE as usize + 1, 2 * PAGE), (64, 3 * PAGE), (16, 2 * PAGE)] {
        let mut output = Output::file(&file);
        let copied = copy(&job(&wanted, 0), &process, &mut output, &mut Ignore).unwrap();
        assert!(output.finish(&vec![1; head_bytes], base, &copied).is_err(), "{head_bytes} {base}");
        assert_eq!(file.metadata().unwrap().len(), 0);
    }
}

#[test]
fn a_position_beyond_any_file_is_an_error() {
    let process = full(1024);
    let wanted = wanted(&[process.all()]);
    let room_bytes = i64::MAX as u64 - PAGE;
    let job = CopyJob { wanted: &wanted, excluded: &[], in_memory_max_bytes: 0, room_bytes };
    let file = tempfile::tempfile().unwrap();
    let error = copy(&job, &process, &mut Output::file(&file), &mut Ignore).unwrap_err();
    assert!(is_too_large(&error), "{error}");
}

/// A caller that says it served more than it was asked for.
struct Liar;

impl Watcher for Liar {
    fn before_read(&mut self, _address: u64, buffer: &mut [u8]) -> Option<usize> {
        buffer.fill(9);
        Some(usize::MAX)
    }

    fn rewrites_memory(&self) -> bool {
        true
    }

    fn progress(&mut self, _done_bytes: u64, _total_bytes: u64) -> Continue {
        Continue::Yes
    }
}

#[test]
fn a_caller_that_served_too_much_is_not_believed() {
    let process = Process::new(vec![Page::Missing; 5]);
    let wanted = wanted(&[process.all()]);
    let file = tempfile::tempfile().unwrap();
    let copied = copy(&job(&wanted, u64::MAX), &process, &mut Output::file(&file), &mut Liar).unwrap();
    assert_eq!(copied.bytes, 5 * PAGE);
    assert_eq!(copied.bytes_of(BASE, 5 * PAGE as usize), Some(vec![9; 5 * PAGE as usize]));
}
