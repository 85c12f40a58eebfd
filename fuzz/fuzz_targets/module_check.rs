//! A file that `wer module check` is pointed at.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = wer_modules::check::check_bytes(data);
});
