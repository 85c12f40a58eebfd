//! The progress of a large conversion on standard error, as whoever does the work tells it.

use std::io::IsTerminal;
use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressStyle};

/// Smaller ones are done before anybody could look.
const SHOWN_FROM_BYTES: u64 = 64 << 20;

/// A bar that appears with the first news of something large; without a terminal nothing does.
pub(super) struct Progress {
    what: &'static str,
    bar: Option<ProgressBar>,
    is_shown: bool,
}

impl Progress {
    /// Tells of `what`.
    pub(super) fn new(what: &'static str, json: bool) -> Self {
        Self { what, bar: None, is_shown: std::io::stderr().is_terminal() && !json }
    }

    /// So much is done. Nobody cancels but by ending `wer`.
    pub(super) fn tell(&mut self, done: u64, total: u64) -> ControlFlow<()> {
        if self.is_shown && total >= SHOWN_FROM_BYTES {
            let bar = self.bar.get_or_insert_with(|| {
                let bar = ProgressBar::new(total).with_message(self.what);
                let style = "{msg} {bar:40} {bytes}/{total_bytes} {bytes_per_sec}";
                match ProgressStyle::with_template(style) {
                    Ok(style) => bar.with_style(style),
                    Err(_) => bar,
                }
            });
            bar.set_position(done);
        }
        ControlFlow::Continue(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
