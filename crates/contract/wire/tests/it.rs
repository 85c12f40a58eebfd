//! The wire forms against the specification's own shapes, bad input, and round trips.

#[path = "it/bad_input.rs"]
mod bad_input;
#[path = "it/examples.rs"]
mod examples;
#[path = "it/round_trip.rs"]
mod round_trip;

/// UTF-16LE with a byte order mark, as Windows sends it.
fn utf16(xml: &str) -> Vec<u8> {
    core::iter::once(0xfeff).chain(xml.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}
