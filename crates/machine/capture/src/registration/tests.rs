use proptest::prelude::*;
use wer_abi::limits::WER_MAX_REGISTERED_ENTRIES;
use wer_abi::registration::{Entry, ModuleEntry, PAYLOAD_BYTES, kind};
use wer_snapshot::{MemoryBlock, Registration, RegistrationKind, RuntimeExceptionModule};

use super::*;

pub(super) struct Block(pub(super) Vec<u8>);

impl Block {
    pub(super) fn new() -> Self {
        let mut block = Self(vec![0; size_of::<RegistrationBlock>()]);
        block.put(offset_of!(Header, magic), &MAGIC.to_le_bytes());
        block.put(offset_of!(Header, version), &VERSION.to_le_bytes());
        block.put(offset_of!(Header, block_bytes), &(size_of::<RegistrationBlock>() as u64).to_le_bytes());
        block
    }

    pub(super) fn put(&mut self, offset: usize, bytes: &[u8]) {
        self.0[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    pub(super) fn entry(&mut self, slot: usize, sequence: u64, kind: u32, address: u64, size: u32) {
        let at = offset_of!(RegistrationBlock, entries) + slot * size_of::<Entry>();
        self.put(at, &sequence.to_le_bytes());
        self.put(at + offset_of!(Entry, kind), &kind.to_le_bytes());
        self.put(at + offset_of!(Entry, address), &address.to_le_bytes());
        self.put(at + offset_of!(Entry, size), &size.to_le_bytes());
    }

    pub(super) fn texts(&mut self, at: usize, first: &[u8], second: &[u8]) {
        self.put(at, &(first.len() as u16).to_le_bytes());
        self.put(at + 2, &(second.len() as u16).to_le_bytes());
        self.put(at + 4, &[first, second].concat());
    }

    pub(super) fn payload(&mut self, slot: usize, first: &[u8], second: &[u8]) {
        self.texts(offset_of!(RegistrationBlock, payloads) + slot * PAYLOAD_BYTES, first, second);
    }

    pub(super) fn words(&mut self, sequence: u32, text: &[u8]) {
        let at = offset_of!(RegistrationBlock, last_words);
        self.put(at, &sequence.to_le_bytes());
        self.put(at + 4, &(text.len() as u32).to_le_bytes());
        self.put(at + 8, text);
    }

    pub(super) fn read(&self) -> BlockContents {
        read_bytes(&self.0).expect("a block")
    }
}

#[test]
fn everything_registered_comes_back_in_order() {
    let mut block = Block::new();
    block.entry(9, 1, kind::MEMORY_BLOCK, 0x5000, 64);
    block.entry(2, 4, kind::FILE, 0, 2);
    block.payload(2, "/tmp/ä".as_bytes(), b"");
    block.entry(511, 3, kind::METADATA, 0, 0);
    block.payload(511, b"key", b"value");
    block.entry(0, 5, kind::EXCLUDED_BLOCK, 0x9000, 1 << 20);
    block.entry(1, 6, kind::ADDITIONAL_PROCESS, 4711, 4712);
    let module = offset_of!(RegistrationBlock, modules) + size_of::<ModuleEntry>();
    block.put(module, &2u64.to_le_bytes());
    block.put(module + 8, &0xabcdu64.to_le_bytes());
    block.texts(module + 16, b"/usr/lib/handler.so", b"");
    let contents = block.read();
    assert!(contents.soft_errors.is_empty(), "{:?}", contents.soft_errors);
    let kinds: Vec<_> =
        contents.registrations.entries.into_iter().map(|entry| (entry.sequence, entry.kind)).collect();
    assert_eq!(
        kinds,
        [
            (1, RegistrationKind::MemoryBlock(MemoryBlock { address: 0x5000, size: 64 })),
            (3, RegistrationKind::Metadata { key: "key".into(), value: "value".into() }),
            (4, RegistrationKind::File { path: "/tmp/ä".into(), file_type: 2, flags: 0 }),
            (5, RegistrationKind::ExcludedMemoryBlock(MemoryBlock { address: 0x9000, size: 1 << 20 })),
            (6, RegistrationKind::AdditionalProcess { pid: 4711, tid: 4712 }),
        ]
    );
    let module = RuntimeExceptionModule { sequence: 2, path: "/usr/lib/handler.so".into(), context: 0xabcd };
    assert_eq!(contents.registrations.modules, [module]);
}

#[test]
fn last_words_carry_their_kind() {
    let table: [(&[u8], LastWordsSource, &str); 3] = [
        (b"\x01panicked at x.rs:1", LastWordsSource::RustPanic, "panicked at x.rs:1"),
        (b"\x02std::bad_alloc", LastWordsSource::CppException, "std::bad_alloc"),
        (b"good\xffbye", LastWordsSource::Application, "good\u{fffd}bye"),
    ];
    for (bytes, source, text) in table {
        let mut block = Block::new();
        block.words(2, bytes);
        let contents = block.read();
        assert_eq!(contents.last_words, Some(LastWords { source, text: text.into() }));
        assert_eq!(contents.registrations.last_words.as_deref(), Some(text));
    }
    let mut half = Block::new();
    half.words(3, b"half");
    assert_eq!((half.read().last_words, half.read().soft_errors.len()), (None, 1));
}

#[test]
fn nonsense_is_left_out_and_named() {
    let mut block = Block::new();
    block.entry(0, 1, kind::MEMORY_BLOCK, 0x5000, 65_537);
    block.entry(1, 2, kind::MEMORY_BLOCK, 0, 16);
    block.entry(2, 3, kind::EXCLUDED_BLOCK, u64::MAX, 16);
    block.entry(3, 4, 99, 0x5000, 16);
    block.entry(4, 5, kind::METADATA, 0, 0);
    block.payload(4, b"", b"");
    let texts = offset_of!(RegistrationBlock, payloads) + 4 * PAYLOAD_BYTES;
    block.put(texts, &[0xff; 4]);
    block.entry(5, 6, kind::MEMORY_BLOCK, 0x5000, 16);
    let contents = block.read();
    assert_eq!(contents.registrations.entries.len(), 1);
    assert_eq!(contents.soft_errors.len(), 5);
    assert!(contents.soft_errors.iter().all(|error| error.message.ends_with("left out.")));
}

#[test]
fn many_errors_are_counted_not_kept() {
    let mut block = Block::new();
    for slot in 0..WER_MAX_REGISTERED_ENTRIES {
        block.entry(slot, slot as u64 + 1, 77, 0, 0);
    }
    let errors = block.read().soft_errors;
    assert_eq!(errors.len(), MAX_REGISTRATION_ERRORS + 1);
    assert!(errors.last().is_some_and(|error| error.message.starts_with("496 more")));
}

#[test]
fn other_things_are_no_block() {
    for (offset, bytes) in [
        (offset_of!(Header, magic), [0; 4]),
        (offset_of!(Header, version), [9, 0, 0, 0]),
        (offset_of!(Header, block_bytes), [1, 0, 0, 0]),
    ] {
        let mut block = Block::new();
        block.put(offset, &bytes);
        assert!(read_bytes(&block.0).is_none());
    }
    assert!(read_bytes(&[]).is_none());
    let mut short = Block::new();
    short.entry(0, 1, kind::FILE, 0, 1);
    short.0.truncate(30_000);
    let contents = read_bytes(&short.0).expect("its header is there");
    assert!(contents.registrations.entries.is_empty() && !contents.soft_errors.is_empty());
}

#[test]
fn the_capture_state_is_read() {
    let mut block = Block::new();
    let at = offset_of!(Header, capture);
    block.put(at, &2u32.to_le_bytes());
    block.put(at + offset_of!(CaptureState, writer_uid), &1000u32.to_le_bytes());
    block.put(at + offset_of!(CaptureState, report_id), &[7; 16]);
    block.put(at + offset_of!(CaptureState, store_path_bytes), &9999u32.to_le_bytes());
    block.put(at + offset_of!(CaptureState, store_path), b"/store");
    let registrations = block.read().registrations;
    assert_eq!((registrations.capture_state, registrations.capture_writer_uid), (2, 1000));
    assert_eq!(registrations.capture_report_id, wer_model::ReportId([7; 16]).to_string());
    assert!(registrations.capture_store_path.starts_with("/store"));
    assert_eq!(registrations.capture_store_path.len(), STORE_PATH_BYTES);
}

#[test]
fn an_entry_that_changes_while_read_is_read_again() {
    struct Changing(std::cell::RefCell<(Block, u32)>);
    impl MemoryReader for Changing {
        fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
            let (block, reads) = &mut *self.0.borrow_mut();
            *reads += 1;
            if *reads == 4 {
                block.entry(0, 8, kind::MEMORY_BLOCK, 0x6000, 32);
            }
            let start = address as usize;
            buffer.copy_from_slice(&block.0[start..start + buffer.len()]);
            buffer.len()
        }
    }
    let mut block = Block::new();
    block.entry(0, 7, kind::METADATA, 0, 0);
    block.payload(0, b"old", b"text");
    let memory = Changing(std::cell::RefCell::new((block, 0)));
    let contents = read_block(&memory, 0).expect("a block");
    let expected = RegistrationKind::MemoryBlock(MemoryBlock { address: 0x6000, size: 32 });
    assert_eq!(contents.registrations.entries, [Registration { sequence: 8, kind: expected }]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn no_contents_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 40_000), length in 0usize..40_000) {
        let mut block = Block::new();
        block.put(72, &bytes);
        block.0.truncate(length.max(1000) + 30_000);
        let _ = read_bytes(&block.0);
    }
}
