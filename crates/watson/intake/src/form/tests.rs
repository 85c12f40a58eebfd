use super::*;

type Parts = Vec<(String, Option<String>, Vec<u8>)>;

/// Parts as (name, file name, bytes), read from pieces of `step` bytes.
fn read(body: &[u8], step: usize) -> Result<Parts, FormError> {
    let mut scanner = FormScanner::new(b"BOUND");
    let mut pieces = body.chunks(step);
    let mut parts = Parts::new();
    loop {
        match scanner.next()? {
            Some(FormEvent::Part(head)) => parts.push((head.name, head.file_name, Vec::new())),
            Some(FormEvent::Data(data)) => {
                assert!(!data.is_empty());
                parts.last_mut().unwrap().2.extend(data);
            }
            Some(FormEvent::PartEnd) => {}
            Some(FormEvent::End) => return Ok(parts),
            None => match pieces.next() {
                Some(piece) => scanner.push(piece),
                None => scanner.finish(),
            },
        }
    }
}

fn both(body: &[u8]) -> Result<Parts, FormError> {
    let whole = read(body, body.len().max(1));
    for step in 1..12 {
        assert_eq!(read(body, step), whole, "in pieces of {step}");
    }
    whole
}

fn part(name: &str, body: &str) -> String {
    format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{body}")
}

#[test]
fn parts_come_whole_however_the_body_is_cut() {
    let form = format!(
        "preamble\r\n--BOUND\r\n{}\r\n--BOUND\r\n{}\r\n--BOUND\r\n{}\r\n--BOUND--\r\nepilogue",
        part("a", "1\r\n2"),
        part("empty", ""),
        part("f\"; filename=\"x", "--BOUNDLESS\r\n-\r\r\n--BOUN")
    );
    let parts = both(form.as_bytes()).unwrap();
    assert_eq!(parts[0], ("a".into(), None, b"1\r\n2".to_vec()));
    assert_eq!(parts[1], ("empty".into(), None, vec![]));
    assert_eq!(parts[2], ("f".into(), Some("x".into()), b"--BOUNDLESS\r\n-\r\r\n--BOUN".to_vec()));
}

#[test]
fn the_line_end_before_a_boundary_may_be_missing() {
    let form = format!("--BOUND\r\n{}--BOUND\r\n{}--BOUND--", part("a", "bytes"), part("b", "more\r"));
    let parts = both(form.as_bytes()).unwrap();
    assert_eq!((parts[0].2.as_slice(), parts[1].2.as_slice()), (&b"bytes"[..], &b"more\r"[..]));
}

#[test]
fn forms_that_are_cut_anywhere_are_refused() {
    let form = format!("--BOUND\r\n{}\r\n--BOUND--", part("a", "bytes"));
    both(form.as_bytes()).unwrap();
    for end in 0..form.len() {
        assert!(matches!(both(&form.as_bytes()[..end]), Err(FormError::Cut | FormError::NoBegin)), "{end}");
    }
}

#[test]
fn what_is_too_much_is_refused() {
    let many = format!("--BOUND\r\n{}\r\n", part("a", "")).repeat(MAX_FORM_PARTS + 1) + "--BOUND--";
    assert_eq!(read(many.as_bytes(), 4096), Err(FormError::TooManyParts));
    let enough = format!("--BOUND\r\n{}\r\n", part("a", "")).repeat(MAX_FORM_PARTS) + "--BOUND--";
    assert_eq!(read(enough.as_bytes(), 4096).map(|parts| parts.len()), Ok(MAX_FORM_PARTS));
    let long = format!("--BOUND\r\nX: {}\r\n\r\n", "a".repeat(MAX_PART_HEAD_BYTES));
    assert_eq!(read(long.as_bytes(), 4096), Err(FormError::HeadTooLong));
    let late = format!("{}--BOUND--", "a".repeat(MAX_PREAMBLE_BYTES + 100));
    assert_eq!(read(late.as_bytes(), 4096), Err(FormError::NoBegin));
    assert_eq!(both(b"--BOUND\r\nX: y\r\n\r\n\r\n--BOUND--"), Err(FormError::Head));
}

#[test]
fn what_is_held_back_does_not_grow_with_the_part() {
    let mut scanner = FormScanner::new(b"BOUND");
    scanner.push(format!("--BOUND\r\n{}", part("a", "")).as_bytes());
    assert!(matches!(scanner.next(), Ok(Some(FormEvent::Part(_)))));
    for _ in 0..100 {
        scanner.push(&[b'-'; 1000]);
        while let Some(FormEvent::Data(_)) = scanner.next().unwrap() {}
        assert!(scanner.held.len() < 16);
    }
}
