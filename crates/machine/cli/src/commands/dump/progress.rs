//! The progress of a large dump, seen from outside: how much of the file is on disk.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Smaller dumps are done before anybody could look.
const SHOWN_FROM_BYTES: u64 = 64 << 20;
/// Between two looks.
const POLL: Duration = Duration::from_millis(100);
/// Bytes of `st_blocks`' unit.
const BLOCK_BYTES: u64 = 512;

/// A bar on standard error until it is dropped.
pub(super) struct Bar {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Bar {
    /// Watches the file of a dump of so many bytes.
    pub(super) fn start(file: &File, expected_bytes: u64) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let file = (expected_bytes >= SHOWN_FROM_BYTES).then(|| file.try_clone().ok()).flatten();
        let thread = file.map(|file| {
            let done = done.clone();
            std::thread::spawn(move || watch(&file, expected_bytes, &done))
        });
        Self { done, thread }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            eprintln!("wer: the progress bar failed; the dump did not");
        }
    }
}

fn watch(file: &File, expected_bytes: u64, done: &AtomicBool) {
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec}");
    let bar = ProgressBar::new(expected_bytes);
    if let Ok(style) = style {
        bar.set_style(style);
    }
    while !done.load(Ordering::Relaxed) {
        if let Ok(metadata) = file.metadata() {
            bar.set_position((metadata.blocks() * BLOCK_BYTES).min(expected_bytes));
        }
        std::thread::sleep(POLL);
    }
    bar.finish_and_clear();
}
