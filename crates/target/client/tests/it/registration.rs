//! Registration as others see it: limits and answers, the order, threads, forks, and a reader who looks at any moment.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::mem::offset_of;
use std::os::unix::fs::FileExt;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};

use wer_abi::Hresult;
use wer_abi::registration::{Entry, Header, MAGIC, PAYLOAD_BYTES, RegistrationBlock, kind};
use wer_client::registration::*;

use crate::victim::Victim;

/// All tests here share this process's block; each leaves it as it found it.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A reader from outside: the memory of a process, by address.
struct Reader {
    memory: File,
    block: u64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    sequence: u64,
    kind: u32,
    address: u64,
    size: u32,
    text: String,
}

impl Reader {
    fn of_this_process() -> Self {
        let memory = File::open("/proc/self/mem").unwrap();
        Self { memory, block: block_address().unwrap() as u64 }
    }

    fn bytes<const N: usize>(&self, offset: usize) -> [u8; N] {
        let mut out = [0; N];
        self.memory.read_exact_at(&mut out, self.block + offset as u64).unwrap();
        out
    }

    fn word(&self, offset: usize) -> u32 {
        u32::from_le_bytes(self.bytes(offset))
    }

    /// The entry in a slot by the rule of the format: the same sequence before and after, not 0.
    fn entry(&self, slot: usize) -> Option<Seen> {
        let at = offset_of!(RegistrationBlock, entries) + slot * size_of::<Entry>();
        let fixed: [u8; 32] = self.bytes(at);
        let text: [u8; PAYLOAD_BYTES] =
            self.bytes(offset_of!(RegistrationBlock, payloads) + slot * PAYLOAD_BYTES);
        let again = u64::from_le_bytes(self.bytes(at));
        let long = |at: usize| u64::from_le_bytes(fixed[at..at + 8].try_into().unwrap());
        let word = |at: usize| u32::from_le_bytes(fixed[at..at + 4].try_into().unwrap());
        let length = |at: usize| usize::from(u16::from_le_bytes([text[at], text[at + 1]]));
        let sequence = long(0);
        let text = match word(8) {
            kind::FILE | kind::METADATA => {
                String::from_utf8_lossy(&text[4..4 + length(0) + length(2)]).into_owned()
            }
            _ => String::new(),
        };
        // Of what has a text it is the key of the index.
        let address = if text.is_empty() { long(16) } else { 0 };
        (sequence != 0 && sequence == again).then(|| Seen {
            sequence,
            kind: word(8),
            address,
            size: word(12),
            text,
        })
    }

    fn entries(&self) -> Vec<Seen> {
        let mut all: Vec<Seen> = (0..512).filter_map(|slot| self.entry(slot)).collect();
        all.sort();
        all
    }
}

/// The numbers of `docs/formats/registration.md`.
#[test]
fn the_layout_is_the_documented_one() {
    let parts = [
        offset_of!(RegistrationBlock, entries),
        offset_of!(RegistrationBlock, free_entries),
        offset_of!(RegistrationBlock, address_index),
        offset_of!(RegistrationBlock, last_words),
        offset_of!(RegistrationBlock, modules),
        offset_of!(RegistrationBlock, payloads),
        size_of::<RegistrationBlock>(),
    ];
    assert_eq!(parts, [4096, 20_480, 21_504, 25_600, 29_704, 46_344, 573_440]);
    let header = [
        offset_of!(Header, block_bytes),
        offset_of!(Header, lock),
        offset_of!(Header, next_sequence),
        offset_of!(Header, flags),
        offset_of!(Header, max_hold_ms),
        offset_of!(Header, entry_count),
        offset_of!(Header, module_count),
        offset_of!(Header, owner_pid),
        offset_of!(Header, capture),
        offset_of!(Header, handler),
        offset_of!(Header, unloaded),
    ];
    assert_eq!(header, [16, 24, 32, 40, 44, 48, 60, 68, 72, 584, 592]);
}

