//! What was wrong with a settings file. Reporting goes on without the value.

use std::fmt;
use std::path::PathBuf;

/// Where in a file; nothing where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// From 1; 0 = not known.
    pub line: usize,
    /// From 1, in bytes; 0 = not known.
    pub column: usize,
}

impl Place {
    /// The place of a byte of a text.
    #[must_use]
    pub fn of(text: &str, offset_bytes: usize) -> Self {
        let before = text.as_bytes().get(..offset_bytes).unwrap_or(text.as_bytes());
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        Self {
            line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
            column: before.len() - line_start + 1,
        }
    }
}

/// As compilers write it after a file's name.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 { Ok(()) } else { write!(f, ":{}:{}", self.line, self.column) }
    }
}

/// A sentence about one file; it names the file and what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsWarning {
    /// The file could not be read.
    #[error("The settings file {} could not be read ({reason}); its values do not count.", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file is no TOML.
    #[error("The settings file {}{place} is not valid TOML ({reason}); its values do not count.", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Where in it.
        place: Place,
        /// The parser's sentence.
        reason: String,
    },
    /// A name that means nothing.
    #[error("{name} in {}{place} is no known setting; it has no effect.", file.display())]
    Unknown {
        /// The file.
        file: PathBuf,
        /// Where in it.
        place: Place,
        /// The name with its section.
        name: String,
    },
    /// A name that Windows knows and that has no effect here.
    #[error("{name} in {}{place} is a setting of Windows without effect on Linux.", file.display())]
    NoEffect {
        /// The file.
        file: PathBuf,
        /// Where in it.
        place: Place,
        /// The name with its section.
        name: String,
    },
    /// A value that is none of its setting.
    #[error("{name} in {}{place} must be {expected}; the value there does not count.", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// Where in it.
        place: Place,
        /// The name with its section.
        name: String,
        /// What it must be.
        expected: String,
    },
    /// A setting that this file may not hold.
    #[error("{name} does not count in {}{place}: only {allowed} may set it.", file.display())]
    WrongFile {
        /// The file.
        file: PathBuf,
        /// Where in it.
        place: Place,
        /// The name with its section.
        name: String,
        /// Which files may.
        allowed: &'static str,
    },
    /// More of something than is read.
    #[error("{name} in {}{place} has more than {limit} entries; the rest does not count.", file.display())]
    TooMany {
        /// The file.
        file: PathBuf,
        /// Where in it.
        place: Place,
        /// The table.
        name: String,
        /// Entries that count.
        limit: usize,
    },
}

impl SettingsWarning {
    /// The file that it is about.
    #[must_use]
    pub fn file(&self) -> &std::path::Path {
        match self {
            Self::Unreadable { file, .. }
            | Self::Syntax { file, .. }
            | Self::Unknown { file, .. }
            | Self::NoEffect { file, .. }
            | Self::Invalid { file, .. }
            | Self::WrongFile { file, .. }
            | Self::TooMany { file, .. } => file,
        }
    }

    /// Whether it costs the whole file.
    #[must_use]
    pub const fn is_about_whole_file(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Syntax { .. })
    }

    /// The setting that it is about, with its section; `None` for the whole file.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Unreadable { .. } | Self::Syntax { .. } => None,
            Self::Unknown { name, .. }
            | Self::NoEffect { name, .. }
            | Self::Invalid { name, .. }
            | Self::WrongFile { name, .. }
            | Self::TooMany { name, .. } => Some(name),
        }
    }

    /// The same at another place.
    #[must_use]
    pub fn at(mut self, new: Place) -> Self {
        match &mut self {
            Self::Unreadable { .. } => {}
            Self::Syntax { place, .. }
            | Self::Unknown { place, .. }
            | Self::NoEffect { place, .. }
            | Self::Invalid { place, .. }
            | Self::WrongFile { place, .. }
            | Self::TooMany { place, .. } => *place = new,
        }
        self
    }
}
