//! What a hostile module could ask: one request. What is understood comes back when it is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_abi::module_host::{DumpOrder, decode_request, encode_request};

fuzz_target!(|data: &[u8]| {
    let Some(request) = decode_request(data) else { return };
    let head = encode_request(request.operation, request.argument, request.payload.len() as u32);
    assert_eq!([&head[..], request.payload].concat(), data);
    if let Some(order) = DumpOrder::decode(request.payload) {
        let again = DumpOrder::decode(&order.encode()).expect("an order");
        assert_eq!(format!("{again:?}"), format!("{order:?}"));
    }
});
