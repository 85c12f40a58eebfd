//! What the application and its handler module share: the module reads it from the crashed process.
#![forbid(unsafe_code)]

/// UTF-16 units of a status.
pub const STATUS_CHARACTERS: usize = 256;

wer::target_struct! {
    /// What the application wants to be known after a crash.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Payload {
        /// The application's version.
        pub version: i32,
        /// What it was doing; ends at the first zero.
        pub status: [u16; STATUS_CHARACTERS],
    }
}

impl Payload {
    /// A payload; of a longer status, the end is left out.
    #[must_use]
    pub fn new(version: i32, status: &str) -> Self {
        let mut units = [0; STATUS_CHARACTERS];
        for (to, unit) in units.iter_mut().take(STATUS_CHARACTERS - 1).zip(status.encode_utf16()) {
            *to = unit;
        }
        Self { version, status: units }
    }

    /// The status as text.
    #[must_use]
    pub fn status_text(&self) -> String {
        let units = self.status.split(|unit| *unit == 0).next().unwrap_or_default();
        String::from_utf16_lossy(units)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_comes_back() {
        assert_eq!(Payload::new(5, "Hello world!").status_text(), "Hello world!");
        assert_eq!(Payload::new(5, &"x".repeat(300)).status_text().len(), 255);
    }
}
