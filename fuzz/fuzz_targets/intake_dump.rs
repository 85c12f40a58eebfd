//! What the door reads of a dump: any bytes end in facts, or in none, and in a label.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use watson_intake::dump::dump_facts;

fuzz_target!(|dump: &[u8]| {
    if let Some(facts) = dump_facts(&mut Cursor::new(dump)) {
        assert_eq!(facts.signature("", "").parameters.len(), 8);
    }
});
