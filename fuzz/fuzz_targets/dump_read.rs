//! Minidumps: whatever the bytes, reading, unwinding and showing them ends with an answer or a reason.
#![no_main]

use std::sync::Once;

use libfuzzer_sys::fuzz_target;
use wer_dump::{Dump, registered_blocks};
use wer_symbols::SymbolConfig;
use wer_unwind::{analyze_dump, render_text};

static QUIET: Once = Once::new();

fuzz_target!(|bytes: &[u8]| {
    // Panics of the libraries underneath are caught by the reader and are an answer; only one that gets out counts.
    QUIET.call_once(|| std::panic::set_hook(Box::new(|_| ())));
    if let Ok(dump) = Dump::read(bytes) {
        let blocks = registered_blocks(&dump);
        assert!(blocks.iter().all(|block| block.bytes.len() <= block.size_bytes as usize));
        let analysis = analyze_dump(&dump, &SymbolConfig::default());
        let _ = wer_signature::signature(&analysis);
        let text = render_text(&analysis);
        assert!(text.chars().all(|c| !c.is_control() || c == '\n'));
    }
});
