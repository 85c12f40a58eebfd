//! A stored report is submitted with every flag, consent and setting: what is said, and where the report is afterwards.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread::JoinHandle;

use tempfile::TempDir;
use wer_abi::flags::{
    WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY, WER_SUBMIT_NO_ARCHIVE, WER_SUBMIT_NO_QUEUE, WER_SUBMIT_QUEUE,
};
use wer_fault::submit::submit_queued;
use wer_fault::{Context, Submission, submit_report, submit_with};
use wer_model::{
    AttachedFile, ConsentChoice, FileKind, Report, ReportId, ReportState, SubmitResult, file_marks,
};
use wer_report::report_wer;
use wer_settings::Locations;
use wer_store::Store;

const ID: ReportId = ReportId([7; 16]);

/// A machine with one report in its queue, of a heap dump that does not wait and a log.
struct Machine {
    root: TempDir,
    context: Context,
}

impl Machine {
    fn new(settings: &str) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(root.path().join("etc/wer")).expect("a folder");
        std::fs::write(root.path().join("etc/wer/wer.toml"), settings).expect("a file");
        let context = Context::for_locations(Locations::system(Some(root.path())));
        let machine = Self { root, context };
        machine.put();
        machine
    }

    fn store(&self) -> Store {
        Store::open(&self.context.locations.store_root).expect("a store")
    }

    fn put(&self) {
        self.put_as(ID);
    }

    fn put_as(&self, id: ReportId) {
        let staging = self.store().begin(id).expect("a folder");
        staging.write_file("memory.hdmp", b"MDMP heap").expect("a file");
        staging.write_file("file000_log", b"a line").expect("a file");
        let report = Report { id, ..report() };
        let bytes = report_wer::to_bytes(&report);
        staging.commit(&wer_report::folder_name(&report), &bytes, ReportState::Queued).expect("stored");
    }

    fn submit(&self, choice: ConsentChoice, flags: u32) -> SubmitResult {
        let submission = Submission::by_application(choice, flags);
        submit_with(&self.context, ID, submission).expect("an outcome").result
    }

    /// State and names of the report's files; `None` = there is no report.
    fn stored(&self) -> Option<(ReportState, Vec<String>)> {
        let stored = self.store().get(ID).expect("a store")?;
        let names = stored.files().expect("files").into_iter().map(|file| file.name).collect();
        Some((stored.state, names))
    }

    fn read(&self) -> Report {
        let stored = self.store().get(ID).expect("a store").expect("a report");
        report_wer::parse(&stored.report_wer().expect("bytes")).expect("a report")
    }
}

fn report() -> Report {
    let text = "Version=1\r\nEventType=MyEvent\r\nReportIdentifier=07070707-0707-0707-0707-070707070707\r\n\
        ConsentKey=MyKey\r\nAppName=game\r\n";
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = |name: &str, kind, flags| AttachedFile { name: name.into(), kind, flags, original_path: None };
    let files = vec![
        file("memory.hdmp", FileKind::Heapdump, file_marks::DROP_WHEN_QUEUED),
        file("file000_log", FileKind::Other, 0),
    ];
    Report { files, ..report_wer::parse(&bytes).expect("a report") }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const WAITING: [&str; 2] = ["Report.wer", "file000_log"];
const WHOLE: [&str; 3] = ["Report.wer", "file000_log", "memory.hdmp"];

/// Takes parameters, wants no more, as often as it is asked.
struct Server {
    port: u16,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(requests: usize) -> Self {
        Self::answering(requests, "200 X\r\n")
    }

    /// One whose answers begin so: status, and more lines.
    fn answering(requests: usize, head: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let thread = std::thread::spawn(move || {
            for _ in 0..requests {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut reader = BufReader::new(stream.try_clone().expect("a copy"));
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).expect("a line");
                    if line.trim().is_empty() {
                        break;
                    }
                    if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = number.trim().parse().expect("a number");
                    }
                }
                reader.read_exact(&mut vec![0; length]).expect("a body");
                let body = "iData=0\r\nBucket=5\r\n";
                let answer = format!(
                    "HTTP/1.1 {head}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                stream.write_all(answer.as_bytes()).expect("a listener");
            }
        });
        Self { port, thread: Some(thread) }
    }

    fn settings(&self, more: &str) -> String {
        format!("CorporateWERServer = '127.0.0.1'\nCorporateWERPortNumber = {}\n{more}", self.port)
    }

    fn finish(mut self) {
        self.thread.take().expect("it runs").join().expect("it was asked as often as it was to be");
    }
}

