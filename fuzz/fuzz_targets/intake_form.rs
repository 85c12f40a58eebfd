//! Forms of crash clients: the parts do not depend on how the body was cut into pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watson_intake::form::{FormError, FormEvent, FormScanner, boundary};

type Parts = Vec<(String, Vec<u8>)>;

fn read(body: &[u8], step: usize) -> Result<Parts, FormError> {
    let mut scanner = FormScanner::new(b"BOUND");
    let mut pieces = body.chunks(step);
    let mut parts = Parts::new();
    loop {
        match scanner.next()? {
            Some(FormEvent::Part(head)) => parts.push((head.name, Vec::new())),
            Some(FormEvent::Data(data)) => parts.last_mut().expect("a part").1.extend(data),
            Some(FormEvent::PartEnd) => {}
            Some(FormEvent::End) => return Ok(parts),
            None => match pieces.next() {
                Some(piece) => scanner.push(piece),
                None => scanner.finish(),
            },
        }
    }
}

fuzz_target!(|body: &[u8]| {
    let whole = read(body, usize::MAX);
    assert_eq!(read(body, 1), whole);
    assert_eq!(read(body, 7), whole);
    if let Some(boundary) = core::str::from_utf8(body).ok().and_then(boundary) {
        assert!(!boundary.is_empty());
    }
});
