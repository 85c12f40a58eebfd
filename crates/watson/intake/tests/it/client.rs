//! A client that sends exactly the bytes it is told to, and the bodies that crash clients make.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The same for all dumps of a run. Crashes of long ago are counted apart.
static YESTERDAY: LazyLock<u32> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_secs();
    u32::try_from(now).expect("a time before 2106") - 86_400
});

pub(crate) struct Reply {
    pub(crate) status: u16,
    /// As it came.
    pub(crate) head: String,
    pub(crate) text: String,
}

impl Reply {
    /// The first word of a refusal.
    pub(crate) fn reason(&self) -> (u16, &str) {
        (self.status, self.text.split(':').next().unwrap_or_default())
    }
}

/// Sends raw bytes and reads until the server closes.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> Reply {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.expect("the server listens");
        // The server may answer before it has read everything.
        let _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    let answer = tokio::time::timeout(Duration::from_secs(60), exchange).await.expect("the server answers");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_owned(), text: text.to_owned() }
}

/// Sends one request; `headers` are lines.
pub(crate) async fn post(address: SocketAddr, target: &str, headers: &[&str], body: &[u8]) -> Reply {
    let mut head = format!("POST {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for line in headers {
        head.push_str(&format!("{line}\r\n"));
    }
    if !headers.iter().any(|line| line.starts_with("Transfer-Encoding") || line.starts_with("Content-Length"))
    {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    raw(address, &[head.as_bytes(), b"\r\n", body].concat()).await
}

pub(crate) const BOUNDARY: &str = "---MultipartBoundary-0123456789abcdefghijklmnopqrstuv---";
pub(crate) const FORM: &str =
    "Content-Type: multipart/form-data; boundary=---MultipartBoundary-0123456789abcdefghijklmnopqrstuv---";

/// A part: its disposition and its bytes.
pub(crate) type Part<'a> = (&'a str, &'a [u8]);

/// A form as Crashpad writes it.
pub(crate) fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, bytes) in parts {
        body.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n").into_bytes(),
        );
        if disposition.contains("filename") {
            body.extend(b"Content-Type: application/octet-stream\r\n");
        }
        body.extend(b"\r\n");
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    body
}

/// A body in chunks, as Crashpad and libcurl send it.
pub(crate) fn chunked(body: &[u8], chunk_bytes: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in body.chunks(chunk_bytes) {
        out.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    out.extend(b"0\r\n\r\n");
    out
}

/// Packs with a program of this machine.
pub(crate) fn packed_by(program: &str, bytes: &[u8]) -> Vec<u8> {
    let child = Command::new(program).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{program} is needed for this test: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = bytes.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().expect("it ends");
    writing.join().expect("it writes").expect("it takes everything");
    output.stdout
}

/// A dump of yesterday that differs from others by `number`.
pub(crate) fn dump(number: u32) -> Vec<u8> {
    use wer_synth::{Exception, Module, Synth};
    let mut synth = Synth::new();
    synth.time(*YESTERDAY + number);
    let codeview = [&b"BpEL"[..], &[0xAB; 20]].concat();
    synth.modules(&[Module { base: 0x40_0000, size: 0x3000, name: "/usr/bin/app".into(), codeview }]);
    synth.exception(&Exception { thread: 7, code: 11, address: 0x40_0123, ..Exception::default() });
    synth.finish()
}
