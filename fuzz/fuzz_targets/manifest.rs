//! Manifests of uploads in pieces: what is taken keeps its promises, and comes back as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wer_wire::limits::MAX_PIECES;
use wer_wire::pieces::{Manifest, is_sha256};

fuzz_target!(|body: &[u8]| {
    let Ok(manifest) = Manifest::parse(body) else { return };
    assert_eq!(Manifest::parse(&manifest.to_json()).as_ref(), Ok(&manifest));
    assert!(manifest.files.iter().map(|file| file.pieces.len()).sum::<usize>() <= MAX_PIECES);
    assert!(manifest.files.iter().flat_map(|file| &file.pieces).all(|name| is_sha256(name)));
});
