//! Dumps in requests to `werfault --request`, over a socket and without a child: what is refused, what is made of processes
//! that end or change meanwhile, and what a server gets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use tempfile::TempDir;
use wer_abi::flags::{WER_DUMP_AUXILIARY, WER_DUMP_NOHEAP_ONQUEUE};
use wer_abi::module_host::DumpOrder;
use wer_abi::report_request::{DumpException, DumpPayload, DumpSubject, Item, MAX_DUMPS, ReportHead, Tag};
use wer_abi::store_requests::decode_answer;
use wer_abi::{ExceptionRecord, Hresult};
use wer_fault::Context;
use wer_fault::request::serve;
use wer_model::{Report, ReportState, SubmitResult};
use wer_report::report_wer;
use wer_settings::Locations;
use wer_store::Store;

const MINI: u32 = 2;
const HEAP: u32 = 3;
const NOT_ASKED: u32 = 1;
const APPROVED: u32 = 2;
const FAILED: (Hresult, Vec<u8>) = (Hresult::E_INVALIDARG, Vec::new());

struct Machine(TempDir);

impl Machine {
    fn new(settings: &str) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(root.path().join("etc/wer")).expect("a folder");
        std::fs::write(root.path().join("etc/wer/wer.toml"), settings).expect("a file");
        Self(root)
    }

    fn context(&self) -> Context {
        Context::for_locations(Locations::system(Some(self.0.path())))
    }

    /// Sends a request with these items; what is answered.
    fn ask(&self, consent: u32, items: &[Vec<u8>]) -> (Hresult, Vec<u8>) {
        let process_id = std::process::id();
        let head = ReportHead { report_type: 0, consent, submit_flags: 0, result_max: 0, process_id };
        let event = Item { tag: Tag::EventType, first: 0, second: 0, text: "Own", data: &[] };
        let (mut own, served) = UnixStream::pair().expect("sockets");
        own.write_all(&[&head.encode()[..], &event.head(), b"Own", &items.concat()].concat()).expect("sent");
        own.shutdown(std::net::Shutdown::Write).expect("its end");
        serve(served.into(), &|| Some(self.context())).expect("an answer");
        let mut answer = Vec::new();
        own.read_to_end(&mut answer).expect("an answer");
        let (result, payload) = decode_answer(&answer).expect("an answer of this version");
        (result, payload.to_vec())
    }

    fn submit(&self, consent: u32, items: &[Vec<u8>]) -> SubmitResult {
        let (result, payload) = self.ask(consent, items);
        assert_eq!(result, Hresult::S_OK);
        let number = u32::from_le_bytes(payload.try_into().expect("a result"));
        [SubmitResult::ReportQueued, SubmitResult::ReportUploaded, SubmitResult::ReportUploadedCab]
            .into_iter()
            .find(|known| *known as u32 == number)
            .unwrap_or_else(|| panic!("the result {number}"))
    }

    /// The only report there is, and the files of its folder.
    fn report(&self, state: ReportState) -> (Report, Vec<String>) {
        let store = Store::open(&self.context().locations.store_root).expect("a store");
        let stored = store.list(state).expect("reports").pop().expect("a report");
        let names = stored.files().expect("files").into_iter().map(|file| file.name);
        let names = names.filter(|name| name.contains("dmp")).collect();
        (report_wer::parse(&stored.report_wer().expect("bytes")).expect("a report"), names)
    }

    /// Queues a report with these dumps; its sentences and dumps.
    fn queue(&self, items: &[Vec<u8>]) -> (String, Vec<String>) {
        assert_eq!(self.submit(NOT_ASKED, items), SubmitResult::ReportQueued);
        let (report, names) = self.report(ReportState::Queued);
        let sentences = report.soft_errors.into_iter().map(|error| error.message);
        (sentences.collect::<Vec<_>>().join("\n"), names)
    }
}

fn item(tag: Tag, dump_type: u32, flags: u32, data: &[u8]) -> Vec<u8> {
    let head = Item { tag, first: dump_type, second: flags, text: "", data }.head();
    [&head[..], data].concat()
}

