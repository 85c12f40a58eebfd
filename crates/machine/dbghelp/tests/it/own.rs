//! Dumps of the process that asks. While its other threads stand, nothing here may allocate or print.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use minidump::{Minidump, MinidumpMemoryList, MinidumpThreadList, UnifiedMemoryList};
use wer_dbghelp::callbacks::{CallbackInput, CallbackOutput, Callbacks, OutputValue};
use wer_dbghelp::{Continue, MinidumpBuilder, MinidumpError, Target, WriteAt};

use crate::support::{checked, threads};

/// A thread that counts for as long as this lives.
struct Counting {
    count: AtomicU64,
    ends: AtomicBool,
}

impl Counting {
    fn during<T>(work: impl FnOnce(&Self) -> T) -> T {
        let counting = Self { count: AtomicU64::new(0), ends: AtomicBool::new(false) };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !counting.ends.load(Ordering::Relaxed) {
                    counting.count.fetch_add(1, Ordering::Relaxed);
                }
            });
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                counting.wait_for_more();
                work(&counting)
            }));
            counting.ends.store(true, Ordering::Relaxed);
            done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// It runs.
    fn wait_for_more(&self) {
        let now = self.count.load(Ordering::Relaxed);
        while self.count.load(Ordering::Relaxed) == now {
            std::thread::yield_now();
        }
    }
}

fn own_tid() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get().cast_unsigned()
}

/// No child that `wait` tells of: of this thread alone, others have theirs.
fn has_children() -> bool {
    let path = format!("/proc/self/task/{}/children", own_tid());
    std::fs::read_to_string(path).is_ok_and(|children| !children.trim().is_empty())
}

#[test]
fn the_asking_thread_is_found_where_it_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.dmp");
    let marker = std::hint::black_box([0x5745_5244_4247_4845_u64; 4]);
    let summary = Counting::during(|counting| {
        let summary = MinidumpBuilder::new(Target::Own).write_path(&path).expect("a dump");
        counting.wait_for_more();
        summary
    });
    assert_eq!((summary.pid, summary.capture_source.as_str()), (std::process::id(), "own_process"));
    let bytes = checked(&path);
    let dump = Minidump::read(bytes).expect("a dump");
    let list: MinidumpThreadList<'_> = dump.get_stream().expect("threads");
    assert!(list.threads.len() > 2, "the counting thread and the harness are there");
    let asking = list.get_thread(own_tid()).expect("the asking thread");
    let memory: MinidumpMemoryList<'_> = dump.get_stream().expect("memory");
    let memory = UnifiedMemoryList::Memory(memory);
    let stack = asking.stack_memory(&memory).expect("its stack");
    let at = (&raw const marker).addr() as u64;
    let kept: Option<u64> = stack.get_memory_at_address(at);
    assert_eq!(kept, Some(marker[0]), "the caller's frame is in the stack");
    let context = asking.context(&dump.get_stream().expect("a system"), None).expect("registers");
    let (ip, sp) = (context.get_instruction_pointer(), context.get_stack_pointer());
    assert!(sp < at && at - sp < 1 << 20, "{sp:#x} is below {at:#x}");
    let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
    let executable = maps.lines().find(|line| {
        let (start, end) = line.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let number = |text| u64::from_str_radix(text, 16).expect("hex");
        (number(start)..number(end)).contains(&ip)
    });
    assert!(executable.is_some_and(|line| line.contains("r-xp") && line.contains("/it-")), "{executable:?}");
    assert!(!has_children());
}

#[test]
fn vector_registers_of_the_asking_thread_are_there_when_asked_for() {
    /// `MiniDumpWithAvxXStateContext`.
    const AVX: u64 = 0x20_0000;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.dmp");
    let context_bytes = |flags| {
        let builder = MinidumpBuilder::new(Target::Own).flags(flags).overwrite(true);
        builder.write_path(&path).expect("a dump");
        let dump = Minidump::read(checked(&path)).expect("a dump");
        let list: MinidumpThreadList<'_> = dump.get_stream().expect("threads");
        list.get_thread(own_tid()).expect("the asking thread").raw.thread_context.data_size
    };
    let has_avx = std::arch::is_x86_feature_detected!("avx");
    assert_eq!((context_bytes(0), context_bytes(AVX) > 1232), (1232, has_avx));
}

#[test]
fn eight_threads_ask_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for index in 0..8 {
            let (folder, done) = (folder.path(), &done);
            scope.spawn(move || {
                let path = folder.join(index.to_string());
                let summary = MinidumpBuilder::new(Target::Own).write_path(&path).expect("a dump");
                done.lock().expect("no panic").push((path, own_tid(), summary));
            });
        }
    });
    let done = done.into_inner().expect("no panic");
    assert_eq!(done.len(), 8);
    for (path, tid, _) in done {
        assert!(threads(&checked(&path)).contains(&tid));
    }
}

/// What is asked, counted; never more than counted.
struct Count<'a> {
    calls: [usize; 21],
    thread: u32,
    counting: &'a Counting,
    moved: bool,
}

impl Callbacks for Count<'_> {
    fn call(&mut self, input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        self.calls[input.number() as usize] += 1;
        assert_eq!(own_tid(), self.thread);
        if let CallbackInput::IncludeModule { .. } = input {
            let before = self.counting.count.load(Ordering::Relaxed);
            for _ in 0..100 {
                std::thread::yield_now();
            }
            self.moved |= self.counting.count.load(Ordering::Relaxed) != before;
        }
        preset
    }
}

