//! `include/` is what the libraries export: every function that a library's headers declare is in it, and every function
//! in it is declared.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::command::{cargo, run as run_command};
use crate::workspace::root;

/// A library and what declares it.
struct Library {
    package: &'static str,
    file: &'static str,
    headers: &'static [&'static str],
    /// Declared by one of its headers, and exported by the other library only.
    elsewhere: &'static [&'static str],
}

const LIBRARIES: [Library; 2] = [
    Library {
        package: "wer-libwer",
        file: "libwer.so",
        headers: &["werapi.h", "errorrep.h", "wer_linux.h", "wer_winbase.h"],
        elsewhere: &[],
    },
    Library {
        package: "wer-libwerdbghelp",
        file: "libwerdbghelp.so",
        headers: &["minidumpapiset.h", "wer_linux.h", "wer_winbase.h"],
        elsewhere: &[
            "WerAttachCrashHandler",
            "WerThreadAttach",
            "WerSetLastWords",
            "WerWatchdogStart",
            "WerWatchdogPet",
            "WerWatchdogStop",
        ],
    },
];

/// What is wrong in the repository. Builds the libraries first.
///
/// # Errors
/// The compiler, `nm` or cargo is missing or fails.
pub(super) fn check_repository() -> Result<Vec<String>> {
    let root = root();
    let mut wrong = Vec::new();
    for library in &LIBRARIES {
        let Library { package, file, headers, elsewhere } = library;
        run_command(&format!("building {file}"), &mut cargo(&["build", "--quiet", "--package", package]))?;
        let mut exported = exported(&root.join("target/debug").join(file))?;
        exported.extend(elsewhere.iter().map(ToString::to_string));
        let text = preprocessed(&root.join("include"), headers)?;
        wrong.extend(check(file, &text, &exported));
    }
    Ok(wrong)
}

/// Headers as the compiler sees them.
fn preprocessed(include: &Path, headers: &[&str]) -> Result<String> {
    let mut command = Command::new("cc");
    command.args(["-E", "-P", "-fshort-wchar", "-x", "c", "-I"]).arg(include).arg("-");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("cc cannot be started")?;
    let includes: String = headers.iter().map(|header| format!("#include <{header}>\n")).collect();
    child.stdin.take().context("its input is piped")?.write_all(includes.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "the headers do not pass the preprocessor");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Functions that a library exports.
fn exported(library: &Path) -> Result<BTreeSet<String>> {
    let mut command = Command::new("nm");
    let output =
        command.args(["-D", "--defined-only"]).arg(library).output().context("nm cannot be started")?;
    ensure!(output.status.success(), "nm {}: {}", library.display(), String::from_utf8_lossy(&output.stderr));
    Ok(functions(&String::from_utf8_lossy(&output.stdout)))
}

/// `0000000000001139 T WerGetFlags`
fn functions(nm: &str) -> BTreeSet<String> {
    let fields = nm.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields
        .filter(|fields| fields.get(1) == Some(&"T"))
        .filter_map(|fields| fields.get(2).map(ToString::to_string))
        .collect()
}

fn check(library: &str, headers: &str, exported: &BTreeSet<String>) -> Vec<String> {
    let (named, defined) = functions_of(headers);
    let is_ours = |name: &&String| ["Wer", "wer_", "MiniDump"].iter().any(|start| name.starts_with(start));
    let missing = named
        .difference(&defined)
        .filter(is_ours)
        .filter(|name| !exported.contains(*name))
        .map(|name| format!("include/ declares {name}, which {library} does not export"));
    let hidden =
        exported.difference(&named).map(|name| format!("{library} exports {name}, which no header declares"));
    missing.chain(hidden).collect()
}

/// Functions that the headers name, and those of them that they define inline. What an inline function calls is declared
/// too, so a call counts as a declaration.
fn functions_of(text: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut named, mut defined) = (BTreeSet::new(), BTreeSet::new());
    for (at, _) in text.match_indices('(') {
        let before = text[..at].trim_end();
        let start = before.rfind(|c| !is_part(c)).map_or(0, |index| index + 1);
        let name = &before[start..];
        if name.is_empty() {
            continue;
        }
        named.insert(name.to_owned());
        if after_parenthesis(&text[at..]).trim_start().starts_with('{') {
            defined.insert(name.to_owned());
        }
    }
    (named, defined)
}

/// What follows the parenthesis that matches the first character.
fn after_parenthesis(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + c.len_utf8()..];
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "HRESULT WerGetFlags(HANDLE process, PDWORD flags);\nHRESULT WerSetFlags (DWORD flags);\n\
                          typedef HRESULT (*PFN_CALLBACK)(void);\n\
                          static inline int WerInline(int (*call)(int)) { return WerGetFlags(0, 0) + call(1); }\nint printf(const char *format, ...);\n";

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_same_functions_on_both_sides_pass() {
        assert_eq!(check("libwer.so", HEADER, &set(&["WerGetFlags", "WerSetFlags"])), Vec::<String>::new());
    }

    #[test]
    fn a_missing_or_an_undeclared_function_does_not() {
        assert_eq!(check("libwer.so", HEADER, &set(&["WerGetFlags"])).len(), 1);
        assert_eq!(check("libwer.so", HEADER, &set(&["WerGetFlags", "WerSetFlags", "WerSecret"])).len(), 1);
    }

    #[test]
    fn nm_is_read() {
        let nm = "0000000000001139 T WerGetFlags\n0000000000004010 D data\n                 U free\n";
        assert_eq!(functions(nm), set(&["WerGetFlags"]));
    }
}
