//! What is true of one kind of crash.

use std::fmt;

/// What a program is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// C, by `cc`.
    C,
    /// C++, by `c++`.
    Cpp,
    /// Rust, by `rustc`.
    Rust,
}

/// How a program is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linking {
    /// Against shared libraries, as most programs are.
    Dynamic,
    /// `cc -static`: no loader runs, so nothing can be preloaded.
    StaticGlibc,
    /// `musl-gcc -static`.
    StaticMusl,
}

/// Whether a program knows of the reporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// It knows nothing: `wer run`, `wer run --trace` and the kernel capture it.
    Plain,
    /// It attaches the crash handler first (`WerAttachCrashHandler`, `wer::attach`).
    Attached,
}

/// How a program ends, with us and without us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By this signal: a crash.
    Signal(i32),
    /// By itself, with status 0: nothing to report.
    Exit,
}

/// One kind of crash.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// The program's name, e.g. "c-null-write".
    pub name: &'static str,
    /// For a person: what happens.
    pub title: &'static str,
    /// What it is written in.
    pub language: Language,
    /// File name below the language's folder.
    pub source: &'static str,
    /// How it is linked.
    pub linking: Linking,
    /// More words for the compiler.
    pub compiler_arguments: &'static [&'static str],
    /// How it ends.
    pub ending: Ending,
    /// Windows' exception code.
    pub exception: u32,
    /// The program's own innermost function on the crashed thread's stack.
    pub function: &'static str,
    /// Whether that function is the innermost of all; it is not where a library calls `abort()`.
    pub function_is_top: bool,
    /// Part of the last words; empty = there are none to expect.
    pub last_words: &'static str,
}

impl Kind {
    /// Whether the program ends by a signal.
    #[must_use]
    pub const fn crashes(&self) -> bool {
        matches!(self.ending, Ending::Signal(_))
    }

    /// Whether it comes in this flavour: what is linked statically cannot attach.
    #[must_use]
    pub fn has(&self, flavour: Flavour) -> bool {
        flavour == Flavour::Plain || self.linking == Linking::Dynamic
    }

    /// The executable's file name in this flavour.
    #[must_use]
    pub fn file_name(&self, flavour: Flavour) -> String {
        match flavour {
            Flavour::Plain => self.name.to_owned(),
            Flavour::Attached => format!("{}-attached", self.name),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
