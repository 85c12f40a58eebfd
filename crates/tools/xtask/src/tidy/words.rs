//! Words that mean unfinished work. What is missing stands in docs/status.md, not in the code.

/// Put together here, so that this file does not hold them.
const FORBIDDEN: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimple", "mented!"), concat!("to", "do!(")];

/// Lines with such words.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for word in FORBIDDEN {
            if contains_word(line, word) {
                wrong.push(format!(
                    "{path}:{}: \"{word}\" means unfinished work; finish it or name it in docs",
                    index + 1
                ));
            }
        }
    }
    wrong
}

fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        !letter(before) && (word.ends_with('(') || !letter(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finished_work_passes() {
        assert_eq!(check("a.rs", "// A fixed method, mentioned in MASTODON.\n"), Vec::<String>::new());
    }

    #[test]
    fn unfinished_work_does_not() {
        for word in FORBIDDEN {
            assert_eq!(check("a.rs", &format!("x {word} y")).len(), 1, "{word}");
        }
    }
}