const ALL_DATA: &str = "[Consent]\nDefaultConsent = 4\n";

#[test]
fn what_waits_drops_the_heap_dump_that_is_not_to_wait() {
    let machine = Machine::new("");
    assert_eq!(machine.submit(ConsentChoice::NotAsked, 0), SubmitResult::ReportQueued);
    assert_eq!(machine.stored(), Some((ReportState::Queued, names(&WAITING))));
    let report = machine.read();
    assert_eq!(report.files.len(), 1, "{:?}", report.files);
    assert!(report.waiting_reason.contains("CorporateWERServer"), "{}", report.waiting_reason);
}

#[test]
fn what_may_not_wait_is_thrown_away() {
    for (settings, result) in [
        // No server.
        (ALL_DATA.to_owned(), SubmitResult::ReportFailed),
        // Nobody listens there.
        (
            format!("CorporateWERServer = '127.0.0.1'\nCorporateWERPortNumber = 1\n{ALL_DATA}"),
            SubmitResult::ReportFailed,
        ),
        ("[Consent]\nDefaultConsent = 1\n".to_owned(), SubmitResult::ReportCancelled),
    ] {
        let machine = Machine::new(&settings);
        assert_eq!(machine.submit(ConsentChoice::NotAsked, WER_SUBMIT_NO_QUEUE), result, "{settings}");
        assert_eq!(machine.stored(), None, "{settings}");
    }
}

#[test]
fn without_a_queue_it_goes_to_the_archive_and_says_so() {
    let machine = Machine::new("DisableQueue = 1\n");
    assert_eq!(machine.submit(ConsentChoice::NotAsked, 0), SubmitResult::DisabledQueue);
    assert_eq!(machine.stored(), Some((ReportState::Archived, names(&WHOLE))));
    assert_eq!(machine.read().upload_time_filetime, None);
    let again = submit_report(&machine.context, ID, ConsentChoice::Approved).expect("an outcome");
    assert_eq!(again.result, SubmitResult::ReportFailed);
    let nowhere = Machine::new("DisableQueue = 1\nDisableArchive = 1\n");
    assert_eq!(nowhere.submit(ConsentChoice::NotAsked, 0), SubmitResult::DisabledQueue);
    assert_eq!(nowhere.stored(), None);
}

#[test]
fn flags_and_settings_say_what_stays_of_a_sent_report() {
    for (flags, settings, stays) in [
        (0, "", Some(&WHOLE[..])),
        (0, "ConfigureArchive = 1\n", Some(&WHOLE[..1])),
        (WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY, "", Some(&WHOLE[..1])),
        (WER_SUBMIT_NO_ARCHIVE, "", None),
        (0, "DisableArchive = 1\n", None),
    ] {
        let server = Server::start(1);
        let machine = Machine::new(&server.settings(&format!("{settings}{ALL_DATA}")));
        assert_eq!(machine.submit(ConsentChoice::NotAsked, flags), SubmitResult::ReportUploaded);
        let expected = stays.map(|stays| (ReportState::Archived, names(stays)));
        assert_eq!(machine.stored(), expected, "{flags:#x} {settings}");
        server.finish();
    }
}

#[test]
fn a_queued_report_is_sent_from_the_queue_with_what_it_was_submitted_with() {
    let server = Server::start(1);
    let machine = Machine::new(&server.settings(ALL_DATA));
    let flags = WER_SUBMIT_QUEUE | WER_SUBMIT_ARCHIVE_PARAMETERS_ONLY;
    assert_eq!(machine.submit(ConsentChoice::Approved, flags), SubmitResult::ReportQueued);
    assert_eq!(machine.stored(), Some((ReportState::Queued, names(&WAITING))));
    let report = machine.read();
    assert_eq!((report.consent, report.submit_flags & 0xFFFF), (ConsentChoice::Approved, flags));
    let sent = submit_report(&machine.context, ID, ConsentChoice::NotAsked).expect("an outcome");
    assert_eq!(sent.result, SubmitResult::ReportUploaded, "{}", sent.explanation);
    assert_eq!(machine.stored(), Some((ReportState::Archived, names(&["Report.wer"]))));
    server.finish();
}

