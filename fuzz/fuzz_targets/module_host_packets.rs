//! What a hostile module host could send: packets, one per line of the input.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let packets: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let _ = wer_modules::verdict_of_packets(true, &packets);
    let _ = wer_modules::verdict_of_packets(false, &packets);
});