fn payload(subject: DumpSubject, exception: DumpException, options: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    DumpPayload { subject, exception, options }.encode(|piece| bytes.extend_from_slice(piece));
    bytes
}

fn dump(subject: DumpSubject, dump_type: u32, flags: u32) -> Vec<u8> {
    item(Tag::Dump, dump_type, flags, &payload(subject, DumpException::None, &[]))
}

fn subject(pid: u32) -> DumpSubject {
    let process = wer_sys::Process::open(pid).expect("a process");
    DumpSubject { process_id: pid, thread_id: 0, start_ticks: process.identity().start_ticks }
}

/// A process that waits until it is dropped.
struct Waiting(Child);

impl Waiting {
    fn start() -> Self {
        Self(Command::new("sleep").arg("1000").spawn().expect("a child"))
    }

    fn subject(&self) -> DumpSubject {
        subject(self.0.id())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let ended = self.0.kill().and_then(|()| self.0.wait());
        assert!(ended.is_ok_and(|status| !status.success()), "it lived until now");
    }
}

#[test]
fn what_no_caller_of_ours_writes_is_refused() {
    let machine = Machine::new("");
    let subject = subject(std::process::id());
    let good = payload(subject, DumpException::None, &[]);
    for bad in [
        dump(subject, 0, 0),
        dump(subject, 5, 0),
        dump(subject, u32::MAX, 0),
        dump(subject, MINI, 4),
        item(Tag::Dump, MINI, 0, &good[1..]),
        item(Tag::Dump, MINI, 0, &[&good[..], &[0]].concat()),
        item(Tag::Dump, MINI, 0, &[]),
        item(Tag::Fault, MINI, 0, &[]),
        item(Tag::Fault, MINI, 0, &good),
        item(Tag::Fault, 0, 0, &payload(subject, DumpException::Client(8), &[])),
        dump(subject, MINI, WER_DUMP_AUXILIARY).repeat(MAX_DUMPS + 1),
    ] {
        assert_eq!(machine.ask(NOT_ASKED, &[bad]), FAILED);
    }
    assert!(!machine.context().locations.store_root.exists(), "nothing was stored");
}

#[test]
fn another_process_of_the_same_number_is_left_alone() {
    let waiting = Waiting::start();
    let earlier = DumpSubject { start_ticks: waiting.subject().start_ticks - 1, ..waiting.subject() };
    let (sentences, dumps) = Machine::new("").queue(&[dump(earlier, MINI, 0)]);
    assert!(sentences.contains("another process has its number"), "{sentences}");
    assert_eq!(dumps, Vec::<String>::new());
}

#[test]
fn what_has_ended_is_a_sentence() {
    let mut child = Command::new("true").stdin(Stdio::piped()).spawn().expect("a child");
    let of_child = subject(child.id());
    let id = rustix::process::Pid::from_child(&child);
    let ended = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
    rustix::process::waitid(rustix::process::WaitId::Pid(id), ended).expect("its end");
    let (sentences, _) = Machine::new("").queue(&[dump(of_child, MINI, 0)]);
    assert!(sentences.contains("waits for its parent"), "{sentences}");
    child.wait().expect("its end");
    let (sentences, dumps) = Machine::new("").queue(&[dump(of_child, MINI, 0), dump(of_child, HEAP, 0)]);
    assert!(sentences.contains("is gone") && sentences.lines().count() == 1, "{sentences}");
    assert_eq!(dumps, Vec::<String>::new());
}

#[test]
fn processes_that_end_or_become_others_meanwhile_are_told_of() {
    let machine = Machine::new("MaxQueueCount = 1");
    for round in 0..40 {
        let command = ["exit", "exec true", "exec sleep 1000"][round % 3];
        let mut child = Command::new("sh").args(["-c", command]).spawn().expect("a child");
        let Ok(process) = wer_sys::Process::open(child.id()) else { continue };
        let start_ticks = process.identity().start_ticks;
        let subject = DumpSubject { process_id: child.id(), thread_id: child.id(), start_ticks };
        let (sentences, dumps) = machine.queue(&[dump(subject, MINI, 0)]);
        assert!(dumps.len() == 1 || sentences.contains("There is no dump of it"), "{dumps:?} {sentences}");
        assert!(command != "exec sleep 1000" || dumps.len() == 1, "{sentences}");
        child.kill().and_then(|()| child.wait()).expect("our child");
    }
}

