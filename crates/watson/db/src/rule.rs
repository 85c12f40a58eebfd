//! Rules over parameters, and the order of versions. Pure.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wer_model::Signature;

/// Holds for crashes whose event type and parameters fit its patterns. `*` in a pattern stands for any text; letters
/// match in either case, as Windows' names do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Pattern of the event type; empty = any.
    pub event_type: String,
    /// Patterns by number, from 1 (`P1`). A parameter that a crash does not have is empty.
    pub parameters: BTreeMap<u32, String>,
}

impl Rule {
    /// Whether it holds for a signature.
    #[must_use]
    pub fn holds(&self, signature: &Signature) -> bool {
        let value = |number: u32| {
            let index = (number as usize).checked_sub(1);
            let parameter = index.and_then(|index| signature.parameters.get(index));
            parameter.map_or("", |parameter| parameter.value.as_str())
        };
        (self.event_type.is_empty() || fits(&self.event_type, &signature.event_type))
            && self.parameters.iter().all(|(number, pattern)| fits(pattern, value(*number)))
    }
}

/// In time of the product of both lengths at most: after a `*`, only the last one is ever tried again.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase().into_bytes(), text.to_lowercase().into_bytes());
    let (mut at, mut read, mut star) = (0, 0, None);
    while read < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at, read));
            at += 1;
        } else if pattern.get(at).is_some_and(|byte| text.get(read) == Some(byte)) {
            (at, read) = (at + 1, read + 1);
        } else if let Some((star_at, tried)) = star {
            star = Some((star_at, tried + 1));
            (at, read) = (star_at + 1, tried + 1);
        } else {
            return false;
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

/// Whether `version` is `fixed_in` or newer: parts between dots, numbers as numbers, a missing part is 0. A version that
/// is empty is never newer.
#[must_use]
pub fn has_fix(version: &str, fixed_in: &str) -> bool {
    !version.is_empty() && order(version, fixed_in) != Ordering::Less
}

fn order(one: &str, other: &str) -> Ordering {
    let parts = |version: &str| -> Vec<(u64, String)> { version.split(['.', '-', '+']).map(part).collect() };
    let (one, other) = (parts(one), parts(other));
    let zero = (0, String::new());
    (0..one.len().max(other.len()))
        .map(|index| one.get(index).unwrap_or(&zero).cmp(other.get(index).unwrap_or(&zero)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// The number that a part begins with, and what follows it.
fn part(text: &str) -> (u64, String) {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    let number = if number.is_empty() { 0 } else { number.parse().unwrap_or(u64::MAX) };
    (number, rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use wer_model::Parameter;

    #[test]
    fn stars_stand_for_any_text_and_case_does_not_matter() {
        for (pattern, text) in
            [("*", ""), ("a*c", "ABBBC"), ("a*", "a"), ("*.exe", "x.exe"), ("a*b*c", "a-b-b-c")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", ""), ("a*c", "ab"), ("*.exe", "exe"), ("a*b*c", "acb")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
        assert!(!fits(&"*a".repeat(200), &"a".repeat(199)), "and it comes to an end");
    }

    #[test]
    fn a_rule_holds_where_all_its_patterns_do() {
        let signature = Signature {
            event_type: "APPCRASH".into(),
            parameters: vec![Parameter::new("Application Name", "App.exe"), Parameter::new("v", "1.2.0.0")],
        };
        let rule = |event_type: &str, parameters: &[(u32, &str)]| Rule {
            event_type: event_type.into(),
            parameters: parameters.iter().map(|(number, text)| (*number, (*text).to_owned())).collect(),
        };
        assert!(rule("", &[]).holds(&signature));
        assert!(rule("appcrash", &[(1, "app*"), (2, "1.2.*")]).holds(&signature));
        assert!(!rule("APPCRASH", &[(1, "app*"), (2, "1.3.*")]).holds(&signature));
        assert!(rule("", &[(9, "")]).holds(&signature) && !rule("", &[(9, "x")]).holds(&signature));
        assert!(!rule("", &[(0, "App.exe")]).holds(&signature));
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (version, fixed_in) in
            [("1.10", "1.9"), ("2", "1.9.9"), ("1.0", "1.0.0.0"), ("1.2.3b", "1.2.3a"), ("1.2", "1.2")]
        {
            assert!(has_fix(version, fixed_in), "{version} {fixed_in}");
        }
        for (version, fixed_in) in
            [("1.9", "1.10"), ("", "0"), ("1.0", "1.0.1"), ("99", "99999999999999999999999")]
        {
            assert!(!has_fix(version, fixed_in), "{version} {fixed_in}");
        }
    }
}
