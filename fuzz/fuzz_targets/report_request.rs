//! What a hostile program could ask of `werfault --request`. What is understood comes back when it is written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_abi::report_request::{DumpPayload, decode};

fuzz_target!(|data: &[u8]| {
    let mut items = Vec::new();
    let head = decode(data, |item| {
        items.extend_from_slice(&item.head());
        items.extend_from_slice(item.text.as_bytes());
        items.extend_from_slice(item.data);
        let Some(payload) = DumpPayload::decode(item.data) else { return };
        let mut again = Vec::new();
        payload.encode(|piece| again.extend_from_slice(piece));
        assert_eq!(again.len(), item.data.len());
        assert_eq!(DumpPayload::decode(&again), Some(payload));
    });
    if let Some(head) = head {
        assert_eq!([&head.encode()[..], &items].concat(), data);
    }
});