#[test]
fn limits_are_windows_limits() {
    let _alone = alone();
    let invalid = Err(Hresult::E_INVALIDARG);
    assert_eq!(register_memory_block(0, 1), invalid);
    assert_eq!(register_memory_block(0x1000, 0), invalid);
    assert_eq!(register_memory_block(0x1000, 65_537), invalid);
    assert_eq!(register_memory_block(usize::MAX, 2), invalid);
    assert_eq!(unregister_memory_block(0x1000), Err(Hresult::WER_E_NOT_FOUND));
    for number in 1..=512_usize {
        assert_eq!(register_memory_block(number << 16, 65_536), Ok(()));
    }
    assert_eq!(register_memory_block(1, 1), Err(Hresult::WER_E_INSUFFICIENT_BUFFER));
    assert_eq!(register_file("/f", 2, 0), Err(Hresult::WER_E_INSUFFICIENT_BUFFER));
    assert_eq!(register_custom_metadata("k", "v"), Err(Hresult::WER_E_INSUFFICIENT_BUFFER));
    for number in 1..=512_usize {
        assert_eq!(unregister_memory_block(number << 16), Ok(()));
    }
    for number in 0..8 {
        assert_eq!(register_custom_metadata(&format!("k{number}"), "v"), Ok(()));
    }
    assert_eq!(register_custom_metadata("k8", "v"), Err(Hresult::WER_E_INSUFFICIENT_BUFFER));
    assert_eq!(register_custom_metadata("k0", "w"), Ok(()));
    assert_eq!(register_custom_metadata("k0", "tab\t"), invalid);
    assert_eq!(register_custom_metadata("k0", &"v".repeat(129)), invalid);
    for number in 0..8 {
        assert_eq!(unregister_custom_metadata(&format!("k{number}")), Ok(()));
    }
    assert_eq!(unregister_custom_metadata("k0"), Err(Hresult::WER_E_NOT_FOUND));
    assert_eq!(register_file("/f", 3, 0), invalid);
    assert_eq!(register_file("/f", 1, 0x8), invalid);
    assert_eq!(unregister_file("/f"), Err(Hresult::WER_E_NOT_FOUND));
    assert_eq!(set_flags(0x800), invalid);
    assert_eq!((set_flags(0x21), flags()), (Ok(()), Ok(0x21)));
    assert_eq!((set_flags(0), flags()), (Ok(()), Ok(0)));
}

#[test]
fn modules_are_told_apart_by_path_and_context() {
    let _alone = alone();
    let module = "/no/such/module.so";
    for context in 0..16 {
        assert_eq!(register_runtime_exception_module(module, context), Ok(()));
    }
    assert_eq!(register_runtime_exception_module(module, 3), Err(Hresult::E_INVALIDARG));
    let full = Err(Hresult::WER_E_INSUFFICIENT_BUFFER);
    assert_eq!(register_runtime_exception_module(module, 16), full);
    assert_eq!(unregister_runtime_exception_module(module, 16), Err(Hresult::WER_E_NOT_FOUND));
    assert_eq!(unregister_runtime_exception_module("/other.so", 3), Err(Hresult::WER_E_NOT_FOUND));
    for context in 0..16 {
        assert_eq!(unregister_runtime_exception_module(module, context), Ok(()));
    }
    assert_eq!(register_runtime_exception_module("module.so", 0), Err(Hresult::E_INVALIDARG));
}

