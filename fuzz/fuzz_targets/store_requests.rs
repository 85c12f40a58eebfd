//! What a hostile program could ask of `werfault --store`, and a hostile `werfault` answer. What is understood comes back
//! when it is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_abi::store_requests::{StoreRequest, answer_head, decode_answer};

fuzz_target!(|data: &[u8]| {
    if let Some(request) = StoreRequest::decode(data) {
        assert_eq!([&request.head()[..], request.text.as_bytes()].concat(), data);
    }
    if let Some((result, payload)) = decode_answer(data) {
        assert_eq!([&answer_head(result, payload.len() as u32)[..], payload].concat(), data);
    }
});
