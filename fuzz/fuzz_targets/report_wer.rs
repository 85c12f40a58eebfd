//! Any bytes as a `Report.wer`; what was read can be written and read again without loss.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_report::report_wer;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(report) = report_wer::parse(bytes) {
        let written = report_wer::to_bytes(&report);
        if let Ok(again) = report_wer::parse(&written) {
            assert_eq!(report_wer::to_bytes(&again), written);
        }
    }
});
