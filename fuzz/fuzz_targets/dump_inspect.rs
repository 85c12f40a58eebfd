//! `wer inspect`: whatever the bytes, every stream is shown as text and as JSON, within a bounded amount of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_inspect::{Inspector, Options, render};

fuzz_target!(|bytes: &[u8]| {
    for everything in [false, true] {
        let Ok(dump) = Inspector::open(bytes, Options { everything }) else { return };
        let mut text = render(&dump.header());
        for entry in dump.entries().iter().take(64) {
            let content = dump.stream(entry);
            text = render(&content);
            assert!(text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')));
            assert!(serde_json::to_string(&content).is_ok_and(|json| json.len() < 1 << 30));
        }
        assert!(text.len() < 1 << 30);
        assert!(dump.memory(0x1000, 64).len() <= 64);
    }
});
