//! A program whose watchdog is not petted is reported while it goes on.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use wer_client::crash::watchdog::Watchdog;
use wer_client::registration;
use wer_model::{Report, ReportState};
use wer_store::Store;

const TIMEOUT: Duration = Duration::from_millis(100);

/// What the tests start: a thread that pets its watchdog when its standard input has a line, and stands still otherwise.
#[test]
#[ignore = "the program of the next tests"]
fn stands_still() {
    let store = std::env::var_os("WER_STORE_DIR").expect("a store");
    let file = Path::new(&store).with_file_name("registered.log");
    std::fs::write(&file, "what happened before").expect("room");
    let block: &'static [u8] = b"a block that was registered";
    registration::register_memory_block(block.as_ptr().addr(), block.len()).expect("a block");
    registration::register_file(&file.to_string_lossy(), 2, 0).expect("a file");
    registration::register_custom_metadata("Key", "Value").expect("metadata");
    let timeout = if std::env::var_os("WER_TEST_SETTING").is_some() { Duration::ZERO } else { TIMEOUT };
    // The watched thread is not the main one.
    let watched = std::thread::spawn(move || {
        let werfault = env!("CARGO_BIN_EXE_werfault").into();
        let watchdog = Watchdog::start(timeout, Some(werfault)).expect("a thread");
        for line in std::io::stdin().lines() {
            watchdog.pet();
            println!("did {}", line.expect("a line"));
        }
    });
    watched.join().expect("it ends");
}

struct Scene {
    folder: tempfile::TempDir,
    child: Child,
    says: BufReader<ChildStdout>,
}

impl Scene {
    fn new(settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("etc")).expect("a folder");
        let settings = settings.replace("FOLDER", &folder.path().to_string_lossy());
        std::fs::write(folder.path().join("etc/wer.toml"), &settings).expect("a file");
        let mut command = Command::new(std::env::current_exe().expect("ourselves"));
        command
            .args(["--exact", "it::hang::stands_still", "--ignored", "--test-threads=1", "--nocapture"])
            .env("HOME", folder.path())
            .env("XDG_CONFIG_HOME", folder.path().join("config"))
            .env("XDG_STATE_HOME", folder.path().join("state"))
            .env("WER_SYSTEM_CONFIG_DIR", folder.path().join("etc"))
            .env("WER_STORE_DIR", folder.path().join("store"));
        if settings.contains("[Hangs]") {
            command.env("WER_TEST_SETTING", "1");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let says = BufReader::new(child.stdout.take().expect("its output"));
        Self { folder, child, says }
    }

    fn reports(&self, state: ReportState) -> Vec<(Report, Vec<String>)> {
        let store = Store::open(&self.folder.path().join("store")).expect("a store");
        let stored = store.list(state).expect("reports").into_iter().map(|stored| {
            let report = wer_report::report_wer::parse(&stored.report_wer().expect("a file"));
            let names = stored.files().expect("files").into_iter().map(|file| file.name).collect();
            (report.expect("a report"), names)
        });
        stored.collect()
    }

    /// The reports, when there are as many.
    fn wait_for(&self, count: usize, state: ReportState) -> Vec<(Report, Vec<String>)> {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let reports = self.reports(state);
            if reports.len() >= count {
                return reports;
            }
            assert!(Instant::now() < end, "there are {} reports", reports.len());
            std::thread::yield_now();
        }
    }

    /// Has the program pet its watchdog, and returns when it did.
    fn pet(&mut self) {
        self.child.stdin.as_mut().expect("its input").write_all(b"go on\n").expect("it reads");
        let mut line = String::new();
        // The first one stands behind what the test harness says.
        while !line.ends_with("did go on\n") {
            line.clear();
            assert_ne!(self.says.read_line(&mut line).expect("it speaks"), 0, "it goes on");
        }
    }

    fn finish(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("its end").success());
    }
}

#[test]
fn a_watchdog_that_is_not_petted_reports_all_that_is_registered_and_the_program_goes_on() {
    let mut scene = Scene::new("");
    let (report, names) = scene.wait_for(1, ReportState::Queued).remove(0);
    assert_eq!(report.pid, scene.child.id());
    assert!(report.signature.event_type.starts_with("AppHang"), "{:?}", report.signature);
    for name in ["minidump.mdmp", "registered.dmp", "WaitChain.txt", "file000_registered.log"] {
        assert!(names.iter().any(|found| found == name), "{name}: {names:?}");
        assert!(report.files.iter().any(|file| file.name == name), "{name}: {:?}", report.files);
    }
    assert!(report.metadata.iter().any(|pair| (pair.name.as_str(), pair.value.as_str()) == ("Key", "Value")));
    assert!(report.soft_errors.is_empty(), "no stop and nothing missing: {:?}", report.soft_errors);
    // One hang, one report; the next is another one.
    scene.pet();
    assert_eq!(scene.wait_for(2, ReportState::Queued).len(), 2);
    scene.finish();
}

