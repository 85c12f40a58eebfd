//! A debugger's command line: the form of `AeDebug`, a full path and arguments, quoted where they hold spaces. The first
//! `%ld` stands for the process's id, the second for the handle of an event, each further one for 0; `{dump}` and `{core}`
//! for files. No shell is involved, so nothing else has a meaning.

/// Characters of a command line.
const MAX_CHARS: usize = 4096;
const NUMBER: &str = "%ld";
const DUMP: &str = "{dump}";
const CORE: &str = "{core}";

/// Why a command line is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CommandLineError {
    /// Nothing is left of it.
    #[error("its command line is empty")]
    Empty,
    /// Its limit.
    #[error("its command line has more than {MAX_CHARS} characters")]
    TooLong,
    /// A quote is not closed.
    #[error("a quote in its command line is not closed")]
    Quote,
    /// Where it lies would depend on the folder that a crash happens in.
    #[error("its command line does not begin with a full path")]
    NotAbsolute,
    /// A character that no argument can hold.
    #[error("its command line holds a NUL character")]
    Nul,
}

/// A command line in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandLine {
    words: Vec<String>,
}

/// What the placeholders stand for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Values<'a> {
    pub(super) pid: u32,
    pub(super) event: usize,
    pub(super) dump: &'a str,
    pub(super) core: &'a str,
}

impl CommandLine {
    pub(super) fn parse(text: &str) -> Result<Self, CommandLineError> {
        if text.chars().count() > MAX_CHARS {
            return Err(CommandLineError::TooLong);
        }
        if text.contains('\0') {
            return Err(CommandLineError::Nul);
        }
        let words = words(text)?;
        match words.first() {
            None => Err(CommandLineError::Empty),
            Some(program) if !program.starts_with('/') => Err(CommandLineError::NotAbsolute),
            Some(_) => Ok(Self { words }),
        }
    }

    /// It names a process, to be attached to.
    pub(super) fn attaches(&self) -> bool {
        self.arguments().iter().any(|word| word.contains(NUMBER))
    }

    /// It wants a core file.
    pub(super) fn wants_core(&self) -> bool {
        self.arguments().iter().any(|word| word.contains(CORE))
    }

    /// It wants a dump.
    pub(super) fn wants_dump(&self) -> bool {
        self.arguments().iter().any(|word| word.contains(DUMP))
    }

    /// It wants a file to look at.
    pub(super) fn wants_file(&self) -> bool {
        self.wants_core() || self.wants_dump()
    }

    pub(super) fn program(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    fn arguments(&self) -> &[String] {
        self.words.get(1..).unwrap_or_default()
    }

    /// The arguments with their placeholders filled in. A value is never looked at for placeholders or spaces.
    pub(super) fn fill(&self, values: &Values<'_>) -> Vec<String> {
        let mut numbers = [values.pid.to_string(), values.event.to_string()].into_iter();
        self.arguments().iter().map(|word| fill(word, values, &mut numbers)).collect()
    }
}

fn fill(word: &str, values: &Values<'_>, numbers: &mut impl Iterator<Item = String>) -> String {
    let mut filled = String::new();
    let mut rest = word;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(NUMBER) {
            filled.push_str(&numbers.next().unwrap_or_else(|| "0".to_owned()));
            rest = after;
        } else if let Some(after) = rest.strip_prefix(DUMP) {
            filled.push_str(values.dump);
            rest = after;
        } else if let Some(after) = rest.strip_prefix(CORE) {
            filled.push_str(values.core);
            rest = after;
        } else {
            let mut characters = rest.chars();
            filled.extend(characters.next());
            rest = characters.as_str();
        }
    }
    filled
}

/// Words between spaces; a part in double quotes holds spaces, and may be empty.
fn words(text: &str) -> Result<Vec<String>, CommandLineError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    for character in text.chars() {
        match character {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' | '\t' if !is_quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    if is_quoted {
        return Err(CommandLineError::Quote);
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Vec<String> {
        let values = Values { pid: 77, event: 99, dump: "/a b/minidump.mdmp", core: "/tmp/%ld.core" };
        let line = CommandLine::parse(text).expect("a command line");
        [vec![line.program().to_owned()], line.fill(&values)].concat()
    }

    #[test]
    fn the_form_of_aedebug_is_filled_in() {
        assert_eq!(filled("/usr/bin/dbg -p %ld -e %ld -g"), ["/usr/bin/dbg", "-p", "77", "-e", "99", "-g"]);
        assert_eq!(filled("\"/opt/my tools/dbg\" -p=%ld:%ld %ld"), ["/opt/my tools/dbg", "-p=77:99", "0"]);
        assert_eq!(filled("/bin/x \"\" \"a b\"c"), ["/bin/x", "", "a bc"]);
    }

    #[test]
    fn files_are_one_argument_whatever_they_are_called() {
        assert_eq!(
            filled("/bin/x {dump} -c {core}"),
            ["/bin/x", "/a b/minidump.mdmp", "-c", "/tmp/%ld.core"]
        );
        let line = CommandLine::parse("/bin/x -c {core}").expect("a command line");
        assert!(line.wants_core() && line.wants_file() && !line.attaches());
        assert!(CommandLine::parse("/bin/x %ld").expect("a command line").attaches());
    }

    #[test]
    fn whatever_a_module_writes_is_words_or_an_error() {
        const PIECES: [&str; 12] =
            ["\"", " ", "%", "%ld", "ld", "{dump}", "{core}", "{", "}", "/", "\u{e9}\u{1F600}", "\\"];
        let mut state = 1_u64;
        for _ in 0..10_000 {
            let mut text = String::from("/");
            for _ in 0..12 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(PIECES[(state >> 33) as usize % PIECES.len()]);
            }
            let values = Values { pid: 1, event: 2, dump: "%ld", core: "{dump}" };
            if let Ok(line) = CommandLine::parse(&text) {
                assert!(line.program().starts_with('/'));
                assert_eq!(line.fill(&values).len(), line.arguments().len(), "{text}");
            } else {
                assert_eq!(text.matches('"').count() % 2, 1, "{text}");
            }
        }
    }

    #[test]
    fn what_cannot_be_started_says_why() {
        let error = |text: &str| CommandLine::parse(text).expect_err("no command line");
        assert_eq!(error("  "), CommandLineError::Empty);
        assert_eq!(error("gdb -p %ld"), CommandLineError::NotAbsolute);
        assert_eq!(error("\"/bin/x"), CommandLineError::Quote);
        assert_eq!(error("/bin/x \0"), CommandLineError::Nul);
        assert_eq!(error(&format!("/{}", "x".repeat(MAX_CHARS))), CommandLineError::TooLong);
    }
}
