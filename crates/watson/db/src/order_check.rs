//! What a data policy or a solution may say. Pure. Who sets one is an administrator, whose mistakes reach every machine:
//! what cannot be meant is refused, with the field and what is allowed.

use crate::hit::Solution;
use crate::limits::{
    MAX_ANSWER_CHARS, MAX_PATTERN_CHARS, MAX_PATTERN_STARS, MAX_RULE_PARAMETERS, MAX_VERSION_CHARS,
    MAX_WANT_CHARS, MAX_WANTED, MAX_WANTS,
};
use crate::orders::Scope;
use crate::policy::{Quota, Wants};
use crate::rule::Rule;
use crate::solution_url::check_url;
use crate::{DataPolicy, DbError};

/// Dump types that can be asked for; empty = the machine's choice.
pub const DUMP_TYPES: [&str; 7] = ["", "mini", "heap", "full", "triage", "minidump", "fulldump"];

pub(crate) fn check_policy(policy: &DataPolicy, now_ms: i64) -> Result<(), DbError> {
    check_scope(&policy.scope)?;
    check_quota(&policy.quota)?;
    check_wants(&policy.wants)?;
    if policy.until_ms.is_some_and(|until_ms| until_ms <= now_ms) {
        return Err(invalid("until", "this time is over; a data policy must end in the future"));
    }
    Ok(())
}

/// `hosts`: those that a URL may lead to; none = any.
pub(crate) fn check_solution(scope: &Scope, solution: &Solution, hosts: &[String]) -> Result<(), DbError> {
    check_scope(scope)?;
    let Solution { url, text, fixed_in, .. } = solution;
    if url.is_empty() && text.is_empty() {
        return Err(invalid("text", "a solution needs a text, a URL, or both"));
    }
    if !url.is_empty() {
        check_url(url, hosts)?;
    }
    within("text", text, MAX_ANSWER_CHARS)?;
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(invalid("text", "it holds control characters; only line ends are allowed"));
    }
    if let Some(version) = fixed_in {
        within("fixed_in", version, MAX_VERSION_CHARS)?;
        if !version.starts_with(|c: char| c.is_ascii_digit()) || version.chars().any(char::is_control) {
            return Err(invalid("fixed_in", "write a version that begins with a number, such as 1.10.2"));
        }
    }
    Ok(())
}

fn check_scope(scope: &Scope) -> Result<(), DbError> {
    match scope {
        Scope::Label(_) => Ok(()),
        Scope::Rule(rule) => check_rule(rule),
    }
}

fn check_rule(rule: &Rule) -> Result<(), DbError> {
    if rule.event_type.is_empty() && rule.parameters.is_empty() {
        return Err(invalid(
            "rule",
            "it names neither an event type nor a parameter; the event type \"*\" stands for every crash",
        ));
    }
    if rule.parameters.len() > MAX_RULE_PARAMETERS {
        return Err(invalid("rule.parameters", format!("{MAX_RULE_PARAMETERS} patterns are the limit")));
    }
    let limit = u32::try_from(MAX_RULE_PARAMETERS).unwrap_or(u32::MAX);
    if rule.parameters.keys().any(|number| !(1..=limit).contains(number)) {
        return Err(invalid("rule.parameters", format!("parameters are numbered from 1 to {limit}")));
    }
    for pattern in rule.parameters.values().chain([&rule.event_type]) {
        within("rule", pattern, MAX_PATTERN_CHARS)?;
        if pattern.matches('*').count() > MAX_PATTERN_STARS {
            return Err(invalid("rule", format!("a pattern has at most {MAX_PATTERN_STARS} stars")));
        }
    }
    Ok(())
}

fn check_quota(quota: &Quota) -> Result<(), DbError> {
    let numbers = [
        ("cabs", quota.wanted),
        ("memory_dumps", quota.memory_dumps),
        ("max_spoiled", quota.max_spoiled),
        ("per_machine", quota.per_machine),
    ];
    for (field, number) in numbers {
        if number > MAX_WANTED {
            return Err(invalid(field, format!("{number} is more than the limit of {MAX_WANTED}")));
        }
    }
    if quota.per_machine == 0 {
        return Err(invalid("per_machine", "a machine must be allowed at least one"));
    }
    Ok(())
}

