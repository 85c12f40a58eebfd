//! The head of a core as a pipe delivers it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let notes = wer_capture::core_notes::read_core_notes(&mut &*bytes);
    assert!(notes.threads.len() <= bytes.len() / 328);
});
