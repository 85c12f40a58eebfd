//! Transcripts of unknown clients: no secret of a request is in its transcript, wherever it stands.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watson_intake::transcript::{Recorded, Redactor, transcript};

/// Three digits in its first six characters, so that no part of it that counts is a plain name. The seeds have it in
/// every place.
const SECRET: &str = "s3c4r5t-0f-j03";

/// The secret, or so much of it that it can be guessed, in the ways that a transcript could write it.
fn tells(text: &str) -> bool {
    let part = &SECRET[..6];
    let hex: String = part.bytes().map(|byte| format!("{byte:02x}")).collect();
    let spaced: Vec<String> = part.bytes().map(|byte| format!("{byte:02x}")).collect();
    text.contains(part) || text.contains(&hex) || text.contains(&spaced.join(" "))
}

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let (head, body) = bytes.split_at(end);
    let request = Recorded { head, body, body_bytes: body.len() as u64, ended_by: "pause" };
    let text = transcript(&request, &Redactor::new([7; 32])).to_string();
    assert!(!tells(&text), "{text}");
});
