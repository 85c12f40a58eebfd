//! A watchdog over a thread that must go on, such as an event loop: when it is not petted for a while, `werfault --hang`
//! reports the hang, once; the program goes on, and a later hang is another one.
//!
//! Petting is one atomic addition. The watchdog has the only thread that this crate ever starts, and a child of the process while a hang is
//! reported, which it waits for. With Yama only ancestors may trace, so the child is permitted to, and then told to begin.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{PTracer, Pid, set_ptracer};

use super::werfault_path;

/// How long without being petted is a hang, where nothing else is said: as on Windows.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// The shortest and the longest time that is taken.
pub const TIMEOUTS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(300));
/// Looks at the heartbeat per timeout: a hang is told at the latest this part of the timeout after its end.
const LOOKS: u32 = 4;

/// Watches the thread that started it, until it is dropped.
#[derive(Debug)]
pub struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    heartbeat: AtomicU64,
    is_ended: Mutex<bool>,
    ended: Condvar,
}

impl Watchdog {
    /// Starts to watch the calling thread. `timeout` is brought into [`TIMEOUTS`]; `werfault` is looked for as by
    /// [`attach`](super::attach()).
    ///
    /// # Errors
    /// No thread can be started.
    pub fn start(timeout: Duration, werfault: Option<PathBuf>) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            heartbeat: AtomicU64::new(0),
            is_ended: Mutex::new(false),
            ended: Condvar::new(),
        });
        let tid = rustix::thread::gettid();
        let werfault = werfault_path::choose(werfault.as_deref());
        let program = PathBuf::from(OsStr::from_bytes(werfault.as_bytes()));
        let interval = timeout.clamp(TIMEOUTS.0, TIMEOUTS.1) / LOOKS;
        let watched = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("wer-watchdog".into())
            .spawn(move || watch(&watched, interval, || report(&program, tid)))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Says that the thread goes on. May be called from any thread, and from a signal handler.
    pub fn pet(&self) {
        self.shared.heartbeat.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *self.shared.is_ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.ended.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Calls `on_hang` once for each hang.
fn watch(shared: &Shared, interval: Duration, mut on_hang: impl FnMut()) {
    let mut last = shared.heartbeat.load(Ordering::Relaxed);
    let mut looks = 0;
    let mut is_ended = shared.is_ended.lock().unwrap_or_else(PoisonError::into_inner);
    while !*is_ended {
        let waited = shared.ended.wait_timeout(is_ended, interval).unwrap_or_else(PoisonError::into_inner);
        is_ended = waited.0;
        if !waited.1.timed_out() {
            continue;
        }
        let now = shared.heartbeat.load(Ordering::Relaxed);
        looks = if now == last { looks + 1 } else { 0 };
        last = now;
        if looks == LOOKS {
            drop(is_ended);
            on_hang();
            is_ended = shared.is_ended.lock().unwrap_or_else(PoisonError::into_inner);
        }
        looks = looks.min(LOOKS);
    }
}

/// A report that cannot be made costs the program nothing.
fn report(werfault: &std::path::Path, tid: Pid) {
    let own = std::process::id().to_string();
    let child = Command::new(werfault)
        .args(["--hang", &own, &tid.as_raw_nonzero().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return };
    if let Some(tracer) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // Without Yama the kernel knows nothing of this, and it is not needed.
        let _ = set_ptracer(PTracer::ProcessID(tracer));
    }
    // Closes its standard input, which tells it to begin.
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hang_is_told_once_and_a_petted_thread_never() {
        let shared = Arc::new(Shared {
            heartbeat: AtomicU64::new(0),
            is_ended: Mutex::new(false),
            ended: Condvar::new(),
        });
        let (tell, told) = std::sync::mpsc::channel();
        let watched = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            watch(&watched, Duration::from_millis(1), || tell.send(()).expect("a listener"));
        });
        for _ in 0..2 {
            told.recv().expect("a hang");
            assert!(told.try_recv().is_err(), "it was told twice");
            shared.heartbeat.fetch_add(1, Ordering::Relaxed);
        }
        *shared.is_ended.lock().expect("not poisoned") = true;
        shared.ended.notify_all();
        thread.join().expect("it ends");
    }
}
