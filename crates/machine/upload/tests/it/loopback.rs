//! A server of one thread: it takes requests in order and answers each with the next of its answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use wer_model::{AttachedFile, ConsentChoice, FileKind, Parameter, Report, ReportId, ReportType, Signature};
use wer_upload::{DataScope, Server, Timeouts, UploadInput};

/// How a request is answered.
pub(crate) enum Reply {
    /// A status and a body.
    Whole(u16, Vec<u8>),
    /// These bytes as they are.
    Raw(Vec<u8>),
    /// Nothing, until the client gives up.
    Silence,
}

impl Reply {
    /// 200 with these lines.
    pub(crate) fn lines(text: &str) -> Self {
        Self::Whole(200, text.replace('\n', "\r\n").into_bytes())
    }
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

pub(crate) struct Loopback {
    pub(crate) server: Server,
    requests: Receiver<Request>,
    thread: Option<JoinHandle<()>>,
}

impl Loopback {
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, requests) = channel();
        let thread = std::thread::spawn(move || {
            for reply in replies {
                let (stream, _) = listener.accept().expect("a connection");
                let Some(request) = read_request(&stream) else { return };
                sender.send(request).expect("the test listens");
                answer(stream, reply);
            }
        });
        let server = Server {
            host: "127.0.0.1".into(),
            port,
            use_ssl: false,
            dump_server: None,
            key: None,
            authority: None,
        };
        Self { server, requests, thread: Some(thread) }
    }

    /// Waits until every reply was given, and returns the requests.
    pub(crate) fn finish(mut self) -> Vec<Request> {
        self.thread.take().expect("it runs").join().expect("the server");
        self.requests.try_iter().collect()
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let length = head.iter().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = vec![0; length.expect("bodies have a length")];
    reader.read_exact(&mut body).ok()?;
    let line = head.remove(0);
    Some(Request { line, headers: head, body })
}

fn answer(mut stream: TcpStream, reply: Reply) {
    match reply {
        Reply::Whole(status, body) => {
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            // The client may stop reading an answer that is too long.
            let _ = stream.write_all(&[head.into_bytes(), body].concat());
        }
        Reply::Raw(bytes) => {
            let _ = stream.write_all(&bytes);
        }
        Reply::Silence => {
            let _ = stream.read(&mut [0]);
        }
    }
}

/// Short limits for servers that do not answer.
pub(crate) fn impatient() -> Timeouts {
    let short = Duration::from_millis(200);
    Timeouts { connect: short, level1: short, level2: short }
}

fn file(name: &str, kind: FileKind, flags: u32, original: Option<&str>) -> AttachedFile {
    AttachedFile { name: name.into(), kind, flags, original_path: original.map(str::to_owned) }
}

pub(crate) fn report() -> Report {
    Report {
        id: ReportId([1; 16]),
        report_type: ReportType::ApplicationCrash,
        signature: Signature {
            event_type: "APPCRASH".into(),
            parameters: vec![
                Parameter::new("Application Name", "game"),
                Parameter::new("Application Version", "1.0.0.0"),
            ],
        },
        event_time_filetime: 133_444_736_420_000_000,
        upload_time_filetime: None,
        consent: ConsentChoice::Approved,
        consent_key: String::new(),
        submit_flags: 0,
        application_name: "game".into(),
        application_path: "/usr/bin/game".into(),
        application_version: "1.0.0.0".into(),
        friendly_event_name: "Stopped working".into(),
        statement: Default::default(),
        pid: 42,
        uid: 1000,
        capture_source: "in_application".into(),
        dynamic_signature: vec![
            (1, Parameter::new("OS Version", "6.18.44")),
            (2, Parameter::new("Locale ID", "127")),
        ],
        metadata: Vec::new(),
        loaded_modules: Vec::new(),
        os_info: Vec::new(),
        files: vec![
            file("minidump.mdmp", FileKind::Minidump, 0, None),
            file("registered.dmp", FileKind::AuxiliaryDump, 0, None),
            file("file000_private.log", FileKind::Other, 0, Some("/home/joe/private.log")),
            file("file001_public.log", FileKind::Other, 2, Some("/var/log/public.log")),
        ],
        last_words: None,
        modules: Vec::new(),
        soft_errors: Vec::new(),
        reply: None,
        waiting_reason: String::new(),
    }
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A report's folder with all its files.
pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
    write("Report.wer", &utf16("Version=1\r\nLastWords.Text=secret\r\n"));
    write("WERInternalMetadata.xml", b"<x/>");
    write("minidump.mdmp", &[b'M'; 100_000]);
    write("registered.dmp", b"blocks");
    write("file000_private.log", b"private");
    write("file001_public.log", b"public");
    folder
}

pub(crate) fn input<'a>(report: &'a Report, folder: &'a Path, data: DataScope) -> UploadInput<'a> {
    UploadInput { report, folder, data, sent_before: None, bypass_throttling: false, names_machine: true }
}
