//! Every consent and every flag of `WerReportSubmit` through C: what the program is told, what stays, and what a server
//! gets to see.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use tempfile::TempDir;

use crate::build::{WITH_LIBRARY, compile};
use crate::werfault::{run_with_werfault, werfault};

const NOT_ASKED: u32 = 1;
const APPROVED: u32 = 2;
const DENIED: u32 = 3;
const ALWAYS_PROMPT: u32 = 4;

const QUEUE: u32 = 0x4;
const ADD_REGISTERED_DATA: u32 = 0x10;
const NO_QUEUE: u32 = 0x80;
const NO_ARCHIVE: u32 = 0x100;
const ASYNC: u32 = 0x400;
const BYPASS_DATA_THROTTLING: u32 = 0x800;
const ARCHIVE_PARAMETERS_ONLY: u32 = 0x1000;
const REPORT_MACHINE_ID: u32 = 0x2000;
/// HONOR_RECOVERY, HONOR_RESTART, SHOW_DEBUG, OUTOFPROCESS, NO_CLOSE_UI, START_MINIMIZED, BYPASS_POWER_THROTTLING,
/// BYPASS_NETWORK_COST_THROTTLING: nobody to ask, no dialog, no throttle, and another process submits anyway.
const WITHOUT_EFFECT: [u32; 8] = [0x1, 0x2, 0x8, 0x20, 0x40, 0x200, 0x4000, 0x8000];

const QUEUED: u32 = 1;
const UPLOADED: u32 = 2;
const FAILED: u32 = 4;
const CANCELLED: u32 = 6;
const REPORT_ASYNC: u32 = 8;
const THROTTLED: u32 = 10;
const UPLOADED_CAB: u32 = 11;

/// The program, compiled once per test, and folders for one run.
struct Scene {
    folder: TempDir,
    server: Option<Server>,
}

impl Scene {
    fn new(settings: &str, server: Option<Server>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["etc", "config/wer"] {
            fs::create_dir_all(folder.path().join(part)).unwrap();
        }
        let of_server = server.as_ref().map_or_else(String::new, |server| {
            format!("CorporateWERServer = \"127.0.0.1\"\nCorporateWERPortNumber = {}\n", server.port)
        });
        fs::write(folder.path().join("etc/wer.toml"), format!("{of_server}{settings}")).unwrap();
        Self { folder, server }
    }

    fn run(&self, program: &Path, argument: &str) -> Vec<u32> {
        let ended = run_with_werfault(&self.folder, program, werfault(), argument);
        assert!(ended.status.success(), "{argument}: {:?} {}", ended.status, ended.text);
        let results = ended.text.split_whitespace().map(str::parse);
        results.collect::<Result<_, _>>().unwrap_or_else(|_| panic!("{argument}: {}", ended.text))
    }

    /// The folders of reports.
    fn reports(&self, state: &str) -> Vec<PathBuf> {
        let listed = fs::read_dir(self.folder.path().join("store").join(state));
        listed.map(|list| list.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
    }

    fn counts(&self) -> (usize, usize) {
        (self.reports("ReportQueue").len(), self.reports("ReportArchive").len())
    }

    /// What the server was told, in order.
    fn requests(&self) -> Vec<Vec<u8>> {
        self.server.iter().flat_map(|server| server.requests.try_iter()).collect()
    }
}

/// Answers level 1 with these lines, and takes cabs.
struct Server {
    port: u16,
    requests: Receiver<Vec<u8>>,
}

impl Server {
    fn new(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if serve(&stream, answer, &sender).is_none() {
                    return;
                }
            }
        });
        Self { port, requests }
    }
}

/// `None` when the test listens no more.
fn serve(mut stream: &TcpStream, answer: &str, sender: &Sender<Vec<u8>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) <= 2 {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let is_cab = head.starts_with("PUT");
    sender.send([head.into_bytes(), body].concat()).ok()?;
    let answer = if is_cab { String::new() } else { answer.replace('\n', "\r\n") };
    let text =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}", answer.len());
    let _ = stream.write_all(text.as_bytes());
    Some(())
}

const PARAMETERS_ARE_ENOUGH: &str = "iData=1\nBucket=7\n";
const WANTS_CAB: &str = "iData=1\nBucket=7\nDumpFile=/cabs/7.cab\n";
const WANTS_DOCUMENTS: &str = "iData=1\nBucket=7\nDumpFile=/cabs/7.cab\nfDoc=1\n";

fn program(folder: &TempDir) -> PathBuf {
    compile(folder, "cc", "report_flags.c", &[&["-std=c11"], &WITH_LIBRARY[..]].concat())
}

