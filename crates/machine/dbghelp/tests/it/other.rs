//! Dumps of other processes.

use std::io;
use std::os::fd::OwnedFd;

use wer_abi::exception::ExceptionRecord;
use wer_abi::flags::DumpType;
use wer_dbghelp::{Continue, ExceptionInformation, MinidumpBuilder, MinidumpError, Target, WriteAt};

use crate::support::{Living, checked, checked_bytes, stream, threads};

/// `ExceptionStream`, `CommentStreamW`.
const EXCEPTION: u32 = 6;
const COMMENT_W: u32 = 11;

fn pidfd(pid: u32) -> OwnedFd {
    wer_sys::pidfd::open(pid).expect("a pidfd")
}

#[test]
fn by_pid_and_by_pidfd_with_what_the_caller_adds() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, by_pidfd, snapshot) in
        [("a", false, false), ("b", true, false), ("c", false, true), ("d", true, true)]
    {
        let process = Living::new();
        let pid = process.pid();
        let target = if by_pidfd { Target::Pidfd(pidfd(pid)) } else { Target::Pid(pid) };
        let path = folder.path().join(name);
        let summary = MinidumpBuilder::new(target)
            .dump_type(DumpType::Heap)
            .comment("why")
            .user_stream(0x1_0000, b"mine".to_vec())
            .snapshot(snapshot)
            .write_path(&path)
            .expect(name);
        let bytes = checked(&path);
        assert_eq!((summary.pid, summary.bytes), (pid, bytes.len() as u64));
        assert_eq!(summary.capture_source, if snapshot { "fork_snapshot" } else { "live" });
        assert_eq!(threads(&bytes), [pid].into());
        assert_eq!(stream(&bytes, 0x1_0000).as_deref(), Some(&b"mine"[..]));
        let comment = stream(&bytes, COMMENT_W).expect("a comment");
        assert!(comment.starts_with(&[b'w', 0, b'h', 0, b'y', 0]), "{comment:x?}");
        assert!(process.goes_on());
    }
}

#[test]
fn compressed_it_is_the_same_form() {
    let (folder, process) = (tempfile::tempdir().expect("a folder"), Living::new());
    let path = folder.path().join("a.dmp.zst");
    let builder = MinidumpBuilder::new(Target::Pid(process.pid())).dump_type(DumpType::Full);
    let summary = builder.compress(1).write_path(&path).expect("a dump");
    let packed = std::fs::read(&path).expect("a dump");
    let bytes = checked_bytes(zstd::decode_all(&packed[..]).expect("zstd"));
    assert!(packed.len() < bytes.len() && bytes.len() as u64 == summary.bytes);
    assert!(process.goes_on());
}

/// Keeps what is written.
#[derive(Default)]
struct Memory(Vec<u8>);

