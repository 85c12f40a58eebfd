//! A watchdog over a thread that must go on, such as an event loop: when it is not petted for a while, `werfault --hang`
//! reports the hang, once; the program goes on, and a later hang is another one.
//!
//! Petting is one atomic addition. The watchdog is the only thread that this crate ever starts; all signals are blocked in
//! it, and the `werfault` it asks is no child of the process. What stands still together with the watched thread is no hang:
//! a process that is stopped or frozen, a suspended machine, a debugger that holds the thread. `docs/hangs.md` tells which.

mod beats;
mod handles;
mod looks;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use self::beats::Beats;
use self::looks::{LOOKS, Looks};
use super::ask_werfault::Blocked;
use super::hang_request;

pub use beats::MAX_WATCHDOGS;
pub use handles::{close, open, pet};

/// How long without being petted is a hang, where nothing else is said: as on Windows.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// The shortest and the longest time that is taken, those of the setting.
pub const TIMEOUTS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(600));

/// Watches the thread that started it, until it is dropped. In the child of a fork it watches nobody: its thread stayed
/// with the parent.
#[derive(Debug)]
pub struct Watchdog {
    beats: Beats,
    end: Arc<End>,
    thread: Option<JoinHandle<()>>,
    /// The process that has the thread.
    process: u32,
}

#[derive(Debug, Default)]
struct End {
    is_ended: Mutex<bool>,
    ended: Condvar,
}

impl Watchdog {
    /// Starts to watch the calling thread. `timeout` is brought into [`TIMEOUTS`]; zero is the setting
    /// `Hangs.TimeoutMilliseconds`, which a `werfault` is asked for, and [`DEFAULT_TIMEOUT`] where that cannot be.
    /// `werfault` is looked for as by [`attach`](super::attach()).
    ///
    /// # Errors
    /// No thread can be started, or [`MAX_WATCHDOGS`] are there.
    pub fn start(timeout: Duration, werfault: Option<PathBuf>) -> io::Result<Self> {
        let beats = Beats::take().ok_or(io::ErrorKind::OutOfMemory)?;
        let end = Arc::new(End::default());
        let tid = rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
        let (watched, ends) = (beats.handle(), Arc::clone(&end));
        // The thread inherits it: the program's handlers are for its own threads.
        let blocked = Blocked::all();
        let thread = std::thread::Builder::new().name("wer-watchdog".into()).spawn(move || {
            let werfault = werfault.as_deref();
            let interval = timeout_or_setting(timeout, werfault) / LOOKS;
            watch(watched, &ends, interval, &|| held_by_debugger(tid), &mut || {
                hang_request::report_own(werfault, tid);
            });
        });
        drop(blocked);
        Ok(Self { beats, end, thread: Some(thread?), process: std::process::id() })
    }

    /// Says that the thread goes on. May be called from any thread, and from a signal handler.
    pub fn pet(&self) {
        beats::beat(self.beats.handle());
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // In the child of a fork there is no thread to wait for, and the lock may have been its.
        let Some(thread) = self.thread.take().filter(|_| self.process == std::process::id()) else { return };
        *self.end.is_ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.end.ended.notify_all();
        let _ = thread.join();
    }
}

fn timeout_or_setting(timeout: Duration, werfault: Option<&Path>) -> Duration {
    let timeout = match timeout.is_zero() {
        true => hang_request::timeout_setting(werfault).unwrap_or(DEFAULT_TIMEOUT),
        false => timeout,
    };
    timeout.clamp(TIMEOUTS.0, TIMEOUTS.1)
}

/// Calls `on_hang` once for each hang.
fn watch(handle: u64, end: &End, interval: Duration, is_held: &dyn Fn() -> bool, on_hang: &mut dyn FnMut()) {
    let mut looks = Looks::new(interval, beats::count(handle), now());
    let mut is_ended = end.is_ended.lock().unwrap_or_else(PoisonError::into_inner);
    while !*is_ended {
        let waited = end.ended.wait_timeout(is_ended, interval).unwrap_or_else(PoisonError::into_inner);
        is_ended = waited.0;
        if !waited.1.timed_out() || !looks.is_hang(beats::count(handle), now()) {
            continue;
        }
        drop(is_ended);
        if is_held() {
            looks.begin_anew(now());
        } else {
            on_hang();
            looks.told(now());
        }
        is_ended = end.is_ended.lock().unwrap_or_else(PoisonError::into_inner);
    }
}

/// Time since the machine was started, suspended or not.
fn now() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Whether a debugger traces the thread, or it has ended: then its silence means nothing.
fn held_by_debugger(tid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/self/task/{tid}/status")).map_or(true, |status| is_silent(&status))
}

/// Whether a thread of this status cannot beat. A first thread that has ended before its process stays there as a zombie.
fn is_silent(status: &str) -> bool {
    let of = |name| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
    let has_ended = of("State:").is_some_and(|state| state.starts_with(['Z', 'X', 'x']));
    has_ended || of("TracerPid:").is_some_and(|tracer| tracer != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hang_is_told_once_and_none_while_the_thread_is_held() {
        let beats = Beats::take().expect("a slot");
        let end = Arc::new(End::default());
        let (tell, told) = std::sync::mpsc::channel();
        let (ask, asked) = std::sync::mpsc::channel();
        let (watched, ends) = (beats.handle(), Arc::clone(&end));
        let thread = std::thread::spawn(move || {
            let held = std::cell::Cell::new(true);
            let is_held = || {
                ask.send(()).expect("a listener");
                held.replace(false)
            };
            watch(watched, &ends, Duration::from_millis(1), &is_held, &mut || {
                tell.send(()).expect("a listener")
            });
        });
        asked.recv().expect("a silence");
        for _ in 0..2 {
            told.recv().expect("a hang");
            assert!(told.try_recv().is_err(), "it was told twice");
            assert!(beats::beat(beats.handle()));
        }
        assert!(asked.try_iter().count() >= 2, "the first silence was no hang");
        *end.is_ended.lock().expect("not poisoned") = true;
        end.ended.notify_all();
        thread.join().expect("it ends");
    }

    #[test]
    fn a_thread_that_has_ended_is_not_waited_for() {
        let ended = std::thread::spawn(rustix::thread::gettid).join().expect("it ends");
        // Who joins is woken by the thread's last steps, of which leaving `/proc` is a later one.
        let until = std::time::Instant::now() + Duration::from_secs(10);
        while !held_by_debugger(ended.as_raw_nonzero().get().unsigned_abs()) {
            assert!(std::time::Instant::now() < until, "it is waited for");
            std::thread::yield_now();
        }
        assert!(!held_by_debugger(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs()));
    }

    #[test]
    fn zombies_and_traced_threads_are_silent() {
        assert!(is_silent("Name:\tgame\nState:\tZ (zombie)\nTracerPid:\t0\n"));
        assert!(is_silent("Name:\tgame\nState:\tX (dead)\nTracerPid:\t0\n"));
        assert!(is_silent("Name:\tgame\nState:\tt (tracing stop)\nTracerPid:\t17\n"));
        assert!(!is_silent("Name:\tgame\nState:\tS (sleeping)\nTracerPid:\t0\n"));
    }
}