#[test]
fn a_server_that_wants_rest_is_asked_once_and_not_for_every_report_that_waits() {
    for (head, seconds, requests) in [
        ("503 X\r\nRetry-After: 600\r\n", Some(600), 1),
        ("429 X\r\nRetry-After: 600\r\n", Some(600), 1),
        ("503 X\r\n", None, 3),
    ] {
        let server = Server::answering(requests, head);
        let machine = Machine::new(&server.settings(ALL_DATA));
        for number in [8, 9] {
            machine.put_as(ReportId([number; 16]));
        }
        let outcomes = submit_queued(&machine.context).expect("the queue can be read");
        assert_eq!(outcomes.len(), requests, "{head}");
        assert_eq!(outcomes[0].1.retry_after_s, seconds, "{head}");
        assert_eq!(machine.store().list(ReportState::Queued).expect("a queue").len(), 3, "all wait on");
        server.finish();
    }
}

/// The application's consent counts, an event's own consent by the report's key, and a person over both.
#[test]
fn consent_comes_from_whoever_may_give_it() {
    let machine = |consent: &str| {
        Machine::new(&format!("CorporateWERServer = '127.0.0.1'\nCorporateWERPortNumber = 1\n{consent}"))
    };
    let reason = |machine: &Machine| machine.read().waiting_reason;
    let asked = machine("[Consent]\nDefaultConsent = 4\nMyKey = 1\n");
    assert_eq!(asked.submit(ConsentChoice::NotAsked, 0), SubmitResult::ReportQueued);
    assert!(reason(&asked).contains("--approve"), "{}", reason(&asked));
    let default_wins = machine("[Consent]\nDefaultConsent = 4\nDefaultOverrideBehavior = 1\nMyKey = 1\n");
    default_wins.submit(ConsentChoice::NotAsked, 0);
    assert!(reason(&default_wins).contains("cannot be reached"), "{}", reason(&default_wins));
    let approved = machine("");
    approved.submit(ConsentChoice::Approved, 0);
    assert!(reason(&approved).contains("cannot be reached"), "{}", reason(&approved));
    let prompt = machine(ALL_DATA);
    prompt.submit(ConsentChoice::AlwaysPrompt, 0);
    assert!(reason(&prompt).contains("wants somebody to be asked"), "{}", reason(&prompt));
    let denied = machine(ALL_DATA);
    assert_eq!(denied.submit(ConsentChoice::Denied, 0), SubmitResult::ReportCancelled);
    assert_eq!(denied.stored().map(|(state, _)| state), Some(ReportState::Archived));
}

#[test]
fn disabled_reporting_takes_nothing_and_keeps_what_waits() {
    let machine = Machine::new("Disabled = 1\n");
    let queued = submit_report(&machine.context, ID, ConsentChoice::Approved).expect("an outcome");
    assert_eq!(queued.result, SubmitResult::WerDisabled);
    assert_eq!(machine.stored().map(|(state, _)| state), Some(ReportState::Queued));
    assert_eq!(machine.submit(ConsentChoice::Approved, 0), SubmitResult::WerDisabled);
    assert_eq!(machine.stored(), None);
}

#[test]
fn the_queue_and_the_archive_keep_their_counts() {
    let server = Server::start(2);
    let machine = Machine::new(&server.settings(&format!("MaxArchiveCount = 1\n{ALL_DATA}")));
    assert_eq!(machine.submit(ConsentChoice::NotAsked, 0), SubmitResult::ReportUploaded);
    let other = ReportId([8; 16]);
    let staging = machine.store().begin(other).expect("a folder");
    let report = Report { id: other, files: Vec::new(), ..report() };
    let name = wer_report::folder_name(&report);
    staging.commit(&name, &report_wer::to_bytes(&report), ReportState::Queued).expect("stored");
    submit_with(&machine.context, other, Submission::first()).expect("an outcome");
    assert_eq!(machine.stored(), None, "the older one is gone");
    assert!(machine.store().contains(other).expect("a store"));
    assert!(machine.root.path().join(Path::new("var/lib/wer/ReportArchive")).join(name).exists());
    server.finish();
}