fn check_wants(wants: &Wants) -> Result<(), DbError> {
    if !DUMP_TYPES.contains(&wants.dump_type.as_str()) {
        return Err(invalid(
            "dump_type",
            format!(
                "{:?} is none of mini, heap, full, triage; empty = the machine's choice",
                wants.dump_type
            ),
        ));
    }
    let lists = [
        ("files", &wants.files),
        ("file_versions", &wants.file_versions),
        ("keys", &wants.keys),
        ("queries", &wants.queries),
    ];
    for (field, list) in lists {
        if list.len() > MAX_WANTS {
            return Err(invalid(field, format!("{MAX_WANTS} entries are the limit")));
        }
        for text in list {
            within(field, text, MAX_WANT_CHARS)?;
            if text.trim().is_empty() || text.chars().any(|c| c.is_control() || c == ';') {
                return Err(invalid(
                    field,
                    "an entry is empty, or holds a control character or a semicolon, which separates entries",
                ));
            }
        }
    }
    Ok(())
}

fn within(field: &'static str, text: &str, limit: usize) -> Result<(), DbError> {
    let chars = text.chars().count();
    if chars > limit {
        return Err(invalid(field, format!("it has {chars} characters; {limit} are the limit")));
    }
    Ok(())
}

fn invalid(field: &'static str, why: impl Into<String>) -> DbError {
    DbError::Invalid { field, why: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn policy() -> DataPolicy {
        DataPolicy {
            tenant: 1,
            scope: Scope::Rule(Rule { event_type: "APPCRASH".into(), ..Rule::default() }),
            quota: Quota { wanted: 20, memory_dumps: 2, max_spoiled: 10, per_machine: 1 },
            wants: Wants::default(),
            until_ms: None,
        }
    }

    fn field(change: impl FnOnce(&mut DataPolicy)) -> &'static str {
        let mut policy = policy();
        change(&mut policy);
        match check_policy(&policy, 1_000) {
            Err(DbError::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_policy_that_cannot_be_meant_names_its_field() {
        check_policy(&policy(), 1_000).unwrap();
        let rule = |rule: Rule| move |policy: &mut DataPolicy| policy.scope = Scope::Rule(rule);
        let parameters = |list: &[(u32, &str)]| Rule {
            parameters: list.iter().map(|(number, text)| (*number, (*text).to_owned())).collect(),
            ..Rule::default()
        };
        assert_eq!(field(rule(Rule::default())), "rule");
        assert_eq!(field(rule(parameters(&[(0, "a")]))), "rule.parameters");
        assert_eq!(field(rule(parameters(&[(1, &"*a".repeat(20))]))), "rule");
        assert_eq!(field(rule(parameters(&[(1, &"a".repeat(2_000))]))), "rule");
        let many: BTreeMap<_, _> = (1..100).map(|number| (number, "a".to_owned())).collect();
        assert_eq!(field(rule(Rule { parameters: many, ..Rule::default() })), "rule.parameters");
        assert_eq!(field(|policy| policy.quota.wanted = 1_000_000), "cabs");
        assert_eq!(field(|policy| policy.quota.per_machine = 0), "per_machine");
        assert_eq!(field(|policy| policy.until_ms = Some(1_000)), "until");
        assert_eq!(field(|policy| policy.wants.dump_type = "huge".into()), "dump_type");
        assert_eq!(field(|policy| policy.wants.files = vec!["a;b".into()]), "files");
        assert_eq!(field(|policy| policy.wants.queries = vec!["a".into(); 100]), "queries");
    }

    #[test]
    fn a_solution_that_cannot_be_meant_names_its_field() {
        let solution = |url: &str, text: &str, fixed_in: Option<&str>| {
            let solution =
                Solution { id: 0, url: url.into(), text: text.into(), fixed_in: fixed_in.map(str::to_owned) };
            check_solution(&Scope::Label(1), &solution, &[])
        };
        solution("https://a.example/b?c=1", "Update.\nThen start again.", Some("1.2")).unwrap();
        solution("", "Update.", None).unwrap();
        for (url, text, fixed_in, expected) in [
            ("", "", None, "text"),
            ("javascript:alert(1)", "", None, "url"),
            ("https:///x", "", None, "url"),
            ("https://a b", "", None, "url"),
            ("", "\u{1b}[31m", None, "text"),
            ("", &"a".repeat(5_000), None, "text"),
            ("", "a", Some("latest"), "fixed_in"),
        ] {
            match solution(url, text, fixed_in) {
                Err(DbError::Invalid { field, .. }) => assert_eq!(field, expected, "{url} {text}"),
                other => panic!("{url} {text}: {other:?}"),
            }
        }
    }
}
