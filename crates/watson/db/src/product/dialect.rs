//! The ways to report that a product may be open to.

/// A way to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dialect {
    /// MS-CER2: Windows, and our own client.
    Level1,
    /// Breakpad, Crashpad and their relatives.
    Minidump,
    /// Socorro.
    Socorro,
    /// Sentry.
    Sentry,
    /// Uploads of symbols.
    Symbols,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Level1, Self::Minidump, Self::Socorro, Self::Sentry, Self::Symbols];

    /// Its name in settings, answers and rows.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Level1 => "level1",
            Self::Minidump => "minidump",
            Self::Socorro => "socorro",
            Self::Sentry => "sentry",
            Self::Symbols => "symbols",
        }
    }

    /// The dialect of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }
}
