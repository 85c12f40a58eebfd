//! The progress of a large dump.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// Smaller dumps are done before anybody could look.
const SHOWN_FROM_BYTES: u64 = 64 << 20;

/// A bar on standard error, once there is enough to show.
pub(super) struct Bar {
    is_wanted: bool,
    bar: Option<ProgressBar>,
}

impl Bar {
    /// Shows nothing unless it is wanted and standard error is a terminal.
    pub(super) fn new(is_wanted: bool) -> Self {
        Self { is_wanted: is_wanted && io::stderr().is_terminal(), bar: None }
    }

    /// How far it is.
    pub(super) fn show(&mut self, done_bytes: u64, total_bytes: u64) {
        if !self.is_wanted || total_bytes < SHOWN_FROM_BYTES {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(total_bytes);
            let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {bytes_per_sec}");
            style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style))
        });
        bar.set_position(done_bytes);
    }

    /// Takes it away.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
