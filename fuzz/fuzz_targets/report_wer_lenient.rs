//! The server's reader of `Report.wer`: any bytes give fields within the limits, or nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watson_analysis::{limits, parse_report_wer};

fuzz_target!(|bytes: &[u8]| {
    if let Some(report) = parse_report_wer(bytes) {
        assert!(report.parameters.len() <= limits::MAX_PARAMETERS);
        assert!(report.metadata.len() <= limits::MAX_ENTRIES);
        assert!(report.event_type.chars().count() <= limits::MAX_TEXT_CHARS);
    }
});