#[test]
fn a_reader_sees_everything_in_order() {
    let _alone = alone();
    let reader = Reader::of_this_process();
    assert_eq!(u64::from_le_bytes(reader.bytes(offset_of!(Header, magic))), MAGIC);
    assert_eq!(reader.word(offset_of!(Header, version)), 1);
    assert_eq!(reader.word(offset_of!(Header, owner_pid)), std::process::id());
    register_file("/tmp/log é", 2, 2).unwrap();
    register_memory_block(0x7000, 64).unwrap();
    register_custom_metadata("Channel", "beta").unwrap();
    register_memory_block(0x5000, 32).unwrap();
    register_memory_block(0x7000, 128).unwrap();
    let seen = reader.entries();
    let summary: Vec<_> = seen.iter().map(|e| (e.kind, e.address, e.size, e.text.as_str())).collect();
    let expected = [
        (kind::FILE, 0, 2, "/tmp/log é"),
        (kind::METADATA, 0, 0, "Channelbeta"),
        (kind::MEMORY_BLOCK, 0x5000, 32, ""),
        (kind::MEMORY_BLOCK, 0x7000, 128, ""),
    ];
    assert_eq!(summary, expected);
    assert!(seen.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    unregister_file("/tmp/log é").unwrap();
    unregister_memory_block(0x7000).unwrap();
    unregister_memory_block(0x5000).unwrap();
    unregister_custom_metadata("Channel").unwrap();
    assert!(reader.entries().is_empty());
}

#[test]
fn last_words_are_marked_and_cut_at_a_character() {
    let _alone = alone();
    let reader = Reader::of_this_process();
    let at = offset_of!(RegistrationBlock, last_words);
    let read = || {
        let bytes: [u8; 4096] = reader.bytes(at + 8);
        assert!(reader.word(at).is_multiple_of(2));
        String::from_utf8(bytes[..reader.word(at + 4) as usize].to_vec()).unwrap()
    };
    set_last_words(LastWordsSource::Application, "\x01bye").unwrap();
    assert_eq!(read(), "bye");
    set_last_words(LastWordsSource::RustPanic, "oh").unwrap();
    assert_eq!(read(), "\x01oh");
    set_last_words(LastWordsSource::CppException, &"é".repeat(3000)).unwrap();
    assert_eq!(read(), format!("\x02{}", "é".repeat(2047)));
    set_last_words(LastWordsSource::Application, "").unwrap();
    assert_eq!(read(), "");
}

#[test]
fn eight_threads_and_a_reader_agree() {
    let _alone = alone();
    let reader = Reader::of_this_process();
    let stop = AtomicBool::new(false);
    let size_of = |address: u64| (address >> 12) as u32 % 60_000 + 1;
    std::thread::scope(|scope| {
        let writers: Vec<_> = (1..=8_u64)
            .map(|thread| {
                scope.spawn(move || {
                    for round in 0..4000 {
                        let address = (thread << 32) + ((round % 61) << 12);
                        register_memory_block(address as usize, size_of(address) as usize).unwrap();
                        let path = format!("/{thread}/{}", "x".repeat(round as usize % 200));
                        register_file(&path, 2, 0).unwrap();
                        unregister_memory_block(address as usize).unwrap();
                        unregister_file(&path).unwrap();
                    }
                })
            })
            .collect();
        let watcher = scope.spawn(|| {
            let mut seen = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                for slot in 0..32 {
                    let Some(entry) = reader.entry(slot) else { continue };
                    seen += 1;
                    match entry.kind {
                        kind::MEMORY_BLOCK => assert_eq!(entry.size, size_of(entry.address), "{entry:?}"),
                        kind::FILE => {
                            let rest =
                                entry.text.trim_start_matches('/').trim_start_matches(char::is_numeric);
                            assert!(rest.trim_start_matches('/').bytes().all(|b| b == b'x'), "{entry:?}");
                        }
                        other => panic!("kind {other}"),
                    }
                }
            }
            seen
        });
        for writer in writers {
            writer.join().unwrap();
        }
        stop.store(true, Ordering::Relaxed);
        assert!(watcher.join().unwrap() > 0);
    });
    assert_eq!(reader.word(offset_of!(Header, entry_count)), 0);
    assert_eq!(reader.word(offset_of!(Header, free_count)), 512);
    assert!(reader.entries().is_empty());
}

#[test]
fn after_the_first_call_nothing_asks_the_kernel() {
    // The kernel kills a process in strict mode for any call but read, write and exit.
    let ended = Victim::new("strict").run();
    assert_eq!(ended.status.code(), Some(0), "{:?} {}", ended.status, ended.err);
}

#[test]
fn children_of_a_fork_take_over_the_lock() {
    let ended = Victim::new("fork-while-writing").run();
    assert!(ended.status.success(), "{}", ended.err);
    assert_eq!(ended.out, "failed=0\n");
}

#[test]
fn without_memfd_the_block_is_found_by_size_and_magic() {
    let mut victim = Victim::new("no-memfd");
    victim.command.stdin(Stdio::piped());
    let mut child = victim.command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = u64::from_str_radix(line.trim().strip_prefix("block=0x").unwrap(), 16).unwrap();
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
    assert!(!maps.contains("/memfd:"));
    let range = format!("{address:x}-{:x} rw-p", address + size_of::<RegistrationBlock>() as u64);
    assert!(maps.contains(&range), "{range} in\n{maps}");
    let memory = File::open(format!("/proc/{}/mem", child.id())).unwrap();
    let reader = Reader { memory, block: address };
    assert_eq!(u64::from_le_bytes(reader.bytes(0)), MAGIC);
    assert_eq!(&reader.bytes::<13>(offset_of!(RegistrationBlock, last_words) + 8), b"without memfd");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn flags_of_another_process_are_read_from_its_block() {
    use std::os::fd::AsFd;
    let _alone = alone();
    set_flags(0x41).unwrap();
    let own = File::open("/proc/self/mem").unwrap();
    assert_eq!(flags_of_process(std::process::id(), own.as_fd()), Ok(0x41));
    set_flags(0).unwrap();
    let mut child = std::process::Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let other = File::open(format!("/proc/{}/mem", child.id())).unwrap();
    assert_eq!(flags_of_process(child.id(), other.as_fd()), Ok(0));
    drop(child.stdin.take());
    child.wait().unwrap();
}