#[test]
fn callbacks_run_in_the_asking_thread_while_the_others_stand() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.dmp");
    Counting::during(|counting| {
        let mut count = Count { calls: [0; 21], thread: own_tid(), counting, moved: false };
        let summary =
            MinidumpBuilder::new(Target::Own).callbacks(&mut count).write_path(&path).expect("a dump");
        assert!(!count.moved, "the counting thread stood");
        assert_eq!(count.calls[0] as u64, summary.modules);
        assert_eq!(count.calls[1] as u64, summary.threads);
        assert_eq!((count.calls[3], count.calls[4]), (count.calls[1], count.calls[0]));
        counting.wait_for_more();
    });
    checked(&path);
}

/// Waits for another thread, which stands.
struct Waits<'a>(&'a Counting);

impl Callbacks for Waits<'_> {
    fn call(&mut self, input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        if let CallbackInput::IncludeModule { .. } = input {
            self.0.wait_for_more();
        }
        preset
    }
}

#[test]
fn a_callback_that_waits_for_another_thread_ends_the_dump_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.dmp");
    let error = Counting::during(|counting| {
        let mut waits = Waits(counting);
        let builder = MinidumpBuilder::new(Target::Own).callbacks(&mut waits);
        builder.callback_deadline(Duration::from_millis(200)).write_path(&path).expect_err("a deadline")
    });
    assert!(error.to_string().contains("200 ms") && error.hresult() as u32 == 0x8007_046B, "{error}");
    assert!(!path.exists() && !has_children());
    MinidumpBuilder::new(Target::Own).write_path(&path).expect("the next one is none the worse");
}

/// Asks for a dump of its own.
#[derive(Default)]
struct Asks(Option<MinidumpError>);

impl Callbacks for Asks {
    fn call(&mut self, input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        if let CallbackInput::Cancel = input {
            self.0 = MinidumpBuilder::new(Target::Own).write_custom(&mut Refusing).err();
        }
        preset
    }
}

struct Refusing;

impl WriteAt for Refusing {
    fn write_all_at(&mut self, _offset: u64, _bytes: &[u8]) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(28))
    }
}

#[test]
fn a_dump_within_a_dump_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut asks = Asks::default();
    let builder = MinidumpBuilder::new(Target::Own).callbacks(&mut asks);
    builder.write_path(&folder.path().join("a.dmp")).expect("a dump");
    assert!(matches!(asks.0, Some(MinidumpError::Nested { .. })), "{:?}", asks.0);
}

/// The caller writes to a file, which is its own affair.
struct ToFile(std::fs::File, usize);

impl WriteAt for ToFile {
    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.1 += 1;
        std::os::unix::fs::FileExt::write_all_at(&self.0, bytes, offset)
    }
}

#[test]
fn the_callers_own_output_is_written_by_the_caller() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.dmp");
    let ballast = std::hint::black_box(vec![0x5A_u8; 40 << 20]);
    for flags in [0, 0x200] {
        let mut writer = ToFile(std::fs::File::create(&path).expect("a file"), 0);
        let summary =
            MinidumpBuilder::new(Target::Own).flags(flags).write_custom(&mut writer).expect("a dump");
        let bytes = checked(&path);
        assert_eq!(summary.bytes, bytes.len() as u64);
        assert_eq!((flags != 0, flags != 0), (bytes.len() > ballast.len(), writer.1 > 40), "{flags:#x}");
    }
    let error = MinidumpBuilder::new(Target::Own).write_custom(&mut Refusing).expect_err("no room");
    assert!(matches!(error, MinidumpError::InChild { .. }), "{error:?}");
    assert_eq!(error.hresult() as u32, 0x8007_0070);
}

#[test]
fn it_can_be_cancelled() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.dmp");
    let calls = AtomicUsize::new(0);
    let mut cancel = |_, _| {
        calls.fetch_add(1, Ordering::Relaxed);
        Continue::Cancel
    };
    let error =
        MinidumpBuilder::new(Target::Own).progress(&mut cancel).write_path(&path).expect_err("cancelled");
    assert!(error.is_cancelled() && !path.exists() && calls.into_inner() == 1, "{error}");
}

/// Hides a secret wherever it is read, and says so by the callbacks for reads.
struct Hides;

impl Callbacks for Hides {
    fn call(&mut self, input: CallbackInput<'_>, preset: CallbackOutput) -> CallbackOutput {
        match input {
            CallbackInput::VmStart => CallbackOutput::accept(OutputValue::Status(1)),
            CallbackInput::VmPostRead { buffer, .. } => {
                for byte in buffer.iter_mut().filter(|byte| **byte == SECRET) {
                    *byte = b'*';
                }
                preset
            }
            _ => preset,
        }
    }
}

const SECRET: u8 = 0xA7;

#[test]
fn reads_are_redacted() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.dmp");
    let secret = std::hint::black_box([SECRET; 64]);
    let write = |callbacks: &mut dyn Callbacks| {
        let builder = MinidumpBuilder::new(Target::Own).callbacks(callbacks).overwrite(true);
        builder.write_path(&path).expect("a dump");
        checked(&path).windows(64).any(|window| window == secret)
    };
    assert!(write(&mut wer_dbghelp::callbacks::NoCallbacks), "it is found where nothing hides it");
    assert!(!write(&mut Hides));
}
