//! Bytes of a registration block: the reader is total and keeps its limits.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some(contents) = wer_capture::registration::read_bytes(bytes) {
        assert!(contents.registrations.entries.len() <= 512 && contents.registrations.modules.len() <= 16);
        assert!(contents.unloaded_modules.len() <= 64);
    }
});
