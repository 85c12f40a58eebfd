//! What names a crash in each dialect, so that a report told twice is one hit. Pure; `docs/formats/idempotency.md` says
//! why each is what it is.

use sha2::{Digest, Sha256};
use watson_db::{IdempotencyKey, KeyKind};

/// A report of our own client: its GUID, in any letters, with or without braces. `None`: no GUID.
#[must_use]
pub fn own_report(guid: &str) -> Option<IdempotencyKey> {
    let guid = uuid_text(guid.trim_start_matches('{').trim_end_matches('}'))?;
    Some(key(KeyKind::Report, &[&guid]))
}

/// A minidump: the report's UUID, by the file's name (`<uuid>.dmp`) or by `CrashpadInfo` in the dump; else the dump's
/// own hash. `guid`, which names the client, is never asked.
#[must_use]
pub fn minidump(file_name: &str, crashpad_report: Option<&str>, sha256: &str) -> IdempotencyKey {
    let stem = file_name.rsplit(['/', '\\']).next().and_then(|name| name.strip_suffix(".dmp"));
    match stem.and_then(uuid_text).or_else(|| crashpad_report.and_then(uuid_text)) {
        Some(report) => key(KeyKind::Crashpad, &[&report]),
        None => key(KeyKind::Dump, &[sha256]),
    }
}

/// Sentry: the event's id, or, where the client has given none, the dump's hash.
#[must_use]
pub fn sentry(project: &str, event_id: Option<&str>, sha256: &str) -> IdempotencyKey {
    match event_id.and_then(uuid_text) {
        Some(event) => key(KeyKind::Sentry, &[project, &event]),
        None => key(KeyKind::Dump, &[sha256]),
    }
}

/// Length-prefixed, so that no two lists of parts have one hash. The kind is kept beside it, so dialects do not meet.
fn key(kind: KeyKind, parts: &[&str]) -> IdempotencyKey {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    IdempotencyKey::of_hash(kind, &hash.finalize())
}

/// A UUID as 32 lower-case digits; `None` for anything else, and for the nil UUID, which many crashes may share.
#[must_use]
pub fn uuid_text(text: &str) -> Option<String> {
    let digits: String = match text.len() {
        32 => text.to_ascii_lowercase(),
        36 => {
            let dashes = [8, 13, 18, 23].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
            if !dashes {
                return None;
            }
            text.replace('-', "").to_ascii_lowercase()
        }
        _ => return None,
    };
    let hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hex && digits.bytes().any(|byte| byte != b'0')).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
    const OTHER: &str = "1f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

    #[test]
    fn a_guid_is_the_same_however_it_is_written() {
        let key = own_report(UUID).unwrap();
        for text in [UUID.to_uppercase(), format!("{{{UUID}}}"), UUID.replace('-', "")] {
            assert_eq!(own_report(&text), Some(key), "{text}");
        }
        assert_ne!(own_report(OTHER), Some(key));
        for none in ["", "0", "00000000-0000-0000-0000-000000000000", &UUID[1..], "g".repeat(32).as_str()] {
            assert_eq!(own_report(none), None, "{none}");
        }
    }

    #[test]
    fn crashpad_is_known_by_its_report_and_breakpad_by_its_dump() {
        let named = minidump(&format!("C:\\db\\{UUID}.dmp"), None, "aa");
        assert_eq!(minidump(&format!("{UUID}.dmp"), Some(OTHER), "bb"), named, "the name decides");
        assert_eq!(minidump("minidump.dmp", Some(UUID), "cc"), named, "then the dump");
        assert_ne!(minidump("minidump.dmp", None, "aa"), named);
        assert_eq!(minidump("a.dmp", None, "aa"), minidump("b.dmp", None, "aa"));
        assert_ne!(minidump("a.dmp", None, "aa"), minidump("a.dmp", None, "bb"));
    }

    #[test]
    fn sentry_is_known_by_its_event() {
        let key = sentry("1", Some(UUID), "aa");
        assert_eq!(sentry("1", Some(&UUID.replace('-', "")), "bb"), key);
        assert_ne!(sentry("2", Some(UUID), "aa"), key);
        assert_ne!(sentry("1", Some(OTHER), "aa"), key);
        assert_eq!(sentry("1", None, "aa"), sentry("2", Some("no id"), "aa"));
        assert_ne!(sentry("1", None, "aa"), sentry("1", None, "bb"));
    }

    #[test]
    fn dialects_do_not_meet() {
        let keys = [own_report(UUID).unwrap(), minidump(&format!("{UUID}.dmp"), None, "a")];
        assert_ne!(keys[0], keys[1]);
        assert_ne!(keys[1], sentry("", Some(UUID), "a"));
    }
}