/// Text of a level 1 request or a cab, whatever its encoding.
fn says(bytes: &[u8], text: &str) -> bool {
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [text.as_bytes(), &wide].iter().any(|wanted| bytes.windows(wanted.len()).any(|found| found == *wanted))
}

#[test]
fn consent_and_flags_decide_what_a_program_is_told_and_what_stays() {
    let built = tempfile::tempdir().unwrap();
    let program = program(&built);
    let all = "[Consent]\nDefaultConsent = 4\n";
    let own = "[Consent]\nDefaultConsent = 1\nFlagEvent = 4\n";
    let overruled = "[Consent]\nDefaultConsent = 1\nDefaultOverrideBehavior = 1\nFlagEvent = 4\n";
    let (with, without) = (true, false);
    // Settings, a server, consent, flags: the result, and how many reports wait and are archived.
    for (settings, has_server, consent, flags, result, counts) in [
        ("", without, NOT_ASKED, 0, QUEUED, (1, 0)),
        ("", with, NOT_ASKED, 0, QUEUED, (1, 0)),
        ("", with, NOT_ASKED, NO_QUEUE, CANCELLED, (0, 0)),
        ("", with, APPROVED, 0, UPLOADED, (0, 1)),
        ("", with, APPROVED, QUEUE, QUEUED, (1, 0)),
        ("", with, APPROVED, QUEUE | NO_QUEUE, UPLOADED, (0, 1)),
        ("", with, APPROVED, NO_ARCHIVE, UPLOADED, (0, 0)),
        ("", with, APPROVED, REPORT_MACHINE_ID, UPLOADED, (0, 1)),
        ("", without, APPROVED, 0, QUEUED, (1, 0)),
        ("", without, APPROVED, NO_QUEUE, FAILED, (0, 0)),
        ("", with, DENIED, 0, CANCELLED, (0, 1)),
        ("", with, DENIED, NO_ARCHIVE, CANCELLED, (0, 0)),
        (all, with, NOT_ASKED, 0, UPLOADED, (0, 1)),
        (all, with, NOT_ASKED, QUEUE, QUEUED, (1, 0)),
        (all, with, DENIED, 0, CANCELLED, (0, 1)),
        (all, with, ALWAYS_PROMPT, 0, QUEUED, (1, 0)),
        (all, with, ALWAYS_PROMPT, NO_QUEUE, CANCELLED, (0, 0)),
        (own, with, NOT_ASKED, 0, UPLOADED, (0, 1)),
        (overruled, with, NOT_ASKED, 0, QUEUED, (1, 0)),
        (overruled, with, APPROVED, 0, UPLOADED, (0, 1)),
    ] {
        let scene = Scene::new(settings, has_server.then(|| Server::new(PARAMETERS_ARE_ENOUGH)));
        let case = format!("{settings:?} {has_server} {consent} {flags:#x}");
        assert_eq!(scene.run(&program, &format!("{consent}:{flags}")), [result], "{case}");
        assert_eq!(scene.counts(), counts, "{case}");
        let was_sent = !scene.requests().is_empty();
        assert_eq!(was_sent, result == UPLOADED, "{case}");
    }
}

#[test]
fn flags_of_dialogs_and_throttles_change_nothing() {
    let built = tempfile::tempdir().unwrap();
    let program = program(&built);
    for flags in WITHOUT_EFFECT {
        let scene = Scene::new("", Some(Server::new(PARAMETERS_ARE_ENOUGH)));
        assert_eq!(scene.run(&program, &format!("{NOT_ASKED}:{flags}")), [QUEUED], "{flags:#x}");
        assert_eq!(scene.run(&program, &format!("{APPROVED}:{flags}")), [UPLOADED], "{flags:#x}");
        assert_eq!(scene.counts(), (1, 1), "{flags:#x}");
    }
}

#[test]
fn an_asynchronous_submission_is_sent_after_its_answer() {
    let built = tempfile::tempdir().unwrap();
    let scene = Scene::new("", Some(Server::new(PARAMETERS_ARE_ENOUGH)));
    assert_eq!(scene.run(&program(&built), &format!("{APPROVED}:{ASYNC}")), [REPORT_ASYNC]);
    let told = scene.server.as_ref().unwrap().requests.recv_timeout(std::time::Duration::from_secs(60));
    assert!(says(&told.expect("it is sent"), "FlagEvent"));
}

