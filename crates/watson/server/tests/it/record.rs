//! `watson record`: what an unknown client sends, without what it says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use crate::world::folder;

const SECRET: &str = "s3cr3t-0f-j03";

#[test]
fn requests_are_answered_and_written_without_their_words() {
    let folder = folder();
    let output = folder.path().join("new/transcripts");
    let mut child = Command::new(env!("CARGO_BIN_EXE_watson"))
        .args(["record", "--listen", "127.0.0.1:0", "--count", "2", "--output"])
        .arg(&output)
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let first = lines.next().expect("a line").expect("text");
    let address = first.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address");
    let form = format!(
        "--B{SECRET}\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\n{SECRET}\r\n--B{SECRET}--\r\n"
    );
    let sized = format!(
        "POST /crash?key={SECRET} HTTP/1.1\r\nHost: a\r\nCookie: {SECRET}\r\n\
         Content-Type: multipart/form-data; boundary=B{SECRET}\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let chunked = format!(
        "PUT \\{SECRET}\\a.cab HTTP/1.0\nTransfer-Encoding: chunked\n\n4\r\nMSCF\r\nd\r\n{SECRET}\r\n0\r\n\r\n"
    );
    for request in [sized, chunked] {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it takes it");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"), "{answer}");
    }
    assert!(child.wait().expect("it ends").success());
    let read = |number: u32| {
        let path = output.join(format!("request-{number:04}.json"));
        let text = std::fs::read_to_string(path).expect("a transcript");
        assert!(!text.contains("s3cr3t") && !text.contains("j03"), "{text}");
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
    };
    let (sized, chunked) = (read(1), read(2));
    assert_eq!(sized["request"]["query"][0]["name"], "key");
    assert_eq!(sized["body"]["ended_by"], "content-length");
    assert_eq!(sized["body"]["content"]["form"][0]["head"]["name"], "user");
    assert_eq!(chunked["request"]["begins_with"], "backslash");
    assert_eq!((&chunked["line_ends"], &chunked["request"]["version"]), (&"lf".into(), &"HTTP/1.0".into()));
    assert_eq!(
        (&chunked["body"]["ended_by"], &chunked["body"]["recorded_bytes"]),
        (&"last chunk".into(), &17.into())
    );
    assert_eq!(chunked["body"]["content"]["kind"], "cab");
}

#[test]
fn other_machines_are_not_recorded() {
    let folder = folder();
    let output = Command::new(env!("CARGO_BIN_EXE_watson"))
        .args(["record", "--listen", "0.0.0.0:0", "--output"])
        .arg(folder.path())
        .output()
        .expect("it runs");
    assert!(!output.status.success());
}
