//! MS-CER2 level 1 requests: whatever is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_wire::level1::Level1Request;

fuzz_target!(|body: &[u8]| {
    if let Ok(request) = Level1Request::parse(body) {
        assert_eq!(Level1Request::parse(&request.to_xml_utf16()), Ok(request.conformant()));
    }
});
