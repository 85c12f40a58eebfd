//! What was wrong with a settings file. Reporting goes on without the value.

use std::path::PathBuf;

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
    #[error("The settings file {} is not valid TOML ({reason}); its values do not count.", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The parser's sentence.
        reason: String,
    },
    /// A name that means nothing.
    #[error("{name} in {} is no known setting; it has no effect.", file.display())]
    Unknown {
        /// The file.
        file: PathBuf,
        /// The name with its section.
        name: String,
    },
    /// A name that Windows knows and that has no effect here.
    #[error("{name} in {} is a setting of Windows without effect on Linux.", file.display())]
    NoEffect {
        /// The file.
        file: PathBuf,
        /// The name with its section.
        name: String,
    },
    /// A value that is none of its setting.
    #[error("{name} in {} must be {expected}; the value there does not count.", file.display())]
    Invalid {
        /// The file.
        file: PathBuf,
        /// The name with its section.
        name: String,
        /// What it must be.
        expected: String,
    },
    /// A setting that this file may not hold.
    #[error("{name} does not count in {}: only {allowed} may set it.", file.display())]
    WrongFile {
        /// The file.
        file: PathBuf,
        /// The name with its section.
        name: String,
        /// Which files may.
        allowed: &'static str,
    },
    /// More of something than is read.
    #[error("{name} in {} has more than {limit} entries; the rest does not count.", file.display())]
    TooMany {
        /// The file.
        file: PathBuf,
        /// The table.
        name: String,
        /// Entries that count.
        limit: usize,
    },
}
