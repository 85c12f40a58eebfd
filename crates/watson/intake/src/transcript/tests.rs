use super::*;

/// In every place that a client writes its own words.
const SECRET: &str = "s3cr3t-0f-j03";

fn head() -> String {
    format!(
        "POST /api/{SECRET}/minidump/?sentry_key={SECRET}&{SECRET} HTTP/1.1\r\nHost: {SECRET}.example\r\n\
         User-Agent: Breakpad/1.0 (Windows; {SECRET})\r\nCookie: a={SECRET}\r\nAuthorization: Bearer {SECRET}\r\n\
         X-{SECRET}: {SECRET}\r\nAccept: */*, {SECRET}\r\nContent-Length: 12\r\n\
         Content-Type: multipart/form-data; boundary=\"--{SECRET}\"\r\n\r\n"
    )
}

fn body() -> String {
    format!(
        "----{SECRET}\r\nContent-Disposition: form-data; name=\"prod\"\r\n\r\n{SECRET}\r\n\
         ----{SECRET}\r\nContent-Disposition: form-data; name=\"{SECRET}\"; filename=\"C:\\Users\\{SECRET}\\a.dmp\"\r\n\
         Content-Type: application/{SECRET}\r\n\r\nMDMP{SECRET}\r\n----{SECRET}--\r\n"
    )
}

fn of(head: &str, body: &[u8]) -> Value {
    let request =
        Recorded { head: head.as_bytes(), body, body_bytes: body.len() as u64, ended_by: "content-length" };
    transcript(&request, &Redactor::new([7; 32]))
}

#[test]
fn structure_stays_and_words_go() {
    let transcript = of(&head(), body().as_bytes());
    let text = transcript.to_string();
    assert!(!text.contains("s3cr3t") && !text.contains("j03"), "{text}");
    assert_eq!(transcript["request"]["path"][1], "api");
    assert_eq!(transcript["request"]["path"][3], "minidump");
    assert_eq!(transcript["request"]["query"][0]["name"], "sentry_key");
    assert_eq!(transcript["headers"][1]["value"][0], "Breakpad/1.0");
    assert_eq!(transcript["headers"][6]["value"], 12);
    let form = &transcript["body"]["content"]["form"];
    assert_eq!(form[0]["head"]["name"], "prod");
    assert_eq!(form[0]["content"]["bytes"], SECRET.len());
    assert_eq!(form[1]["head"]["file"]["ending"], "dmp");
    assert_eq!(form[1]["head"]["file"]["folders"], "backslash");
    assert_eq!(form[1]["content"]["magic"], "4d 44 4d 50");
}

#[test]
fn a_value_is_recognised_in_its_recording_and_in_no_other() {
    let one = of(&head(), b"");
    let shown = one["request"]["path"][2].clone();
    assert_eq!(shown, one["request"]["query"][0]["value"]);
    let request =
        Recorded { head: head().as_bytes().to_vec().leak(), body: b"", body_bytes: 0, ended_by: "" };
    let other = transcript(&request, &Redactor::new([8; 32]));
    assert_ne!(shown, other["request"]["path"][2]);
}

#[test]
fn anything_has_a_transcript() {
    for head in ["", "\r\n", "GET", "a b c d", "POST / HTTP/1.0\nno colon\nX:\n\n", "\u{0}\u{1}"] {
        let _ = of(head, b"\xff\xfe<\0?\0x\0m\0l\0");
    }
    let utf16: Vec<u8> = format!("<?xml {SECRET}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let transcript = of("POST /stage2.htm HTTP/1.1\r\n\r\n", &utf16);
    assert_eq!(transcript["body"]["content"]["kind"], "xml, utf-16le");
    let packed = of("POST /crash HTTP/1.1\r\nContent-Encoding: gzip\r\n\r\n", b"no gzip");
    assert_eq!(packed["body"]["unpacked"], "packed_damaged");
}
