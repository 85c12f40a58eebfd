//! Machines that report until nobody answers: each crash once, and its cab where one is wanted.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wer_wire::{Level1Request, Level1Response};

use crate::durability::ledger::{Sent, SentCab};
use crate::world::{cab, crash};

const MACHINES: usize = 4;
/// Labels that they report.
pub(crate) const APPLICATIONS: u64 = 5;
const LIMIT: Duration = Duration::from_secs(20);

/// Tells all crashes apart, over all rounds.
static MOMENT: AtomicU64 = AtomicU64::new(1);

/// Machines at work.
pub(crate) struct Machines {
    threads: Vec<JoinHandle<Vec<Sent>>>,
    answered: Arc<AtomicUsize>,
}

impl Machines {
    pub(crate) fn start(address: SocketAddr, seed: u64) -> Self {
        let answered = Arc::new(AtomicUsize::new(0));
        let threads = (0..MACHINES)
            .map(|number| {
                let answered = Arc::clone(&answered);
                let chance = fastrand::Rng::with_seed(seed * 100 + number as u64);
                std::thread::spawn(move || report(address, chance, &answered))
            })
            .collect();
        Self { threads, answered }
    }

    /// Waits until so many requests were answered.
    pub(crate) fn wait_for(&self, answers: usize) {
        self.wait_until(|| self.answered.load(Ordering::Relaxed) >= answers);
    }

    pub(crate) fn wait_until(&self, is_over: impl Fn() -> bool) {
        while !is_over() && self.threads.iter().any(|thread| !thread.is_finished()) {
            std::thread::yield_now();
        }
    }

    /// All that they sent; they end once nobody answers.
    pub(crate) fn join(self) -> Vec<Sent> {
        self.threads.into_iter().flat_map(|thread| thread.join().expect("a machine ends")).collect()
    }
}

fn report(address: SocketAddr, mut chance: fastrand::Rng, answered: &AtomicUsize) -> Vec<Sent> {
    let mut all = Vec::new();
    loop {
        let moment = MOMENT.fetch_add(1, Ordering::Relaxed);
        let application = format!("app{}", chance.u64(0..APPLICATIONS));
        let request = Level1Request { event_time_filetime: now() + moment, ..crash(&application, moment) };
        let body = request.to_xml_utf16();
        let answer = post(address, &body);
        answered.fetch_add(1, Ordering::Relaxed);
        let mut sent = Sent { application, body, is_accepted: answer.is_some(), cab: None };
        let path = answer.as_ref().and_then(|answer| answer.dump_file.clone());
        if let Some(path) = path {
            let bytes = cab("notes.txt", format!("{moment}").repeat(2000).as_bytes());
            let is_accepted =
                exchange(address, "PUT", &path, &bytes).is_some_and(|(status, _)| status == 200);
            sent.cab = Some(SentCab { bytes, is_accepted });
        }
        let is_over = !sent.is_accepted;
        all.push(sent);
        if is_over {
            return all;
        }
    }
}

/// In units of 100 ns since 1601: a server counts only crashes that are not long ago.
pub(crate) fn now() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    116_444_736_000_000_000 + since_1970.as_nanos() as u64 / 100
}

/// Level 1.
pub(crate) fn post(address: SocketAddr, body: &[u8]) -> Option<Level1Response> {
    let (status, body) = exchange(address, "POST", "/stage2.htm", body)?;
    (status == 200).then(|| Level1Response::parse(&body).expect("the answer is MS-CER2"))
}

/// Status and body of a whole answer; `None` where the connection breaks.
pub(crate) fn exchange(
    address: SocketAddr,
    method: &str,
    target: &str,
    body: &[u8],
) -> Option<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT).ok()?;
    stream.set_read_timeout(Some(LIMIT)).ok()?;
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse().ok());
    let body = answer.split_off(end + 4);
    length.is_none_or(|length: usize| length == body.len()).then_some((status, body))
}
