//! Our own client against the server: large files, and a line that breaks.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};

use tempfile::TempDir;
use wer_model::{
    AttachedFile, ConsentChoice, FileKind, Parameter, Report, ReportId, ReportType, Signature, Statement,
    SubmitOutcome, SubmitResult,
};
use wer_upload::{DataScope, Server, UploadInput};

use crate::world::{BEGUN_FILETIME, World, folder};

const DUMP_BYTES: usize = 66 * 1024 * 1024;

/// A line to the server that breaks after so many bytes, and leads to whatever port it is told.
struct Line {
    address: SocketAddr,
    port: Arc<AtomicU16>,
    left_bytes: Arc<AtomicU64>,
}

impl Line {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (port, left_bytes) = (Arc::new(AtomicU16::new(0)), Arc::new(AtomicU64::new(u64::MAX)));
        let (to, left) = (Arc::clone(&port), Arc::clone(&left_bytes));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", to.load(Ordering::SeqCst))) else {
                    continue;
                };
                let back = (server.try_clone().expect("a copy"), stream.try_clone().expect("a copy"));
                let left = Arc::clone(&left);
                std::thread::spawn(move || pass(stream, server, &left));
                std::thread::spawn(move || pass(back.0, back.1, &AtomicU64::new(u64::MAX)));
            }
        });
        Self { address, port, left_bytes }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, left_bytes: &AtomicU64) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let left = left_bytes.load(Ordering::SeqCst);
        if left < read as u64 || to.write_all(&bytes[..read]).is_err() {
            break;
        }
        left_bytes.store(left - read as u64, Ordering::SeqCst);
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}

fn report() -> Report {
    Report {
        id: ReportId([7; 16]),
        report_type: ReportType::ApplicationCrash,
        signature: Signature {
            event_type: "APPCRASH".into(),
            parameters: vec![Parameter::new("Application Name", "game")],
        },
        event_time_filetime: *BEGUN_FILETIME,
        upload_time_filetime: None,
        consent: ConsentChoice::Approved,
        consent_key: String::new(),
        submit_flags: 0,
        application_name: "game".into(),
        application_path: "/usr/bin/game".into(),
        application_version: "1.0.0.0".into(),
        friendly_event_name: "Stopped working".into(),
        statement: Statement::default(),
        pid: 42,
        uid: 1000,
        capture_source: "in_application".into(),
        dynamic_signature: Vec::new(),
        metadata: Vec::new(),
        loaded_modules: Vec::new(),
        os_info: Vec::new(),
        files: vec![AttachedFile {
            name: "minidump.mdmp".into(),
            kind: FileKind::Minidump,
            flags: 0,
            original_path: None,
        }],
        last_words: None,
        modules: Vec::new(),
        soft_errors: Vec::new(),
        reply: None,
        waiting_reason: String::new(),
    }
}

/// A folder with a dump that does not shrink, so that most of its bytes cross the line.
fn report_folder() -> (TempDir, Vec<u8>) {
    let folder = folder();
    let mut dump = b"MDMP".to_vec();
    let mut random = fastrand::Rng::with_seed(5);
    dump.extend(std::iter::repeat_with(|| random.u64(..).to_le_bytes()).take(DUMP_BYTES / 8).flatten());
    std::fs::write(folder.path().join("minidump.mdmp"), &dump).expect("it is written");
    std::fs::write(folder.path().join("Report.wer"), b"Version=1\r\n").expect("it is written");
    (folder, dump)
}

pub(crate) async fn send(server: &Server, folder: &TempDir) -> SubmitOutcome {
    let (server, folder) = (server.clone(), folder.path().to_owned());
    tokio::task::spawn_blocking(move || {
        let report = report();
        let input = UploadInput {
            report: &report,
            folder: &folder,
            data: DataScope::AllData,
            sent_before: None,
            bypass_throttling: false,
            names_machine: true,
        };
        wer_upload::send(&input, &server)
    })
    .await
    .expect("it ends")
}

pub(crate) fn server_at(port: u16) -> Server {
    Server { host: "127.0.0.1".into(), port, use_ssl: false, dump_server: None, key: None, authority: None }
}

/// "... took 2 files in 7 new pieces."
fn new_pieces(outcome: &SubmitOutcome) -> usize {
    let words: Vec<&str> = outcome.explanation.split(' ').collect();
    let at =
        words.iter().position(|word| *word == "new").unwrap_or_else(|| panic!("{}", outcome.explanation));
    words[at - 1].parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_dump_goes_on_where_the_line_broke_also_after_a_restart() {
    let dir = folder();
    let (report, dump) = report_folder();
    let line = Line::start();
    let server = server_at(line.address.port());

    let world = World::start(dir.path()).await;
    line.port.store(world.address.port(), Ordering::SeqCst);
    line.left_bytes.store(DUMP_BYTES as u64 / 2, Ordering::SeqCst);
    let cut = send(&server, &report).await;
    assert_eq!(cut.result, SubmitResult::ReportQueued, "{}", cut.explanation);
    world.stop().await;

    let world = World::start(dir.path()).await;
    line.port.store(world.address.port(), Ordering::SeqCst);
    line.left_bytes.store(u64::MAX, Ordering::SeqCst);
    let whole = send(&server, &report).await;
    assert_eq!(whole.result, SubmitResult::ReportUploadedCab, "{}", whole.explanation);
    assert_eq!(whole.sent_files, ["minidump.mdmp", "Report.wer"]);
    let pieces = dump.len().div_ceil(4 * 1024 * 1024) + 1;
    let new = new_pieces(&whole);
    assert!(new > pieces / 4 && new < pieces * 3 / 4, "{new} of {pieces} pieces were sent again");

    let bucket = world.get("/api/buckets/1").await.json();
    let id = bucket["reports"][0].as_str().expect("a report").to_owned();
    let download = world.get(&format!("/reports/{id}/cab")).await;
    assert!(download.status == 200 && download.body == dump, "the dump is here as it was");
    assert_eq!(bucket["hits"], 1);
    world.stop().await;
}
