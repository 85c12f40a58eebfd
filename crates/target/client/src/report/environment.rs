//! `%NAME%` in the path of a file: the value of this variable of the process, as `WerReportAddFile` documents.

use super::Result;
use super::fits;
use wer_abi::limits::MAX_PATH;

/// The text with its variables replaced. What is no variable of the process, by its exact name, stays as it is, and so does
/// a `%` alone; a value is not looked at again.
///
/// # Errors
/// `WER_E_LENGTH_EXCEEDED` above the length of a path.
pub(super) fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        expanded.push_str(before);
        let known = behind.split_once('%').and_then(|(name, rest)| Some((variable(name)?, rest)));
        match known {
            Some((value, behind)) => {
                expanded.push_str(&value);
                rest = behind;
            }
            None => {
                expanded.push('%');
                rest = behind;
            }
        }
        fits(&expanded, MAX_PATH - 1)?;
    }
    expanded.push_str(rest);
    fits(&expanded, MAX_PATH - 1)?;
    Ok(expanded)
}

/// A variable of this process; `None` also for a name that can be none, and a value that is no text.
pub(super) fn of_process(name: &str) -> Option<String> {
    let can_be_a_name = !name.is_empty() && !name.contains(['=', '\0']);
    can_be_a_name.then(|| std::env::var(name).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_abi::Hresult;

    #[test]
    fn variables_are_replaced_and_everything_else_stays() {
        let variable = |name: &str| match name {
            "HOME" => Some("/home/me".to_owned()),
            "NESTED" => Some("%HOME%".to_owned()),
            "LONG" => Some("x".repeat(259)),
            _ => None,
        };
        for (text, expanded) in [
            ("%HOME%/a.log", "/home/me/a.log"),
            ("/a%HOME%%HOME%", "/a/home/me/home/me"),
            ("/100%/b", "/100%/b"),
            ("/%NONE%HOME%", "/%NONE/home/me"),
            ("%home%", "%home%"),
            ("/%%", "/%%"),
            ("%NESTED%", "%HOME%"),
            ("%LONG%", &"x".repeat(259)),
            ("", ""),
        ] {
            assert_eq!(expand(text, &variable).as_deref(), Ok(expanded), "{text}");
        }
        assert_eq!(expand("%LONG%%LONG%", &variable), Err(Hresult::WER_E_LENGTH_EXCEEDED));
        assert_eq!(expand("%LONG%x", &variable), Err(Hresult::WER_E_LENGTH_EXCEEDED));
        assert_eq!(of_process("a=b"), None);
    }
}
