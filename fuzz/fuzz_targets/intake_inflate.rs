//! Packed bodies and dumps: never more than the limit comes out, and the cut into pieces does not matter.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watson_intake::inflate::{InflateError, Inflater, Packing};

const LIMIT_BYTES: u64 = 1 << 20;

fn unpack(packing: Packing, packed: &[u8], piece: usize) -> Result<Vec<u8>, InflateError> {
    let mut inflater = Inflater::new(packing, LIMIT_BYTES)?;
    let mut out = Vec::new();
    for mut input in packed.chunks(piece) {
        loop {
            let step = inflater.step(&mut input)?;
            if step.is_empty() {
                break;
            }
            out.extend_from_slice(step);
        }
    }
    inflater.end().map(|()| out)
}

fuzz_target!(|packed: &[u8]| {
    let packing = Packing::of_magic(packed).unwrap_or(Packing::Zlib);
    let whole = unpack(packing, packed, usize::MAX);
    if let Ok(bytes) = &whole {
        assert!(bytes.len() as u64 <= LIMIT_BYTES);
    }
    assert_eq!(unpack(packing, packed, 13).is_ok(), whole.is_ok());
});
