//! Cabs: whatever they say, nothing is written outside the folder and no limit is passed.
#![no_main]

use std::fs;
use std::sync::Once;

use libfuzzer_sys::fuzz_target;
use watson_analysis::{CabLimits, unpack_cab};

static QUIET: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    // Panics of the decompressors are caught and are an answer; only one that gets out counts.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| ())));
    let outer = std::env::temp_dir().join(format!("wer-fuzz-cab-{}", std::process::id()));
    let inner = outer.join("inner");
    let _ = fs::remove_dir_all(&outer);
    fs::create_dir_all(&inner).expect("a folder for the test");
    let limits = CabLimits { members: 16, member_bytes: 1 << 20, total_bytes: 4 << 20, ratio: 100 };
    if let Ok(cab) = unpack_cab(bytes, &inner, &limits) {
        assert!(cab.files.len() <= 16);
        assert!(cab.files.iter().map(|file| file.size_bytes).sum::<u64>() <= 4 << 20);
        assert!(cab.files.iter().all(|file| file.path.parent() == Some(&inner)));
    }
    assert_eq!(fs::read_dir(&outer).expect("the folder").count(), 1);
    let _ = fs::remove_dir_all(&outer);
});
