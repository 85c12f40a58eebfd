//! Sentry's envelopes: the items do not depend on how the body was cut into pieces.
#![no_main]

use libfuzzer_sys::fuzz_target;
use watson_intake::sentry::envelope::{EnvelopeError, EnvelopeEvent, EnvelopeScanner};

fn read(body: &[u8], step: usize) -> Result<Vec<Vec<u8>>, EnvelopeError> {
    let mut scanner = EnvelopeScanner::default();
    let mut pieces = body.chunks(step);
    let mut items: Vec<Vec<u8>> = Vec::new();
    loop {
        match scanner.next()? {
            Some(EnvelopeEvent::Header(_)) => assert!(items.is_empty()),
            Some(EnvelopeEvent::Item(_)) => items.push(Vec::new()),
            Some(EnvelopeEvent::Data(data)) => items.last_mut().expect("an item").extend(data),
            Some(EnvelopeEvent::ItemEnd) => {}
            Some(EnvelopeEvent::End) => return Ok(items),
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
    assert_eq!(read(body, 5), whole);
});
