//! Which debugger, and its command line. Pure but for the look for what is installed.

use std::path::Path;

use anyhow::{Result, bail};
use clap::ValueEnum;

/// A debugger that reads what we store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Debugger {
    /// By a core file made of the dump.
    Gdb,
    /// Reads minidumps itself.
    Lldb,
}

impl Debugger {
    /// Its executable.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Gdb => "gdb",
            Self::Lldb => "lldb",
        }
    }

    /// Its command line on a core or dump; the first word is the program.
    pub(super) fn command_line(self, program: Option<&Path>, input: &Path, batch: bool) -> Vec<String> {
        let input = input.to_string_lossy().into_owned();
        let program = program.map(|program| program.to_string_lossy().into_owned());
        let mut line = vec![self.name().to_owned()];
        let mut add = |words: &[&str]| line.extend(words.iter().map(ToString::to_string));
        match self {
            Self::Gdb => {
                add(&["-q"]);
                if batch {
                    add(&["-batch", "-ex", "bt"]);
                }
                add(&["-c", &input]);
                line.extend(program);
            }
            Self::Lldb => {
                if batch {
                    add(&["--batch", "-o", "bt"]);
                }
                add(&["-c", &input]);
                line.extend(program);
            }
        }
        line
    }

    fn is_installed(self) -> bool {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&folders).any(|folder| folder.join(self.name()).is_file())
    }
}

/// The wanted debugger, else the first that is installed.
pub(super) fn choose(wanted: Option<Debugger>) -> Result<Debugger> {
    match wanted {
        Some(debugger) if debugger.is_installed() => Ok(debugger),
        Some(debugger) => {
            let name = debugger.name();
            bail!("{name} is not installed (no folder of PATH has it); install the package {name}")
        }
        None => {
            let found = [Debugger::Gdb, Debugger::Lldb].into_iter().find(|it| it.is_installed());
            let Some(found) = found else {
                bail!("neither gdb nor lldb is installed (no folder of PATH has one); install one of them")
            };
            Ok(found)
        }
    }
}

/// One word for a shell.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_one_word_in_a_shell() {
        assert_eq!(quoted("/usr/bin/a-b_c.d"), "/usr/bin/a-b_c.d");
        assert_eq!(quoted("/tmp/it's; rm"), r"'/tmp/it'\''s; rm'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn each_debugger_has_its_own_command_line() {
        let (program, input) = (Path::new("/bin/app"), Path::new("/tmp/core"));
        let line = |debugger: Debugger, batch| debugger.command_line(Some(program), input, batch).join(" ");
        assert_eq!(line(Debugger::Gdb, true), "gdb -q -batch -ex bt -c /tmp/core /bin/app");
        assert_eq!(line(Debugger::Gdb, false), "gdb -q -c /tmp/core /bin/app");
        assert_eq!(line(Debugger::Lldb, true), "lldb --batch -o bt -c /tmp/core /bin/app");
        assert_eq!(Debugger::Lldb.command_line(None, input, false).join(" "), "lldb -c /tmp/core");
    }
}