#[test]
fn nothing_that_is_said_of_a_process_is_followed_blindly() {
    let (machine, waiting) = (Machine::new(""), Waiting::start());
    let stack = {
        let process = wer_sys::Process::open(waiting.0.id()).expect("a process");
        let maps = process.maps().expect("its mappings");
        maps.regions.iter().find(|region| region.end - region.start > 0x2000).expect("a mapping").start
    };
    let record = ExceptionRecord { code: 0xC000_0005, ..ExceptionRecord::default() };
    let order = DumpOrder { thread_id: 0, record, context: None };
    let no_thread = DumpSubject { thread_id: u32::MAX, ..waiting.subject() };
    for (subject, exception, sentence) in [
        (waiting.subject(), DumpException::Client(0), "its EXCEPTION_POINTERS at 0x0 cannot be read"),
        (waiting.subject(), DumpException::Client(u64::MAX), "cannot be read"),
        (waiting.subject(), DumpException::Client(stack), "cannot be read"),
        (no_thread, DumpException::None, "it has no thread 4294967295"),
        (no_thread, DumpException::Values(order), "the process has no thread 4294967295"),
        (waiting.subject(), DumpException::Values(order), ""),
    ] {
        let data = payload(subject, exception, &[]);
        let machine = Machine::new("");
        let (sentences, dumps) = machine.queue(&[item(Tag::Dump, MINI, 0, &data)]);
        assert!(sentences.contains(sentence), "{exception:?}: {sentences}");
        assert_eq!(dumps, ["minidump.mdmp"]);
    }
    // Flags that exclude each other: full memory, reduced to stacks.
    let mut options = wer_abi::dump_options::WerDumpCustomOptions::EMPTY;
    (options.size, options.mask, options.dump_flags) = (552, 1, 0x10_0002);
    let words = [options.size, options.mask, options.dump_flags].map(u32::to_le_bytes);
    let bytes = [words.as_flattened(), &[0; 540]].concat();
    let data = payload(waiting.subject(), DumpException::None, &bytes);
    let (sentences, dumps) = machine.queue(&[item(Tag::Dump, MINI, 0, &data)]);
    assert!(sentences.contains("MiniDumpFilterTriage and for MiniDumpWithFullMemory"), "{sentences}");
    assert_eq!(dumps, Vec::<String>::new());
}

#[test]
fn a_fault_of_no_living_process_is_an_answer() {
    let waiting = Waiting::start();
    let gone = DumpSubject { start_ticks: 1, ..waiting.subject() };
    for (subject, exception) in
        [(gone, DumpException::Client(8)), (waiting.subject(), DumpException::Client(8))]
    {
        let machine = Machine::new("");
        let data = payload(subject, exception, &[]);
        let (mut own, served) = UnixStream::pair().expect("sockets");
        let process_id = std::process::id();
        let head =
            ReportHead { report_type: 2, consent: 1, submit_flags: 0, result_max: 0, process_id }.encode();
        own.write_all(&[&head[..], &item(Tag::Fault, MINI, 0, &data)].concat()).expect("sent");
        own.shutdown(std::net::Shutdown::Write).expect("its end");
        serve(served.into(), &|| Some(machine.context())).expect_err("there is no report");
        let mut answer = Vec::new();
        own.read_to_end(&mut answer).expect("an answer");
        assert_eq!(decode_answer(&answer).expect("an answer").0, Hresult::E_FAIL);
    }
}

