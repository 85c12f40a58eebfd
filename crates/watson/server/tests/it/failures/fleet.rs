//! Machines that send again what was refused, as Windows and our own client do, to any of several servers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use wer_wire::{Level1Request, Level1Response};

use crate::durability::ledger::{Sent, SentCab};
use crate::durability::machines::{APPLICATIONS, exchange, now};
use crate::world::{cab, crash};

const MACHINES: u64 = 6;
/// Milliseconds before a machine comes again.
const PAUSE_MS: u64 = 10;
const LIMIT: Duration = Duration::from_secs(60);

/// What machines were told so far.
#[derive(Default)]
pub(super) struct Told {
    taken: AtomicU64,
    refused: Mutex<BTreeMap<String, u64>>,
    is_over: AtomicBool,
}

/// Machines at work.
pub(super) struct Fleet {
    threads: Vec<JoinHandle<Vec<Sent>>>,
    told: Arc<Told>,
}

impl Fleet {
    pub(super) fn start(servers: &[SocketAddr]) -> Self {
        let told = Arc::new(Told::default());
        let threads = (0..MACHINES)
            .map(|number| {
                let (servers, told) = (servers.to_owned(), Arc::clone(&told));
                std::thread::spawn(move || work(&servers, number, &told))
            })
            .collect();
        Self { threads, told }
    }

    /// Waits until so many more requests were taken.
    pub(super) fn wait_for_taken(&self, more: u64) {
        let before = self.told.taken.load(Ordering::SeqCst);
        self.wait("requests are taken", || self.told.taken.load(Ordering::SeqCst) >= before + more);
    }

    /// Waits until so many more were refused.
    pub(super) fn wait_for_refused(&self, more: u64) {
        let before = self.refused().values().sum::<u64>();
        self.wait("requests are refused", || self.refused().values().sum::<u64>() >= before + more);
    }

    fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < LIMIT, "{what}: not within {LIMIT:?}; {:?}", self.refused());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Refusals by status and reason, and `broken` for connections that ended without an answer.
    fn refused(&self) -> BTreeMap<String, u64> {
        self.told.refused.lock().expect("nobody panicked").clone()
    }

    /// All that they sent, and their refusals. What is under way is sent until it is taken.
    pub(super) fn end(self) -> (Vec<Sent>, BTreeMap<String, u64>) {
        self.told.is_over.store(true, Ordering::SeqCst);
        let Self { threads, told } = self;
        let sent = threads.into_iter().flat_map(|thread| thread.join().expect("a machine ends")).collect();
        (sent, told.refused.lock().expect("nobody panicked").clone())
    }
}

fn work(servers: &[SocketAddr], number: u64, told: &Told) -> Vec<Sent> {
    let mut chance = fastrand::Rng::with_seed(number);
    let mut all = Vec::new();
    while !told.is_over.load(Ordering::SeqCst) {
        let moment = 1_000_000 * (number + 1) + all.len() as u64;
        let application = format!("app{}", chance.u64(0..APPLICATIONS));
        let request = Level1Request { event_time_filetime: now(), ..crash(&application, moment) };
        let body = request.to_xml_utf16();
        let answer = insist(servers, "POST", "/stage2.htm", &body, told);
        let answer = Level1Response::parse(&answer).expect("the answer is MS-CER2");
        let cab = answer.dump_file.map(|path| {
            let bytes = cab("notes.txt", format!("{moment}").repeat(2000).as_bytes());
            insist(servers, "PUT", &path, &bytes, told);
            SentCab { bytes, is_accepted: true }
        });
        all.push(Sent { application, body, is_accepted: true, cab });
    }
    all
}

/// Sends it until it is taken, to one server after the other.
fn insist(servers: &[SocketAddr], method: &str, target: &str, body: &[u8], told: &Told) -> Vec<u8> {
    let begun = Instant::now();
    for server in servers.iter().cycle() {
        let said = match exchange(*server, method, target, body) {
            Some((200, answer)) => {
                told.taken.fetch_add(1, Ordering::SeqCst);
                return answer;
            }
            Some((status, answer)) => {
                let text = String::from_utf8_lossy(&answer).into_owned();
                format!("{status} {}", text.split(':').next().unwrap_or_default())
            }
            None => "broken".to_owned(),
        };
        *told.refused.lock().expect("nobody panicked").entry(said).or_default() += 1;
        assert!(begun.elapsed() < LIMIT, "{method} {target} is never taken");
        std::thread::sleep(Duration::from_millis(PAUSE_MS));
    }
    unreachable!("there are servers")
}
