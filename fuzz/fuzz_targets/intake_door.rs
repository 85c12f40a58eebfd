//! The door before the HTTP library: a connection means the same however its bytes come; what passes is what came; and
//! the library's own parser reads of each head what the door has read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watson_intake::door::{DoorTracker, Framing, Step, Verdict, judge};

const MAX_HEAD_BYTES: usize = 4096;

/// What the library would read, and whether it ended with a refusal.
fn read(bytes: &[u8], step: usize) -> (Vec<u8>, bool) {
    let mut tracker = DoorTracker::new(MAX_HEAD_BYTES);
    let (mut held, mut out) = (Vec::new(), Vec::new());
    for piece in bytes.chunks(step) {
        held.extend_from_slice(piece);
        while !held.is_empty() {
            match tracker.step(&held) {
                Ok(Step::Pass(taken)) => {
                    assert!(taken > 0 && taken <= held.len());
                    out.extend(held.drain(..taken));
                }
                Ok(Step::Replace(taken, head)) => {
                    held.drain(..taken);
                    out.extend(head);
                }
                Ok(Step::More) => break,
                Ok(Step::Closed) => return (out, false),
                Err(_) => return (out, true),
            }
        }
    }
    (out, false)
}

/// The library's parser agrees on where the head ends and how its body does.
fn compare(head: &[u8], framing: Framing) {
    let mut fields = [httparse::EMPTY_HEADER; 2048];
    let mut request = httparse::Request::new(&mut fields);
    // The library is free to refuse more: characters of targets, for one.
    let Ok(status) = request.parse(head) else { return };
    assert_eq!(status, httparse::Status::Complete(head.len()));
    let of = |name: &str| request.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name)).collect::<Vec<_>>();
    let (lengths, codings) = (of("content-length"), of("transfer-encoding"));
    match framing {
        Framing::Chunked => {
            assert!(lengths.is_empty() && codings.len() == 1);
            assert!(codings[0].value.eq_ignore_ascii_case(b"chunked"));
            assert!(request.version == Some(1));
        }
        Framing::Length(length) => {
            assert!(codings.is_empty() && lengths.len() <= 1);
            let said = lengths.first().map_or("0", |field| core::str::from_utf8(field.value).expect("digits"));
            assert_eq!(said.parse(), Ok(length));
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes, usize::MAX);
    assert_eq!(read(bytes, 1), whole);
    assert_eq!(read(bytes, 7), whole);
    match judge(bytes) {
        Ok(Verdict::Pass(framing)) => compare_to_the_empty_line(bytes, framing),
        Ok(Verdict::Normalised(head, framing)) => {
            assert!(head.ends_with(b"\r\nConnection: close\r\n\r\n"));
            // Normalised once, it is as it should be.
            assert_eq!(judge(&head), Ok(Verdict::Pass(framing)));
            compare(&head, framing);
        }
        Err(_) => {}
    }
});

/// A head ends with the first empty line behind its begin; what is behind belongs to nobody here.
fn compare_to_the_empty_line(bytes: &[u8], framing: Framing) {
    let begin = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    let rest = &bytes[begin..];
    if let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
        compare(&rest[..end + 4], framing);
    }
}
