//! What is missing in a dump, up to a limit: a process must not be able to fill a dump with complaints.

use wer_model::{SoftError, Stage};

use crate::limits::MAX_SOFT_ERRORS;

/// What is missing.
#[derive(Debug, Default)]
pub(crate) struct SoftErrors {
    kept: Vec<SoftError>,
    dropped: usize,
}

impl SoftErrors {
    pub(crate) fn push(&mut self, message: String) {
        if self.kept.len() < MAX_SOFT_ERRORS {
            self.kept.push(SoftError::new(Stage::Dump, message));
        } else {
            self.dropped += 1;
        }
    }

    pub(crate) fn into_vec(mut self) -> Vec<SoftError> {
        if self.dropped > 0 {
            let message = format!("The dump lacks {} more things like these.", self.dropped);
            self.kept.push(SoftError::new(Stage::Dump, message));
        }
        self.kept
    }
}
