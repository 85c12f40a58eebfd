//! Which settings file, and which section of it, a registry key stands for. Keys are read in any case.

use crate::catalogue::FileLevel;

/// A key of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) level: FileLevel,
    pub(super) sub: Sub,
}

/// Keys below `Windows Error Reporting`, and `AeDebug` beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sub {
    Top,
    Consent,
    Hangs,
    /// For all programs, or for one.
    LocalDumps(Option<String>),
    AeDebug,
    AutoExclusionList,
    /// A key whose values are names, by its section.
    List(&'static str),
}

/// Below `Software`, lower case.
const REPORTING: [&str; 3] = ["microsoft", "windows", "windows error reporting"];
/// Below `Software`, lower case.
const AE_DEBUG: [&str; 4] = ["microsoft", "windows nt", "currentversion", "aedebug"];
/// Keys whose values are names.
const LISTS: [&str; 3] = ["ExcludedApplications", "DebugApplications", "RuntimeExceptionHelperModules"];

/// The place of a key.
pub(super) fn place_of(key: &str) -> Result<Place, String> {
    let parts: Vec<&str> = key.split('\\').collect();
    let lower: Vec<String> = parts.iter().map(|part| part.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let elsewhere = || "the key is none of Windows Error Reporting's".to_owned();
    let is_machine = match lower.first() {
        Some(&("hkey_local_machine" | "hklm")) => true,
        Some(&("hkey_current_user" | "hkcu")) => false,
        _ => return Err(elsewhere()),
    };
    let mut at = 1;
    let mut skip = |word: &str| {
        let is_there = lower.get(at) == Some(&word);
        at += usize::from(is_there);
        is_there
    };
    if !skip("software") {
        return Err(elsewhere());
    }
    // 32-bit programs' own view of the same settings.
    skip("wow6432node");
    let is_policy = skip("policies");
    let level = match (is_machine, is_policy) {
        (true, true) => FileLevel::Policy,
        (true, false) => FileLevel::System,
        // A policy for one user cannot bind that user in a file of their own; it counts as what the user set.
        (false, _) => FileLevel::User,
    };
    let lower = lower.get(at..).unwrap_or_default();
    let parts = parts.get(at..).unwrap_or_default();
    if let Some(below) = lower.strip_prefix(AE_DEBUG.as_slice()).filter(|_| !is_policy) {
        let sub = match below {
            [] => Sub::AeDebug,
            ["autoexclusionlist"] => Sub::AutoExclusionList,
            _ => return Err(elsewhere()),
        };
        return Ok(Place { level, sub });
    }
    let below = lower.strip_prefix(REPORTING.as_slice()).ok_or_else(elsewhere)?;
    let sub = match below {
        [] => Sub::Top,
        ["consent"] => Sub::Consent,
        ["hangs"] => Sub::Hangs,
        ["localdumps"] => Sub::LocalDumps(None),
        ["localdumps", _] => Sub::LocalDumps(parts.last().map(|program| (*program).to_owned())),
        [list] => match LISTS.into_iter().find(|known| known.eq_ignore_ascii_case(list)) {
            Some(list) => Sub::List(list),
            None => return Err("the key means nothing on Linux".into()),
        },
        _ => return Err("the key means nothing on Linux".into()),
    };
    if matches!(sub, Sub::LocalDumps(_)) && level == FileLevel::User {
        return Err("Windows heeds local dumps of the machine's key only".into());
    }
    Ok(Place { level, sub })
}
