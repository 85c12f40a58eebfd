//! What an upload says about itself: its fields and its query, and which of them name product, version and client. Pure.

use crate::limits::{MAX_FIELD_NAME_CHARS, MAX_QUERY_PAIRS};

/// Names and values, in the order in which they came.
pub type Pairs = Vec<(String, String)>;

/// Who sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Product; empty = not told.
    pub product: String,
    /// Its version; empty = not told.
    pub version: String,
    /// What the client calls itself (`guid`); it names a machine, never a crash. Empty = not told.
    pub client: String,
}

const PRODUCT: [&str; 4] = ["prod", "product", "ProductName", "_productName"];
const VERSION: [&str; 4] = ["ver", "version", "Version", "_version"];
const CLIENT: [&str; 2] = ["guid", "clientid"];
/// Characters of a name of a product, version or client.
const MAX_CHARS: usize = 256;

/// Looks in the fields, then in the query: a field was written with the crash, a query with the client's settings.
#[must_use]
pub fn identity(fields: &[(String, String)], query: &[(String, String)]) -> Identity {
    let find = |names: &[&str]| {
        let first = |pairs: &[(String, String)]| {
            names.iter().find_map(|name| {
                let (_, value) = pairs.iter().find(|(key, value)| key == name && !value.is_empty())?;
                Some(value.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect())
            })
        };
        first(fields).or_else(|| first(query)).unwrap_or_default()
    };
    Identity { product: find(&PRODUCT), version: find(&VERSION), client: find(&CLIENT) }
}

/// The pairs of a query.
#[must_use]
pub fn query_pairs(query: Option<&str>) -> Pairs {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .take(MAX_QUERY_PAIRS)
        .map(|(key, value)| (key.chars().take(MAX_FIELD_NAME_CHARS).collect(), value.into_owned()))
        .collect()
}

/// All annotations of a JSON object, as Socorro's clients send them in one part. `None`: no object, or values that are
/// neither text nor a plain number, truth or null.
#[must_use]
pub fn json_pairs(text: &[u8]) -> Option<Pairs> {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(text).ok()?;
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Null => Some(String::new()),
        // Firefox nests what it knows of its stacks.
        other => Some(other.to_string()),
    };
    object
        .into_iter()
        .map(|(key, value)| Some((key.chars().take(MAX_FIELD_NAME_CHARS).collect(), plain(value)?)))
        .collect()
}

/// The name under which a file is shown: its last component, without what a terminal or a header would take amiss.
/// Never the name of a file of ours.
#[must_use]
pub fn shown_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last
        .chars()
        .map(|c| if c.is_control() || matches!(c, '"' | '<' | '>' | ':' | '|' | '?' | '*') { '_' } else { c })
        .take(MAX_FIELD_NAME_CHARS)
        .collect();
    match shown.as_str() {
        "" | "." | ".." => "unnamed".into(),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
    }

    #[test]
    fn fields_say_who_it_is_and_the_query_where_they_do_not() {
        let query = query_pairs(Some("product=Q&version=1%2E2&guid=q+x&&x"));
        let who = identity(&pairs(&[("prod", "F"), ("ver", "")]), &query);
        let expected = Identity { product: "F".into(), version: "1.2".into(), client: "q x".into() };
        assert_eq!(who, expected);
        let electron = pairs(&[("_productName", "E"), ("_version", "9"), ("guid", "c\r\nX: y")]);
        assert_eq!(identity(&electron, &[]).client, "cX: y");
        assert_eq!(identity(&[], &query_pairs(None)), Identity::default());
    }

    #[test]
    fn annotations_in_json_are_an_object() {
        let found = json_pairs(br#"{"ProductName": "Firefox", "Uptime": 5, "Deep": {"a": [1]}, "No": null}"#);
        let expected = [("ProductName", "Firefox"), ("Uptime", "5"), ("Deep", r#"{"a":[1]}"#), ("No", "")];
        let mut found = found.unwrap();
        found.sort();
        let mut expected = pairs(&expected);
        expected.sort();
        assert_eq!(found, expected);
        for bad in [&b"[]"[..], b"{", b"\"a\"", b"\xff", b""] {
            assert_eq!(json_pairs(bad), None);
        }
        assert_eq!(json_pairs("[".repeat(100_000).as_bytes()), None);
    }

    #[test]
    fn names_of_files_lose_their_folders() {
        for (name, shown) in [
            ("a.dmp", "a.dmp"),
            (r"C:\Users\joe\a.dmp", "a.dmp"),
            ("../../etc/passwd", "passwd"),
            ("/", "unnamed"),
            ("..", "unnamed"),
            ("a/..", "unnamed"),
            ("a\r\nb\x1b[2J", "a__b_[2J"),
            ("", "unnamed"),
        ] {
            assert_eq!(shown_name(name), shown, "{name}");
        }
    }
}
