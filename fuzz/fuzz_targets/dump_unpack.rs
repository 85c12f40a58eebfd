//! Compressed dumps: whatever follows the magic, unpacking ends with bytes within the limits or a reason.

#![no_main]

use std::io::Write;

use libfuzzer_sys::fuzz_target;
use wer_dump::{DumpFile, UnpackLimits};

fuzz_target!(|bytes: &[u8]| {
    let limits =
        UnpackLimits { total_bytes: 1 << 20, memory_bytes: 64 << 10, without_file_bytes: 1 << 20, ratio: 10 };
    let Ok(mut file) = tempfile::NamedTempFile::new() else { return };
    if file.write_all(&0xFD2F_B528_u32.to_le_bytes()).and_then(|()| file.write_all(bytes)).is_err() {
        return;
    }
    if let Ok(dump) = DumpFile::open_within(file.path(), &limits) {
        assert!(dump.bytes().len() as u64 <= limits.total_bytes);
    }
});
