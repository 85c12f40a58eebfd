//! A file is short and says first what it is.

/// Lines of a file at most.
const MAX_LINES: usize = 600;

/// What is wrong with a Rust file.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        wrong.push(format!(
            "{path} has {lines} lines; {MAX_LINES} are the limit, so split it by what it does"
        ));
    }
    let first = text.lines().find(|line| !line.is_empty() && !line.starts_with("#!")).unwrap_or_default();
    // The tests of a module stand in a file beside it that the module itself names.
    if !first.starts_with("//!") && !path.ends_with("/tests.rs") {
        wrong.push(format!("{path} does not begin by saying what it is (//!)"));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_file_with_a_head_passes() {
        assert_eq!(check("a.rs", "//! What it is.\n\nfn main() {}\n"), Vec::<String>::new());
        assert_eq!(check("a/tests.rs", "use super::*;\n"), Vec::<String>::new());
        assert_eq!(check("a.rs", "#![no_main]\n//! What it is.\n"), Vec::<String>::new());
    }

    #[test]
    fn a_long_or_a_headless_file_does_not() {
        assert_eq!(check("a.rs", "fn main() {}\n").len(), 1);
        assert_eq!(check("a.rs", "// What it is.\nfn main() {}\n").len(), 1);
        assert_eq!(check("a.rs", &format!("//! What it is.\n{}", "\n".repeat(MAX_LINES))).len(), 1);
    }
}
