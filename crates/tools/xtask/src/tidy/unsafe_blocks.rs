//! Every unsafe block says above itself why it is sound.

/// Lines that a statement may take before its unsafe block begins.
const MAX_STATEMENT_LINES: usize = 4;

/// Unsafe blocks without a reason.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let blocks = lines.iter().enumerate().filter(|(_, line)| opens_block(line));
    blocks
        .filter(|(index, _)| !has_reason(&lines, *index))
        .map(|(index, _)| format!("{path}:{}: the unsafe block has no SAFETY line above it", index + 1))
        .collect()
}

/// What opens a block; put together here, so that this file does not hold it.
const OPENINGS: [&str; 2] = [concat!("uns", "afe {"), concat!("uns", "afe impl")];

fn opens_block(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let mut outside_texts = code.split('"').step_by(2);
    !code.contains('`') && outside_texts.any(|part| OPENINGS.iter().any(|opening| part.contains(opening)))
}

fn has_reason(lines: &[&str], index: usize) -> bool {
    let mut is_statement = true;
    let mut statement_lines = 0;
    for line in lines.iter().take(index).rev() {
        if line.starts_with("//") {
            is_statement = false;
            if line.contains("SAFETY:") {
                return true;
            }
        } else if line.starts_with("#[") {
            continue;
        } else if is_statement && statement_lines < MAX_STATEMENT_LINES && continues(line) {
            statement_lines += 1;
        } else {
            return false;
        }
    }
    false
}

/// The line is not the end of something, so the next one belongs to the same statement.
fn continues(line: &str) -> bool {
    !line.is_empty() && !line.ends_with([';', '{', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `@` stands for the keyword, so that this file does not hold blocks of its own.
    fn broken(text: &str) -> usize {
        check("a.rs", &text.replace('@', concat!("uns", "afe"))).len()
    }

    #[test]
    fn a_reason_above_the_statement_passes() {
        for good in [
            "// SAFETY: the pointer was checked above.\nlet x = @ { *p };",
            "// SAFETY: the pointer was checked above,\n// by whoever gave it.\nlet x =\n    call(@ { *p });",
            "// SAFETY: it has no fields.\n@ impl Send for X {}",
            "// the words @ { in a comment",
            "let text = \"@ { in a text\";",
        ] {
            assert_eq!(broken(good), 0, "{good}");
        }
    }

    #[test]
    fn none_or_another_blocks_reason_does_not() {
        for bad in [
            "let x = @ { *p };",
            "// It is fine.\nlet x = @ { *p };",
            "// SAFETY: of the first.\nlet x = @ { *p };\nlet y = @ { *q };",
        ] {
            assert_eq!(broken(bad), 1, "{bad}");
        }
    }
}
