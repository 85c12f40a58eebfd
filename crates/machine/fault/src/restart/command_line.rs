//! Takes a command line apart as Windows' programs do it.

/// The arguments of a command line that has no program's name.
///
/// Spaces and tabs separate. `"` begins and ends a part that may hold them; `""` within such a part is one `"`.
/// Backslashes stand for themselves, except before a `"`: there each pair is one, and a single one makes the `"` an
/// ordinary character.
#[must_use]
pub fn split(line: &str) -> Vec<String> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut is_quoted = false;
    let mut rest = line.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            ' ' | '\t' if !is_quoted => arguments.extend(current.take()),
            '\\' => {
                let mut count = 1;
                while rest.next_if_eq(&'\\').is_some() {
                    count += 1;
                }
                let argument = current.get_or_insert_default();
                let before_quote = rest.peek() == Some(&'"');
                let kept = if before_quote { count / 2 } else { count };
                argument.extend(std::iter::repeat_n('\\', kept));
                if before_quote && count % 2 == 1 {
                    argument.extend(rest.next());
                }
            }
            '"' => {
                let argument = current.get_or_insert_default();
                if is_quoted && rest.next_if_eq(&'"').is_some() {
                    argument.push('"');
                } else {
                    is_quoted = !is_quoted;
                }
            }
            other => current.get_or_insert_default().push(other),
        }
    }
    arguments.extend(current);
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_mean_what_they_mean_on_windows() {
        let table: [(&str, &[&str]); 12] = [
            ("", &[]),
            ("  \t ", &[]),
            ("a b\tc", &["a", "b", "c"]),
            ("\"a b\" c", &["a b", "c"]),
            ("\"\"", &[""]),
            ("a\"b c\"d", &["ab cd"]),
            (r"C:\dir\ x", &[r"C:\dir\", "x"]),
            (r#"a\"b"#, &["a\"b"]),
            (r#"a\\"b c""#, &[r"a\b c"]),
            (r#"a\\\"b"#, &[r#"a\"b"#]),
            (r#""a""b""#, &["a\"b"]),
            ("\"open ", &["open "]),
        ];
        for (line, arguments) in table {
            assert_eq!(split(line), arguments, "{line}");
        }
    }
}
