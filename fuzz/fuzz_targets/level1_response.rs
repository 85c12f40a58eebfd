//! MS-CER2 level 1 responses: whatever is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_wire::level1::Level1Response;

fuzz_target!(|body: &[u8]| {
    if let Ok(response) = Level1Response::parse(body) {
        assert_eq!(Level1Response::parse(&response.to_bytes()), Ok(response));
    }
});
