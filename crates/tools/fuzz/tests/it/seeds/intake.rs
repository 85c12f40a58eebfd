//! Good inputs for the parsers of the server's intake.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Forms with the boundary that the target takes.
pub(crate) fn form() -> Vec<Vec<u8>> {
    let part = |head: &str, body: &str| format!("Content-Disposition: form-data; {head}\r\n\r\n{body}");
    let dump = part("name=\"upload_file_minidump\"; filename=\"a.dmp\"", "MDMP-bytes\r\nmore");
    let form = format!("--BOUND\r\n{}\r\n--BOUND\r\n{dump}\r\n--BOUND--\r\n", part("name=\"prod\"", "app"));
    let unended = format!("--BOUND\r\n{dump}--BOUND\r\n{}--BOUND--", part("name=\"a%22\"", "--BOUN"));
    vec![form.into(), unended.into(), b"multipart/form-data; boundary=\"a b\"; charset=x".to_vec()]
}

/// An event with its dump, and items that nobody asked for.
pub(crate) fn envelope() -> Vec<Vec<u8>> {
    let text = "{\"event_id\":\"9ec79c33ec9942ab8353589fcb2e04dc\",\"dsn\":\"http://k@h/1\"}\n\
        {\"type\":\"event\",\"length\":16}\n{\"release\":\"a1\"}\n\
        {\"type\":\"attachment\",\"attachment_type\":\"event.minidump\",\"length\":8,\"filename\":\"a.dmp\"}\n\
        MDMP\nabc\n{\"type\":\"session\"}\n{\"sid\":1}\n\n";
    vec![text.into(), b"{}".to_vec()]
}

/// The same text, packed in the ways that programs of this machine know.
pub(crate) fn inflate() -> Vec<Vec<u8>> {
    let text = b"some text that is there again, some text".repeat(40);
    let mut seeds = vec![zstd::encode_all(&text[..], 3).expect("zstd")];
    for program in ["gzip", "xz", "bzip2"] {
        seeds.extend(packed_by(program, &text));
    }
    seeds
}

fn packed_by(program: &str, text: &[u8]) -> Option<Vec<u8>> {
    let mut child =
        Command::new(program).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    // Less than a pipe holds.
    child.stdin.take()?.write_all(text).ok()?;
    Some(child.wait_with_output().ok()?.stdout)
}

/// Requests on a connection, among them the forms that are normalised.
pub(crate) fn door() -> Vec<Vec<u8>> {
    let raw =
        "POST /crash HTTP/1.0\r\nTransfer-Encoding: chunked\r\nConnection: x\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let put = "PUT DumpFile=\\cabs\\a.cab HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nMS";
    let level1 =
        "POST /stage2.htm HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
    let chunked =
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nA;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\n";
    let two = format!("\r\n{level1}{chunked}{level1}");
    vec![raw.into(), put.into(), two.into(), format!("{level1}{put}{raw}").into()]
}

/// Requests for files, and files.
pub(crate) fn chunks() -> Vec<Vec<u8>> {
    let (one, other) = ("0a".repeat(20), "B1".repeat(20));
    let request = format!(
        "{{\"{one}\":{{\"name\":\"lib/../a.so\",\"debug_id\":\"0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0-1\",\
         \"chunks\":[\"{one}\",\"{other}\"]}},\"{other}\":{{\"name\":\"b\",\"chunks\":[]}}}}"
    );
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0".to_vec();
    elf.extend(b"\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0abcdefghijklmnopqrst");
    let mut pe = b"MZ".to_vec();
    pe.resize(0x3c, 0);
    pe.extend(b"\x40\0\0\0PE\0\0\x64\x86\0\0\x77\x80\xb3\x5a");
    pe.resize(0x120, 1);
    let symbols = b"MODULE Linux x86_64 000102030405060708090A0B0C0D0E0F0 a.so\n".to_vec();
    vec![request.into(), elf, pe, symbols]
}

/// Requests with the same secret in every place, in the ways that the target looks for it.
pub(crate) fn transcripts() -> Vec<Vec<u8>> {
    let secret = "s3c4r5t-0f-j03";
    let head = format!(
        "POST /u/{secret}/minidump?key={secret}&{secret}&prod=app HTTP/1.1\r\nHost: {secret}.example:8080\r\n\
         User-Agent: App/1.0 ({secret})\r\nCookie: {secret}={secret}\r\nX-{secret}: 1\r\n{secret}\r\n\
         Accept: */*, {secret}\r\nContent-Type: multipart/form-data; {secret}={secret}; boundary=B{secret}\r\n\r\n"
    );
    let part = |head: &str, body: &str| {
        format!("--B{secret}\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
    };
    let form = part("name=\"user\"", secret)
        + &part(
            &format!("name=\"{secret}\"; filename=\"C:\\{secret}\\{secret}.{secret}\""),
            &format!("MDMP{secret}"),
        )
        + &format!("--B{secret}--\r\n");
    let plain = format!("PUT \\{secret}\\a.cab HTTP/1.0\r\nContent-Encoding: {secret}\r\n\r\nMSCF{secret}");
    vec![
        format!("{head}{form}").into(),
        plain.into(),
        format!("{secret} {secret} {secret}\r\n\r\n{secret}").into(),
    ]
}

/// Fields with a name in every place that a report tells names in.
pub(crate) fn names() -> Vec<Vec<u8>> {
    let name = "s3c4r5t-0f-j03";
    [
        format!("env\nUSERNAME={name}\nHOME=/home/{name}/x\nCOMPUTERNAME: {name}\0PATH=/a/b:/c;C:\\Users\\{name}\\d"),
        format!("sentry\n{{\"user\":{{\"id\":7,\"email\":\"{name}@example.org\"}},\"list\":[\"\\\\\\\\{name}\\\\c$\"]}}"),
        format!("{name}\nfile:///home/{name} \"C:\\a b\\{name}.dll\" \\\\?\\UNC\\{name}\\s 10.1.2.3 {name}%20x"),
        "ip\n[::1]:80".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// Requests with a key in each place.
pub(crate) fn key() -> Vec<Vec<u8>> {
    let key = "00112233445566778899aabbccddeeff".repeat(2);
    vec![
        format!(
            "/u/{key}/minidump\nkey={key}&sentry_key={key}\nBearer {key}\nSentry a=b, sentry_key={key}\n"
        )
        .into(),
        format!("https://{key}@host/42").into(),
        b"192.0.2.1, 127.0.0.1\n".to_vec(),
        b"for=192.0.2.1;proto=https, for=\"[2001:db8::1]:80\"".to_vec(),
    ]
}
