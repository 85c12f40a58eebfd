//! Text that a module or its host gave: checked, cut, and made fit for a line of a report.

use crate::limits::{MAX_BUFFER_WCHARS, MAX_REASON_CHARS};
use crate::protocol::WideAnswer;

/// Whether a text was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It lost its end.
    Yes,
    /// It is whole.
    No,
}

/// A callback's text, at most `max_units` UTF-16 units of it.
///
/// # Errors
/// The rule that it breaks, as the end of a sentence.
pub(super) fn checked(what: &str, answer: &WideAnswer, max_units: usize) -> Result<(String, Cut), String> {
    let WideAnswer { capacity, size, units } = answer;
    if size > capacity {
        return Err(format!("it gave {size} as the size of its {what} in a buffer of {capacity}"));
    }
    if *capacity as usize > MAX_BUFFER_WCHARS || units.len() > *size as usize {
        return Err(format!("its {what} is larger than its buffer"));
    }
    let cut = if units.len() > max_units { Cut::Yes } else { Cut::No };
    let kept = units.get(..boundary(units, max_units)).unwrap_or_default();
    let text = String::from_utf16(kept).map_err(|_| format!("its {what} is not valid UTF-16"))?;
    Ok((one_line(&text), cut))
}

/// Where to cut so that no surrogate pair is parted.
fn boundary(units: &[u16], max_units: usize) -> usize {
    match units.get(max_units.wrapping_sub(1)) {
        Some(0xD800..=0xDBFF) if units.len() > max_units => max_units - 1,
        _ => max_units.min(units.len()),
    }
}

/// A loader's or a host's sentence, kept short.
pub(super) fn reason(text: &str) -> String {
    one_line(&text.chars().take(MAX_REASON_CHARS).collect::<String>())
}

/// Control characters become spaces: a report is made of lines.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> WideAnswer {
        let units: Vec<u16> = text.encode_utf16().collect();
        WideAnswer { capacity: 260, size: units.len() as u32 + 1, units }
    }

    #[test]
    fn texts_are_cut_between_characters_and_stay_on_one_line() {
        assert_eq!(checked("name", &answer("a\r\nb"), 64), Ok(("a  b".to_owned(), Cut::No)));
        assert_eq!(checked("name", &answer("abc"), 2), Ok(("ab".to_owned(), Cut::Yes)));
        assert_eq!(checked("name", &answer("a\u{1F600}"), 2), Ok(("a".to_owned(), Cut::Yes)));
        assert_eq!(checked("name", &answer(""), 0), Ok((String::new(), Cut::No)));
    }

    #[test]
    fn lies_about_sizes_are_found() {
        let big = WideAnswer { capacity: 260, size: u32::MAX, units: vec![] };
        assert!(checked("name", &big, 64).unwrap_err().contains("4294967295"));
        let long = WideAnswer { capacity: 260, size: 1, units: vec![65; 2] };
        assert!(checked("name", &long, 64).is_err());
        let lone = WideAnswer { capacity: 260, size: 2, units: vec![0xDC00] };
        assert!(checked("name", &lone, 64).unwrap_err().contains("UTF-16"));
    }
}