#[test]
fn the_machine_is_named_only_where_the_program_wants_it_or_gave_no_consent() {
    let built = tempfile::tempdir().unwrap();
    let program = program(&built);
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for (settings, consent, flags, is_named) in [
        ("", APPROVED, 0, false),
        ("", APPROVED, REPORT_MACHINE_ID, true),
        ("[Consent]\nDefaultConsent = 4\n", NOT_ASKED, 0, true),
    ] {
        let scene = Scene::new(settings, Some(Server::new(PARAMETERS_ARE_ENOUGH)));
        assert_eq!(scene.run(&program, &format!("{consent}:{flags}")), [UPLOADED]);
        let named = format!("machinename=\"{}\"", name.trim());
        assert_eq!(says(&scene.requests()[0], &named), is_named, "{settings:?} {consent} {flags:#x}");
    }
}

#[test]
fn files_leave_only_when_the_server_asks_and_stay_only_where_they_may() {
    let built = tempfile::tempdir().unwrap();
    let program = program(&built);
    let parameters_only = "ConfigureArchive = 1\n";
    // Settings, flags, what the server answers: the result, whether the log and the document leave, whether they stay.
    for (settings, flags, answer, result, leaves, stays) in [
        ("", 0, PARAMETERS_ARE_ENOUGH, UPLOADED, (false, false), true),
        ("", 0, WANTS_CAB, UPLOADED_CAB, (true, false), true),
        ("", 0, WANTS_DOCUMENTS, UPLOADED_CAB, (true, true), true),
        ("", ARCHIVE_PARAMETERS_ONLY, WANTS_CAB, UPLOADED_CAB, (true, false), false),
        (parameters_only, 0, WANTS_CAB, UPLOADED_CAB, (true, false), false),
    ] {
        let scene = Scene::new(settings, Some(Server::new(answer)));
        let file = |name: &str| {
            let path = scene.folder.path().join(name);
            fs::write(&path, "a line").unwrap();
            path.display().to_string()
        };
        let (log, document, deleted) = (file("own.log"), file("letter.odt"), file("deleted.log"));
        let argument = format!("{APPROVED}:{flags}:1:5:{log}:4:{document}:5:{deleted}");
        let case = format!("{settings:?} {flags:#x} {answer:?}");
        assert_eq!(scene.run(&program, &argument), [result], "{case}");
        let cab = scene.requests().into_iter().find(|request| request.starts_with(b"PUT"));
        let left = |name: &str| cab.as_ref().is_some_and(|cab| says(cab, name));
        assert_eq!((left("own.log"), left("letter.odt")), leaves, "{case}");
        let files = fs::read_dir(&scene.reports("ReportArchive")[0]).unwrap().count();
        assert_eq!(files > 1, stays, "{case}");
        assert!(!Path::new(&deleted).exists() && Path::new(&log).exists(), "{case}");
    }
}

#[test]
fn a_second_cab_of_one_event_is_sent_only_where_throttling_is_bypassed() {
    let built = tempfile::tempdir().unwrap();
    let program = program(&built);
    for (settings, flags, second) in [
        ("", 0, THROTTLED),
        ("", BYPASS_DATA_THROTTLING, UPLOADED_CAB),
        ("BypassDataThrottling = 1\n", 0, UPLOADED_CAB),
    ] {
        let scene = Scene::new(settings, Some(Server::new(WANTS_CAB)));
        let log = scene.folder.path().join("own.log");
        fs::write(&log, "a line").unwrap();
        let argument = format!("{APPROVED}:{flags}:2:5:{}", log.display());
        assert_eq!(scene.run(&program, &argument), [UPLOADED_CAB, second], "{settings:?} {flags:#x}");
    }
}

#[test]
fn what_is_registered_joins_only_where_it_is_asked_for() {
    let built = tempfile::tempdir().unwrap();
    let program = program(&built);
    // A path that every run has in its environment, and that is a file.
    for (flags, joins) in [(0, false), (ADD_REGISTERED_DATA, true)] {
        let scene = Scene::new("", None);
        let log = scene.folder.path().join("registered.log");
        fs::write(&log, "a line").unwrap();
        let script = scene.folder.path().join("run");
        let text = format!("#!/bin/sh\nREGISTERED='{}' exec '{}' \"$@\"\n", log.display(), program.display());
        fs::write(&script, text).unwrap();
        let made = std::process::Command::new("chmod").arg("+x").arg(&script).status().unwrap();
        assert!(made.success());
        assert_eq!(scene.run(&script, &format!("{NOT_ASKED}:{flags}")), [QUEUED]);
        let files = fs::read_dir(&scene.reports("ReportQueue")[0]).unwrap();
        let mut names = files.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        assert_eq!(names.any(|name| name.contains("registered.log")), joins, "{flags:#x}");
    }
}