#[test]
fn a_large_process_is_dumped_from_a_copy() {
    let script = "x=$(head -c 100000000 /dev/zero | tr '\\0' a); echo ready; read y";
    let mut shell = Command::new("sh");
    let mut child =
        shell.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a child");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("its output")).read_line(&mut line).expect("a line");
    let (sentences, dumps) = Machine::new("").queue(&[dump(subject(child.id()), MINI, 0)]);
    assert!(!sentences.contains("No copy"), "{sentences}");
    assert_eq!(dumps, ["minidump.mdmp"]);
    child.kill().and_then(|()| child.wait()).expect("our child");
}

/// Wants a cab, of memory or not, and takes it; how many requests there were.
fn server(memory: bool) -> (String, JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let thread = std::thread::spawn(move || {
        let mut puts = 0;
        loop {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a copy"));
            let (mut lines, mut length) = (String::new(), 0);
            loop {
                let from = lines.len();
                if reader.read_line(&mut lines).expect("a line") <= 2 {
                    break;
                }
                if let Some(number) = lines[from..].to_ascii_lowercase().strip_prefix("content-length:") {
                    length = number.trim().parse().expect("a number");
                }
            }
            reader.read_exact(&mut vec![0; length]).expect("a body");
            if lines.starts_with("END") {
                return puts;
            }
            puts += usize::from(lines.starts_with("PUT"));
            let wish = if memory { "MemoryDump=1\r\n" } else { "" };
            let body = format!("iData=1\r\nBucket=5\r\nDumpFile=/x.cab\r\n{wish}");
            let head =
                format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).expect("a listener");
        }
    });
    (format!("CorporateWERServer = '127.0.0.1'\nCorporateWERPortNumber = {port}\n"), thread)
}

/// How many cabs it was given.
fn end_server(settings: &str, thread: JoinHandle<usize>) -> usize {
    let port = settings.trim().rsplit(' ').next().expect("its port");
    let mut end = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).expect("the server");
    end.write_all(b"END\r\n\r\n").expect("a listener");
    thread.join().expect("a server")
}

#[test]
fn a_heap_dump_of_any_name_is_sent_once_per_signature() {
    let waiting = Waiting::start();
    let (settings, thread) = server(true);
    let machine = Machine::new(&settings);
    let items = [dump(waiting.subject(), HEAP, WER_DUMP_AUXILIARY)];
    assert_eq!(machine.submit(APPROVED, &items), SubmitResult::ReportUploadedCab);
    let throttled = (SubmitResult::Throttled as u32).to_le_bytes().to_vec();
    assert_eq!(machine.ask(APPROVED, &items), (Hresult::S_OK, throttled));
    assert_eq!(end_server(&settings, thread), 1);
}

#[test]
fn a_server_gets_no_more_than_it_asks_for() {
    for (dump_type, flags, wants_memory, is_sent) in [
        (HEAP, 0, false, false),
        (HEAP, WER_DUMP_NOHEAP_ONQUEUE, false, false),
        (HEAP, 0, true, true),
        (HEAP, WER_DUMP_NOHEAP_ONQUEUE, true, true),
        (MINI, 0, true, true),
        (MINI, 0, false, true),
    ] {
        let waiting = Waiting::start();
        let (settings, thread) = server(wants_memory);
        let machine = Machine::new(&settings);
        let result = machine.submit(APPROVED, &[dump(waiting.subject(), dump_type, flags)]);
        let puts = end_server(&settings, thread);
        let case = format!("type {dump_type}, flags {flags}, memory {wants_memory}");
        assert_eq!(
            (puts, result == SubmitResult::ReportUploadedCab),
            (usize::from(is_sent), is_sent),
            "{case}"
        );
    }
}

#[test]
fn a_report_that_waits_has_a_mini_dump_in_place_of_the_heap() {
    let waiting = Waiting::start();
    let machine = Machine::new("");
    let (sentences, dumps) = machine.queue(&[dump(waiting.subject(), HEAP, WER_DUMP_NOHEAP_ONQUEUE)]);
    assert_eq!(dumps, ["minidump.mdmp"], "{sentences}");
    let (report, _) = machine.report(ReportState::Queued);
    assert_eq!(report.files.iter().map(|file| file.flags).collect::<Vec<_>>(), [0]);
}
