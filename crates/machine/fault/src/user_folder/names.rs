//! Names of dumps in a user's folder: `<program>.<pid>.dmp`, and `<program>.<pid>(1).dmp` where that is taken.

use crate::limits::MAX_PROGRAM_NAME_CHARS;

const SUFFIX: &str = ".dmp";
const UNFINISHED_SUFFIX: &str = ".dmp.unfinished";

/// The name of one dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DumpName {
    stem: String,
}

impl DumpName {
    /// For a program (path or file name). What a terminal or a shell would not take for a name becomes `_`.
    pub(crate) fn new(program: &str, pid: u32) -> Self {
        let name = program.rsplit('/').next().unwrap_or_default();
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | ' ');
        let plain = name.chars().map(|c| if is_plain(c) { c } else { '_' });
        let mut stem: String = plain.take(MAX_PROGRAM_NAME_CHARS).collect();
        // A name has 255 bytes at most.
        stem.truncate(stem.floor_char_boundary(MAX_PROGRAM_NAME_CHARS));
        if stem.is_empty() || stem.starts_with('.') {
            stem.insert(0, '_');
        }
        Self { stem: format!("{stem}.{pid}") }
    }

    /// The name while the dump is being written.
    pub(crate) fn unfinished(&self) -> String {
        format!("{}{UNFINISHED_SUFFIX}", self.stem)
    }

    /// The name of a whole dump; `number` 0 is the plain one.
    pub(crate) fn numbered(&self, number: u32) -> String {
        match number {
            0 => format!("{}{SUFFIX}", self.stem),
            number => format!("{}({number}){SUFFIX}", self.stem),
        }
    }
}

/// Whether a name is that of a whole dump, so that it counts and may be replaced.
pub(super) fn is_dump(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((program, end)) = name.strip_suffix(SUFFIX).and_then(|stem| stem.rsplit_once('.')) else {
        return false;
    };
    let pid = match end.strip_suffix(')').and_then(|end| end.split_once('(')) {
        Some((pid, number)) if is_number(number) => pid,
        Some(_) => return false,
        None => end,
    };
    !program.is_empty() && is_number(pid)
}

/// Whether a name is that of a dump that is being written, or was.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.strip_suffix(".unfinished").is_some_and(is_dump)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_harmless_and_known_again() {
        for (program, name) in [
            ("/opt/my app", "my app.7.dmp"),
            ("a\u{1b}[2J\n*", "a__2J__.7.dmp"),
            ("..", "_...7.dmp"),
            ("", "_.7.dmp"),
            ("größe.exe", "größe.exe.7.dmp"),
        ] {
            let made = DumpName::new(program, 7);
            assert_eq!(made.numbered(0), name);
            assert!(is_dump(&made.numbered(0)) && is_dump(&made.numbered(12)));
            assert!(is_unfinished(&made.unfinished()) && !is_dump(&made.unfinished()));
        }
        assert_eq!(DumpName::new("x", 7).numbered(1), "x.7(1).dmp");
        assert!(DumpName::new(&"ß".repeat(500), u32::MAX).unfinished().len() < 255);
    }

    #[test]
    fn other_files_are_nobodys_dumps() {
        for name in
            ["x.dmp", "x.y.dmp", ".7.dmp", "x.7.dmp~", "x.7()", "x.7(y).dmp", "x.7(1.dmp", "7.dmp", ""]
        {
            assert!(!is_dump(name) && !is_unfinished(name), "{name}");
        }
    }
}
