//! A program that asks `werfault`, and the `werfault` that it asks: `FAKE_MODE` says what the latter does.
#![expect(unsafe_code, reason = "counts signals and children, and takes over an inherited descriptor")]

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wer_client::crash::ask_werfault;

static SIGCHLDS: AtomicU32 = AtomicU32::new(0);
const THREADS: usize = 8;
const MAX_ANSWER_BYTES: usize = 1 << 20;

extern "C" fn count(_: libc::c_int) {
    SIGCHLDS.fetch_add(1, Ordering::Relaxed);
}

/// Asks from many threads at once; prints what came of it, and what the process saw of its children.
pub(crate) fn run() {
    // SAFETY: the handler adds to an atomic only.
    unsafe { libc::signal(libc::SIGCHLD, count as *const () as usize) };
    // SAFETY: a descriptor that an exec would keep; nothing else uses its number.
    unsafe { libc::dup2(0, 77) };
    let deadline = match std::env::var("FAKE_MODE").as_deref() {
        Ok("hang") => Duration::from_millis(200),
        _ => Duration::from_secs(60),
    };
    let request = vec![b'r'; 700_000];
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = || ask_werfault(c"--ask", &[b"head", &request], MAX_ANSWER_BYTES, deadline);
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    for answer in answers {
        match answer {
            Ok(bytes) => println!("{}", String::from_utf8_lossy(&bytes)),
            Err(error) => println!("0x{:08X}", error.bits()),
        }
    }
    let mut status = 0;
    // SAFETY: writes a status.
    let child = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::__WALL) };
    println!("sigchlds={} child={child}", SIGCHLDS.load(Ordering::Relaxed));
}

/// Started as `werfault --ask`.
pub(crate) fn answer() {
    let open: Vec<i32> = (0..200).filter(|fd| is_open(*fd)).collect();
    // SAFETY: inherited, and taken once.
    let mut socket = unsafe { File::from_raw_fd(3) };
    match std::env::var("FAKE_MODE").as_deref() {
        Ok("die") => std::process::abort(),
        Ok("hang") => {
            // Until the program gives up: its end of the socket closes then.
            let mut byte = [0];
            let mut pair = libc::pollfd { fd: 3, events: 0, revents: 0 };
            // SAFETY: reads and writes one pollfd.
            while unsafe { libc::poll(&raw mut pair, 1, 60_000) } == 0 {}
            let _ = socket.read(&mut byte);
        }
        Ok("flood") => while socket.write_all(&[b'f'; 65_536]).is_ok() {},
        _ => {
            let mut request = Vec::new();
            socket.read_to_end(&mut request).expect("a request");
            let status = std::fs::read_to_string("/proc/self/status").expect("a status");
            let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap_or_default();
            let blocked = blocked.trim();
            let text = format!("bytes={} open={open:?} blocked={blocked}", request.len());
            socket.write_all(text.as_bytes()).expect("a reader");
        }
    }
}

fn is_open(fd: i32) -> bool {
    // SAFETY: asks about a number.
    (unsafe { libc::fcntl(fd, libc::F_GETFD) }) >= 0
}
