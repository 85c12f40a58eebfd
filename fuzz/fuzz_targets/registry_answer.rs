//! Any text as an answer of `wer config get --json`, and as a path and the text of a value in one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_winbase::registry::{self, HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE, Value, value_of_answer};

fuzz_target!(|text: &str| {
    let _ = value_of_answer(text);
    let value = text.lines().next().unwrap_or_default();
    // As serde_json writes what has no control characters.
    if !value.contains(char::is_control) {
        let written =
            serde_json::to_string_pretty(&serde_json::json!({ "file": "f", "value": value })).unwrap();
        let expected = value.parse().map_or_else(|_| Value::Text(value.to_owned()), Value::Number);
        assert_eq!(value_of_answer(&written), Some(expected), "{written}");
    }
    for hive in [HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE, text.len()] {
        if let Ok(key) = registry::open_key(hive, text) {
            assert!(text.to_ascii_lowercase().contains("windows error reporting"), "{text}");
            assert_eq!(registry::close_key(key), Ok(()));
        }
    }
});