#[test]
fn the_hanging_thread_comes_first_in_the_dump() {
    let scene = Scene::new("");
    scene.wait_for(1, ReportState::Queued);
    let store = Store::open(&scene.folder.path().join("store")).expect("a store");
    let stored = store.list(ReportState::Queued).expect("reports").remove(0);
    let chain = std::fs::read_to_string(stored.folder.join("WaitChain.txt")).expect("a chain");
    let thread = chain.split("thread ").nth(1).and_then(|rest| rest.split(',').next()).expect("a thread");
    assert_ne!(thread, scene.child.id().to_string(), "it is not the main one: {chain}");
    let dump = std::fs::read(stored.folder.join("minidump.mdmp")).expect("a dump");
    let word = |at: usize| u32::from_le_bytes(dump[at..at + 4].try_into().expect("four bytes"));
    // The directory's entries are type, size, place; a list of threads begins with their number, a thread with its id.
    let entries = (0..word(8) as usize).map(|number| word(12) as usize + 12 * number);
    let threads = entries.into_iter().find(|at| word(*at) == 3).map(|at| word(at + 8) as usize);
    assert_eq!(word(threads.expect("threads") + 4).to_string(), thread);
    scene.finish();
}

#[test]
fn a_program_that_was_stopped_does_not_hang() {
    let mut scene = Scene::new("");
    // Its first report is over, so the next can only be of the time in which it is stopped.
    scene.wait_for(1, ReportState::Queued);
    scene.pet();
    let pid = Pid::from_raw(scene.child.id().cast_signed()).expect("a pid");
    kill_process(pid, Signal::STOP).expect("our own child");
    assert!(
        waitpid(Some(pid), WaitOptions::UNTRACED).expect("our own child").expect("it stands").1.stopped()
    );
    // Longer than a look may be late.
    let end = Instant::now() + 12 * TIMEOUT;
    while Instant::now() < end {
        std::thread::yield_now();
    }
    let mut input = scene.child.stdin.take().expect("its input");
    input.write_all(b"go on\n").expect("room");
    drop(input);
    kill_process(pid, Signal::CONT).expect("our own child");
    assert!(scene.child.wait().expect("its end").success());
    assert_eq!(scene.reports(ReportState::Queued).len(), 1);
}

#[test]
fn the_setting_counts_where_the_program_says_none() {
    let scene = Scene::new("[Hangs]\nTimeoutMilliseconds = 150\n");
    assert_eq!(scene.wait_for(1, ReportState::Queued).len(), 1, "well before the 5 s that are usual");
    scene.finish();
}

#[test]
fn no_report_of_a_hang_where_the_settings_want_none_and_a_local_dump_all_the_same() {
    let mut scene = Scene::new("Disabled = 1\n[LocalDumps]\nDumpFolder = 'FOLDER/dumps'\n");
    let dumps = scene.folder.path().join("dumps");
    let end = Instant::now() + Duration::from_secs(60);
    while std::fs::read_dir(&dumps).map_or(0, Iterator::count) == 0 {
        assert!(Instant::now() < end, "there is no dump in {}", dumps.display());
        std::thread::yield_now();
    }
    scene.pet();
    let reports = scene.reports(ReportState::Queued).len();
    scene.finish();
    assert_eq!(reports, 0);
}

/// Answers level 1 and takes cabs, for as many requests.
fn server(requests: usize, level1: &'static str) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let thread = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for _ in 0..requests {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a copy"));
            let (mut first, mut length) = (String::new(), 0);
            reader.read_line(&mut first).expect("a line");
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
            let body = if first.starts_with("POST") { level1 } else { "" };
            let head =
                format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).expect("a listener");
            asked.push(first.split(' ').next().unwrap_or_default().to_owned());
        }
        asked
    });
    let settings = format!(
        "CorporateWERServer = '127.0.0.1'\nCorporateWERPortNumber = {port}\n[Consent]\nDefaultConsent = 4\n"
    );
    (settings, thread)
}

#[test]
fn the_server_is_asked_before_anything_of_a_living_process_is_kept() {
    for (level1, requests, is_wanted) in [
        ("iData=0\r\nBucket=5\r\n", vec!["POST"], false),
        ("iData=1\r\nBucket=5\r\nDumpFile=/a/b.cab\r\n", vec!["POST", "PUT"], true),
    ] {
        let (settings, thread) = server(requests.len(), level1);
        let scene = Scene::new(&settings);
        let (report, names) = scene.wait_for(1, ReportState::Archived).remove(0);
        assert_eq!(thread.join().expect("a server"), requests);
        assert!(report.upload_time_filetime.is_some());
        assert!(names.iter().any(|name| name == "WaitChain.txt"), "{names:?}");
        for name in ["minidump.mdmp", "registered.dmp", "file000_registered.log"] {
            assert_eq!(names.iter().any(|found| found == name), is_wanted, "{level1}: {name}: {names:?}");
            assert_eq!(report.files.iter().any(|file| file.name == name), is_wanted, "{level1}: {name}");
        }
        scene.finish();
    }
}

#[test]
fn without_an_answer_all_is_kept_for_later() {
    let settings =
        "CorporateWERServer = '127.0.0.1'\nCorporateWERPortNumber = 1\n[Consent]\nDefaultConsent = 4\n";
    let scene = Scene::new(settings);
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let (report, names) = scene.wait_for(1, ReportState::Queued).remove(0);
        if report.files.iter().any(|file| file.name == "minidump.mdmp") {
            assert!(names.iter().any(|name| name == "registered.dmp"), "{names:?}");
            break;
        }
        assert!(Instant::now() < end, "{names:?}");
        std::thread::yield_now();
    }
    scene.finish();
}
