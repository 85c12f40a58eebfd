//! What a form and its parts say about themselves: the boundary of a `Content-Type`, name and file name of a part. Pure.

use crate::limits::{MAX_BOUNDARY_BYTES, MAX_PART_NAME_CHARS};

/// The head of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartHead {
    /// The field's name.
    pub name: String,
    /// What the client calls the file; `Some`, also when empty, makes the part a file. Names no file of ours.
    pub file_name: Option<String>,
    /// `Content-Type`, lower-case, without parameters.
    pub content_type: Option<String>,
}

impl PartHead {
    /// Reads the lines of a head, without the empty one. `None` without a field's name.
    #[must_use]
    pub fn parse(head: &[u8]) -> Option<Self> {
        let mut part = Self::default();
        let mut named = false;
        for line in String::from_utf8_lossy(head).split("\r\n") {
            let Some((key, value)) = line.split_once(':') else { continue };
            if key.eq_ignore_ascii_case("content-disposition") {
                for (key, value) in parameters(value) {
                    match key.as_str() {
                        "name" if !named => (part.name, named) = (cut(&value), true),
                        "filename" if part.file_name.is_none() => part.file_name = Some(cut(&value)),
                        // RFC 5987, what Python's clients write for names beyond ASCII.
                        "filename*" => part.file_name = Some(cut(extended(&value))),
                        _ => {}
                    }
                }
            } else if key.eq_ignore_ascii_case("content-type") {
                let value = value.split(';').next().unwrap_or_default();
                part.content_type = Some(value.trim().to_ascii_lowercase());
            }
        }
        named.then_some(part)
    }
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_PART_NAME_CHARS).collect()
}

/// `charset'language'text`. Only how it begins matters: the name is shown, not used.
fn extended(value: &str) -> &str {
    value.splitn(3, '\'').nth(2).unwrap_or(value)
}

/// `; key=value` and `; key="value"`. In quotes, `\"` is a quote and other backslashes stand for themselves: Windows'
/// clients send whole paths. `%22`, `%0D`, `%0A`, `%25` are what clients write for characters that would end the value.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find(';') {
        rest = rest.get(at + 1..).unwrap_or_default().trim_start();
        let Some((key, after)) = rest.split_once('=') else { break };
        let (text, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted_text(quoted),
            None => {
                let end = after.find(';').unwrap_or(after.len());
                let (text, after) = after.split_at(end);
                (text.trim().to_owned(), after)
            }
        };
        found.push((key.trim().to_ascii_lowercase(), unescape(&text)));
        rest = after;
    }
    found
}

fn quoted_text(quoted: &str) -> (String, &str) {
    let mut text = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (text, quoted.get(at + 1..).unwrap_or_default()),
            '\\' if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                text.push('"');
                characters.next();
            }
            c => text.push(c),
        }
    }
    (text, "")
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let code = escape.get(1..3).map(str::to_ascii_uppercase);
        let plain = match code.as_deref() {
            Some("22") => '"',
            Some("0D") => '\r',
            Some("0A") => '\n',
            Some("25") => '%',
            _ => {
                out.push('%');
                rest = escape.get(1..).unwrap_or_default();
                continue;
            }
        };
        out.push(plain);
        rest = escape.get(3..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The boundary of a `Content-Type` of `multipart/form-data` or `multipart/mixed`; `None` for any other.
#[must_use]
pub fn boundary(content_type: &str) -> Option<String> {
    let kind = content_type.split(';').next()?.trim();
    if !kind.eq_ignore_ascii_case("multipart/form-data") && !kind.eq_ignore_ascii_case("multipart/mixed") {
        return None;
    }
    let (_, boundary) = parameters(content_type).into_iter().find(|(key, _)| key == "boundary")?;
    let plain = boundary.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    (plain && (1..=MAX_BOUNDARY_BYTES).contains(&boundary.len())).then_some(boundary)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(disposition: &str) -> Option<PartHead> {
        PartHead::parse(format!("X: y\r\nContent-Disposition: form-data{disposition}").as_bytes())
    }

    #[test]
    fn names_are_read_as_clients_write_them() {
        for (text, name, file) in [
            ("; name=\"a\"", "a", None),
            ("; name=a; filename=b.dmp", "a", Some("b.dmp")),
            (r#"; name="a"; filename="C:\dumps\b.dmp""#, "a", Some(r"C:\dumps\b.dmp")),
            (r#"; name="a\"b""#, "a\"b", None),
            ("; name=\"a%22%0d%0Ab%25%41\"", "a\"\r\nb%%41", None),
            ("; name=\"a\"; filename=\"\"", "a", Some("")),
            ("; name=\"a\"; filename*=UTF-8''b%C3%A4", "a", Some("b%C3%A4")),
            ("; filename=\"x\"; NAME=\"a;b\"", "a;b", Some("x")),
            ("; name=\"a", "a", None),
        ] {
            let part = head(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((part.name.as_str(), part.file_name.as_deref()), (name, file), "{text}");
        }
        assert_eq!(head(""), None);
        assert_eq!(head("; filename=\"x\""), None);
        assert_eq!(PartHead::parse(b"\xff\xfe"), None);
    }

    #[test]
    fn boundaries_are_found() {
        let of = |text: &str| boundary(text);
        assert_eq!(of("multipart/form-data; boundary=abc").as_deref(), Some("abc"));
        assert_eq!(of("Multipart/Mixed; charset=x; boundary=\"a b\"").as_deref(), Some("a b"));
        let crashpad = "multipart/form-data; boundary=---MultipartBoundary-abc---";
        assert_eq!(of(crashpad).as_deref(), Some("---MultipartBoundary-abc---"));
        for none in ["", "text/plain; boundary=a", "multipart/form-data", "multipart/form-data; boundary="] {
            assert_eq!(of(none), None, "{none}");
        }
        assert_eq!(of(&format!("multipart/form-data; boundary={}", "a".repeat(500))), None);
    }
}
