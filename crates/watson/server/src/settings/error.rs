//! Why settings are not taken: where it stands, what is wrong, what would be right.

use std::path::PathBuf;

/// Settings that are not taken.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file.
    #[error("cannot read the settings of {path}: {source}")]
    Read {
        /// Its path.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Too long to be settings.
    #[error("{path} is larger than {limit_bytes} bytes and no settings file")]
    TooLarge {
        /// Its path.
        path: PathBuf,
        /// The limit.
        limit_bytes: u64,
    },
    /// Something in the file.
    #[error("{path}, line {line}: {why}")]
    File {
        /// Its path.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// A variable of the environment.
    #[error("the variable {name}: {why}")]
    Environment {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// A flag of the command line.
    #[error("{flag}: {why}")]
    Flag {
        /// As it was given.
        flag: String,
        /// What is wrong.
        why: String,
    },
    /// A value out of bounds, or one that does not fit another.
    #[error("{section}.{key} {why} (from {from})")]
    Value {
        /// The section.
        section: String,
        /// The key.
        key: String,
        /// What is wrong, as the end of a sentence.
        why: String,
        /// Where the value is set.
        from: String,
    },
}

/// serde's words for an unknown name, with the nearest known one.
pub(super) fn explain(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown "), quoted.next()) {
        (true, Some(unknown)) => match nearest(unknown, quoted) {
            Some(known) => format!("{message}; did you mean `{known}`?"),
            None => message.to_owned(),
        },
        _ => message.to_owned(),
    }
}

/// The known name that the unknown one was most likely meant to be.
pub(super) fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(unknown, name), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_one_is_suggested() {
        let said = explain("unknown field `adress`, expected `address` or `token`");
        assert!(said.ends_with("did you mean `address`?"), "{said}");
        assert!(!explain("unknown field `zzz`, expected `address` or `token`").contains("mean"));
        assert!(!explain("invalid type: string \"`x`\", expected u32").contains("mean"));
    }
}
