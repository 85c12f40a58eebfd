//! The strict checker of minidumps: any bytes, no panic, a bounded number of violations.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &[u8]| {
    let violations = wer_check::check(file);
    assert!(violations.len() <= wer_check::limits::MAX_VIOLATIONS);
});
