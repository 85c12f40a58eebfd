//! Paths in texts, of Windows and Linux: where they begin and end, and whose home they lead through. Pure.
//!
//! Rather too much is taken for a path than too little: where a path holds blanks nobody can say where it ends.

use std::ops::Range;

/// Folders below which each user has one.
const HOMES: [&str; 4] = ["home", "users", "documents and settings", "profiles"];
/// What stands below them and is nobody.
const NOBODY: [&str; 7] =
    ["public", "default", "default user", "all users", "shared", "defaultapppool", "linuxbrew"];

fn is_separator(c: char) -> bool {
    matches!(c, '/' | '\\')
}

/// Characters that no path goes past.
fn ends_path(c: char) -> bool {
    matches!(c, '"' | '<' | '>' | '|' | '*' | '\r' | '\n' | '\t' | '\0' | ';')
}

/// Where the last part of a path ends that stands among words.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || ends_path(c) || matches!(c, ',' | ')' | ']' | '}' | '\'' | '`')
}

/// Names of users: the part behind a folder of homes, wherever it stands and however many separators there are (JSON
/// doubles them).
pub(super) fn users(text: &str) -> Vec<Range<usize>> {
    let parts = parts(text);
    let mut found = Vec::new();
    for pair in parts.windows(2) {
        let [folder, name] = pair else { continue };
        let below = text.get(..folder.start).is_some_and(|before| before.ends_with(is_separator));
        let folder = text.get(folder.clone()).unwrap_or_default().to_lowercase();
        if !below || !HOMES.contains(&folder.as_str()) {
            continue;
        }
        let mut range = name.clone();
        let is_last = text.get(range.end..).is_none_or(|rest| !rest.starts_with(is_separator));
        if is_last && range.start > 0 && !starts_whole(text) {
            // Among words: a name with a blank cannot be told from what follows.
            let word = text.get(range.clone()).unwrap_or_default();
            range.end = range.start + word.find(ends_word).unwrap_or(word.len());
        }
        let name = text.get(range.clone()).unwrap_or_default();
        if !name.trim().is_empty() && !NOBODY.contains(&name.to_lowercase().as_str()) {
            found.push(range);
        }
    }
    found
}

/// Parts between separators; other characters that no path holds separate too.
fn parts(text: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        if is_separator(c) || ends_path(c) {
            if let Some(start) = start.take() {
                parts.push(start..at);
            }
            // What does not follow directly is no part of the same path.
            if ends_path(c) {
                parts.push(at..at);
            }
        } else if start.is_none() {
            start = Some(at);
        }
    }
    if let Some(start) = start {
        parts.push(start..text.len());
    }
    parts
}

/// The whole text is one path.
fn starts_whole(text: &str) -> bool {
    start_at(text, 0).is_some() && !text.contains(ends_path)
}

/// The server's name in `\\server\share` and `\\?\UNC\server\share`.
pub(super) fn servers(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("\\\\") {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if before.is_some_and(|c| {
            c.is_alphanumeric() || matches!(c, '\\' | ':' | '.' | '_' | '-' | ')' | '~' | '$')
        }) {
            continue;
        }
        let mut start = at;
        start += text.get(at..).map_or(0, |rest| rest.len() - rest.trim_start_matches('\\').len());
        let rest = text.get(start..).unwrap_or_default();
        if let Some(unc) = rest.strip_prefix("?\\").map(|rest| rest.trim_start_matches('\\')) {
            let Some(server) = unc.get(..4).filter(|word| word.eq_ignore_ascii_case("UNC\\")) else {
                continue;
            };
            start = text.len() - unc.len() + server.len();
        }
        let name = text.get(start..).unwrap_or_default();
        let end = name.find(|c: char| is_separator(c) || ends_word(c)).unwrap_or(name.len());
        let server = name.get(..end).unwrap_or_default();
        if !matches!(server, "" | "?" | "." | "localhost" | "wsl$" | "wsl.localhost") {
            found.push(start..start + end);
        }
    }
    found
}

/// A path in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FoundPath {
    /// All of it.
    pub(super) range: Range<usize>,
    /// Where its last part begins.
    pub(super) last: usize,
}

/// All paths, in order.
pub(super) fn paths(text: &str) -> Vec<FoundPath> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let next = text.get(at..).and_then(|rest| {
            rest.char_indices().map(|(offset, _)| at + offset).find_map(|at| Some((at, start_at(text, at)?)))
        });
        let Some((start, separator)) = next else { break };
        let Some(path) = extent(text, start, separator) else {
            at = start + 1;
            while !text.is_char_boundary(at) {
                at += 1;
            }
            continue;
        };
        at = path.range.end.max(start + 1);
        found.push(path);
    }
    found
}

/// Whether a path begins here; its separator.
fn start_at(text: &str, at: usize) -> Option<char> {
    let before = text.get(..at)?.chars().next_back();
    if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '\\' | '.' | '~' | '_' | '-')) {
        return None;
    }
    let rest = text.get(at..)?;
    let mut chars = rest.chars();
    let (first, second, third) = (chars.next()?, chars.next()?, chars.next());
    if first.is_ascii_alphabetic() && second == ':' && third.is_some_and(is_separator) {
        return third;
    }
    if first == '\\'
        && (second == '\\'
            || second == '?'
            || rest.get(..8).is_some_and(|d| d.eq_ignore_ascii_case("\\device\\")))
    {
        return Some('\\');
    }
    if first == '~' && second == '/' {
        return Some('/');
    }
    // "://" is a scheme's, but for file:///.
    let of_scheme = before == Some(':') && second == '/';
    if first == '/' && !second.is_whitespace() && !of_scheme && second != '/' {
        return Some('/');
    }
    if of_scheme && third == Some('/') {
        return Some('/');
    }
    None
}

fn extent(text: &str, start: usize, separator: char) -> Option<FoundPath> {
    let rest = text.get(start..)?;
    // A drive's colon is none that ends; in lists of Linux it ends a path.
    let stop = |(at, c): &(usize, char)| ends_path(*c) || (separator == '/' && *c == ':' && *at > 1);
    let segment_end = rest.char_indices().find(stop).map_or(rest.len(), |(at, _)| at);
    let segment = rest.get(..segment_end)?;
    let last = segment.rfind(separator)? + separator.len_utf8();
    let whole = start == 0 && segment_end == rest.len();
    let word = segment.get(last..)?;
    let end = if whole { segment_end } else { last + word.find(ends_word).unwrap_or(word.len()) };
    let head = segment.get(..last)?;
    // One part is no path: "/s" is a switch, "and /or" are words.
    let names = head.split(is_separator).filter(|part| !part.is_empty()).count();
    (names > 0 || whole).then(|| FoundPath { range: start..start + end, last: start + last })
}
