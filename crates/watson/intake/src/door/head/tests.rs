use super::*;

fn verdict(head: &str) -> Result<Verdict, DoorError> {
    judge(head.as_bytes())
}

fn normalised(head: &str) -> String {
    match verdict(head).unwrap() {
        Verdict::Normalised(bytes, _) => String::from_utf8(bytes).unwrap(),
        Verdict::Pass(_) => panic!("it passed"),
    }
}

#[test]
fn ordinary_heads_pass_as_they_came() {
    for (head, framing) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Framing::Length(0)),
        ("\r\n\r\nGET / HTTP/1.0\r\n\r\n", Framing::Length(0)),
        ("POST /a%20b?c=d HTTP/1.1\r\nHost:a\r\nContent-Length: \t 12 \r\n\r\n", Framing::Length(12)),
        ("PUT /cabs\\x.cab HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n", Framing::Chunked),
        ("PUT /DumpFile=/cabs/x HTTP/1.1\r\nExpect: 100-continue\r\nX:\r\n\r\n", Framing::Length(0)),
        ("POST /crash HTTP/1.0\r\nContent-Length: 3\r\n\r\n", Framing::Length(3)),
    ] {
        assert_eq!(verdict(head), Ok(Verdict::Pass(framing)), "{head}");
    }
}

#[test]
fn crashpads_raw_client_becomes_one_of_http_1_1() {
    let head = "POST /crash?guid=x HTTP/1.0\r\nContent-Encoding: gzip\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(
        normalised(head),
        "POST /crash?guid=x HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    let named = head.replace("Connection: keep-alive", "Host: watson");
    assert!(!normalised(&named).contains("localhost"));
}

#[test]
fn paths_of_cabs_get_slashes() {
    for (target, plain) in [
        (r"\PersistedCabs\Generic\a.cab", "/PersistedCabs/Generic/a.cab"),
        (r"\\cabs\a.cab", "/cabs/a.cab"),
        (r"DumpFile=\cabs\a.cab", "/cabs/a.cab"),
        ("dumpfile=/cabs/a.cab", "/cabs/a.cab"),
        ("DumpFile=cabs/a.cab", "/cabs/a.cab"),
        ("DumpFile=", "/"),
        (r"\..\..\x", "/../../x"),
    ] {
        let head = normalised(&format!("PUT {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n"));
        assert_eq!(
            head,
            format!("PUT {plain} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nConnection: close\r\n\r\n")
        );
    }
    // Only the named forms: nobody sends these.
    let get = "GET \\x HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(verdict(get), Ok(Verdict::Pass(Framing::Length(0))));
}

#[test]
fn whatever_readers_disagree_on_is_refused() {
    let with = |lines: &str| format!("POST / HTTP/1.1\r\n{lines}\r\n\r\n");
    for (head, error) in [
        (with("Content-Length: 1\r\nContent-Length: 1"), DoorError::ContentLength),
        (with("Content-Length: 1\r\ncontent-length: 2"), DoorError::ContentLength),
        (with("Content-Length: 1, 1"), DoorError::ContentLength),
        (with("Content-Length: +1"), DoorError::ContentLength),
        (with("Content-Length: 0x1"), DoorError::ContentLength),
        (with("Content-Length: 1 1"), DoorError::ContentLength),
        (with("Content-Length:"), DoorError::ContentLength),
        (with("Content-Length: 18446744073709551615"), DoorError::ContentLength),
        (with("Content-Length: 99999999999999999999999"), DoorError::ContentLength),
        (with("Transfer-Encoding: chunked\r\nContent-Length: 1"), DoorError::LengthConflict),
        (with("Content-Length: 0\r\nTransfer-Encoding: chunked"), DoorError::LengthConflict),
        (with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), DoorError::TransferEncoding),
        (with("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"), DoorError::TransferEncoding),
        (with("Transfer-Encoding: gzip, chunked"), DoorError::TransferEncoding),
        (with("Transfer-Encoding: xchunked"), DoorError::TransferEncoding),
        (with("Transfer-Encoding: \"chunked\""), DoorError::TransferEncoding),
        (with("X: a\r\n b"), DoorError::Folded),
        (with("Transfer-Encoding:\r\n\tchunked"), DoorError::TransferEncoding),
        (with(" X: a"), DoorError::Folded),
        (with("Content-Length : 1"), DoorError::FieldName),
        (with("Content-Length\t: 1"), DoorError::FieldName),
        (with(": 1"), DoorError::FieldName),
        (with("no colon"), DoorError::FieldName),
        (with("Bad(Name): 1"), DoorError::FieldName),
        (with("X: a\0b"), DoorError::FieldValue),
        (with("Transfer-Encoding: \x0bchunked"), DoorError::FieldValue),
        (with("X: a\nContent-Length: 1"), DoorError::LineEnd),
        (with("X: a\rContent-Length: 1"), DoorError::LineEnd),
        ("POST / HTTP/1.1\nHost: a\n\n".into(), DoorError::LineEnd),
        ("POST  / HTTP/1.1\r\n\r\n".into(), DoorError::RequestLine),
        ("POST / HTTP/1.1 \r\n\r\n".into(), DoorError::RequestLine),
        ("POST /a b HTTP/1.1\r\n\r\n".into(), DoorError::RequestLine),
        ("POST\t/ HTTP/1.1\r\n\r\n".into(), DoorError::RequestLine),
        ("PO:ST / HTTP/1.1\r\n\r\n".into(), DoorError::RequestLine),
        ("POST /\x01 HTTP/1.1\r\n\r\n".into(), DoorError::RequestLine),
        ("POST /\r\n\r\n".into(), DoorError::RequestLine),
        ("\r\n\r\n".into(), DoorError::RequestLine),
        (String::new(), DoorError::RequestLine),
        ("POST / HTTP/1.2\r\n\r\n".into(), DoorError::Version),
        ("POST / http/1.1\r\n\r\n".into(), DoorError::Version),
        ("PRI * HTTP/2.0\r\n\r\n".into(), DoorError::Version),
    ] {
        assert_eq!(verdict(&head), Err(error), "{}", head.escape_debug());
    }
}
