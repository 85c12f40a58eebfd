//! Dumps that are cut, changed or nonsense: an answer or an error, never a panic.

use proptest::prelude::*;
use wer_symbols::SymbolConfig;
use wer_unwind::{analyze, render_text};

use crate::program::Program;

fn real_dump() -> Vec<u8> {
    let source = "#include <stdio.h>\n#include <unistd.h>\nint main(void) { puts(\"ready\"); fflush(stdout); pause(); }";
    Program::build("cc", "p.c", source, &["-g"]).dump()
}

#[test]
fn every_truncation_of_the_head() {
    let dump = real_dump();
    let step = (dump.len() / 300).max(1);
    for length in (0..dump.len()).step_by(step).chain(0..200) {
        // Whatever is left gives an analysis or a reason.
        match analyze(&dump[..length], &SymbolConfig::default()) {
            Ok(analysis) => drop(render_text(&analysis)),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

#[test]
fn changed_bytes_of_a_real_dump() {
    let dump = real_dump();
    // The header, the directory and the streams that lie behind them. Symbols are looked at now and then: that takes
    // longer than everything else.
    for (number, at) in (0..dump.len().min(8_192)).step_by(5).enumerate() {
        let mut changed = dump.clone();
        changed[at] ^= 0xff;
        let config = if number % 64 == 0 { SymbolConfig::local() } else { SymbolConfig::default() };
        let _ = analyze(&changed, &config);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(analyze(&bytes, &SymbolConfig::default()).is_err());
    }

    #[test]
    fn random_bytes_behind_a_right_header(bytes in proptest::collection::vec(any::<u8>(), 0..2_000), streams in 0_u32..5) {
        let mut dump = b"MDMP\x93\xa7\0\0".to_vec();
        dump.extend(streams.to_le_bytes());
        dump.extend(32_u32.to_le_bytes());
        dump.extend([0; 16]);
        dump.extend(bytes);
        let _ = analyze(&dump, &SymbolConfig::default());
    }
}