impl WriteAt for Memory {
    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let at = usize::try_from(offset).expect("a small dump");
        self.0.resize(self.0.len().max(at + bytes.len()), 0);
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

#[test]
fn the_callers_own_output_gets_every_byte() {
    let process = Living::new();
    let mut memory = Memory::default();
    let builder = MinidumpBuilder::new(Target::Pid(process.pid())).dump_type(DumpType::Full);
    let summary = builder.write_custom(&mut memory).expect("a dump");
    assert_eq!(summary.bytes, memory.0.len() as u64);
    checked_bytes(memory.0);
}

#[test]
fn a_cancelled_dump_leaves_no_file_and_a_process_that_goes_on() {
    let (folder, process) = (tempfile::tempdir().expect("a folder"), Living::new());
    let path = folder.path().join("a.dmp");
    let mut cancel = |_, _| Continue::Cancel;
    let builder = MinidumpBuilder::new(Target::Pid(process.pid())).progress(&mut cancel);
    let error = builder.write_path(&path).expect_err("cancelled");
    assert!(error.is_cancelled() && error.hresult() as u32 == 0x8007_04C7, "{error}");
    assert!(!path.exists());
    assert!(process.goes_on());
}

#[test]
fn an_older_file_stays_unless_told() {
    let (folder, process) = (tempfile::tempdir().expect("a folder"), Living::new());
    let path = folder.path().join("a.dmp");
    std::fs::write(&path, "old").expect("a file");
    let builder = || MinidumpBuilder::new(Target::Pid(process.pid()));
    let refused = builder().write_path(&path).expect_err("it exists");
    assert!(matches!(refused, MinidumpError::Exists { .. }), "{refused}");
    assert_eq!(std::fs::read(&path).expect("the old one"), b"old");
    let mut cancel = |_, _| Continue::Cancel;
    builder().overwrite(true).progress(&mut cancel).write_path(&path).expect_err("cancelled");
    assert_eq!(std::fs::read(&path).expect("the old one"), b"old");
    builder().overwrite(true).write_path(&path).expect("a dump");
    checked(&path);
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).expect("a dump").permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn what_cannot_be_dumped_is_refused_with_a_reason() {
    let (folder, mut ended) = (tempfile::tempdir().expect("a folder"), Living::new());
    let path = folder.path().join("a.dmp");
    let error = |pid, flags| {
        let error =
            MinidumpBuilder::new(Target::Pid(pid)).flags(flags).write_path(&path).expect_err("refused");
        assert!(!path.exists(), "{error}");
        (error.hresult() as u32, error.to_string())
    };
    let (hresult, text) = error(u32::MAX - 1, 0);
    assert!(hresult == 0x8007_012B && text.contains("4294967294"), "{text}");
    let (hresult, text) = error(ended.pid(), 1 << 31);
    assert!(hresult == 0x8007_0057 && text.contains("0x80000000"), "{text}");
    ended.0.kill().expect("ours");
    let zombie =
        || wer_sys::Process::open(ended.pid()).and_then(|process| process.stat()).map(|stat| stat.state);
    while zombie().expect("not reaped") != 'Z' {
        std::thread::yield_now();
    }
    let (hresult, text) = error(ended.pid(), 0);
    assert!(hresult == 0x8007_0057 && text.contains("zombie"), "{text}");
    let gone = pidfd(ended.pid());
    ended.0.wait().expect("its end");
    let refused = MinidumpBuilder::new(Target::Pidfd(gone)).write_path(&path).expect_err("gone");
    assert!(matches!(refused, MinidumpError::Capture(_)), "{refused}");
}

#[test]
fn an_exception_in_our_memory_is_told_with_its_thread() {
    let (folder, process) = (tempfile::tempdir().expect("a folder"), Living::new());
    let pid = process.pid();
    let path = folder.path().join("a.dmp");
    let mut record =
        Box::new(ExceptionRecord { code: 0xC000_0005, address: 0x1234, ..ExceptionRecord::default() });
    (record.parameter_count, record.information[0], record.information[1]) = (2, 1, 0x10);
    let with = |thread_id| {
        let exception = ExceptionInformation::Values { thread_id, record: record.clone(), context: None };
        MinidumpBuilder::new(Target::Pid(pid)).exception(exception).overwrite(true).write_path(&path)
    };
    with(pid).expect("a dump");
    let told = stream(&checked(&path), EXCEPTION).expect("an exception");
    let word = |at: usize| u32::from_le_bytes(told[at..at + 4].try_into().expect("four"));
    assert_eq!((word(0), word(8), word(12)), (pid, 11, 1), "thread, SIGSEGV, SEGV_MAPERR");
    assert_eq!((word(24), word(28)), (0x10, 0), "the data address");
    let refused = with(u32::MAX).expect_err("no such thread");
    assert!(
        refused.hresult() as u32 == 0x8007_0057 && refused.to_string().contains("4294967295"),
        "{refused}"
    );
    let client = ExceptionInformation::Client { thread_id: pid, pointers: 8 };
    let refused = MinidumpBuilder::new(Target::Pid(pid)).exception(client).overwrite(true).write_path(&path);
    assert!(refused.expect_err("not readable").to_string().contains("0x8"));
}

#[test]
fn several_threads_may_dump_one_process() {
    let (folder, process) = (tempfile::tempdir().expect("a folder"), Living::new());
    std::thread::scope(|scope| {
        for index in 0..8 {
            let (path, pid) = (folder.path().join(index.to_string()), process.pid());
            scope.spawn(move || {
                let summary = MinidumpBuilder::new(Target::Pid(pid)).write_path(&path).expect("a dump");
                assert_eq!(summary.soft_errors, [], "no other tracer was met");
                assert_eq!(threads(&checked(&path)), [pid].into());
            });
        }
    });
    assert!(process.goes_on());
}

#[test]
fn a_full_disk_leaves_nothing() {
    let process = Living::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    let error = MinidumpBuilder::new(Target::Pid(process.pid())).write_file(&full).expect_err("no room");
    assert!(error.hresult() < 0, "{error}");
    assert!(process.goes_on());
}
