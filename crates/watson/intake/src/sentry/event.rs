//! What a Sentry event says that a report needs: its id, the release, who it was. Pure; everything may be missing.

use serde_json::{Map, Value};

use crate::annotations::Pairs;
use crate::idempotency::uuid_text;
use crate::limits::{MAX_FIELD_NAME_CHARS, MAX_PART_NAME_CHARS};

/// Tags of an event that are kept.
const MAX_TAGS: usize = 64;

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// There was one.
    pub seen: bool,
    /// 32 lower-case digits.
    pub id: Option<String>,
    /// The user's id or the server's name: a machine, as far as Sentry knows one.
    pub client: Option<String>,
    /// Release, environment, platform, level, tags.
    pub annotations: Pairs,
}

impl Event {
    /// Reads an event; one that is no JSON object says nothing.
    #[must_use]
    pub fn read(text: &[u8]) -> Self {
        let Ok(object) = serde_json::from_slice::<Map<String, Value>>(text) else {
            return Self { seen: true, ..Self::default() };
        };
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(cut);
        let user = object.get("user").and_then(|user| user.get("id")).and_then(Value::as_str).map(cut);
        let mut annotations = Pairs::new();
        for key in ["release", "dist", "environment", "platform", "level", "logger"] {
            annotations.extend(text(key).map(|value| (key.to_owned(), value)));
        }
        if let Some(Value::Object(tags)) = object.get("tags") {
            let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            annotations.extend(
                tags.iter()
                    .take(MAX_TAGS)
                    .map(|(key, value)| (format!("tag.{}", name(key)), cut(&plain(value)))),
            );
        }
        Self {
            seen: true,
            id: text("event_id").as_deref().and_then(uuid_text),
            client: user.or_else(|| text("server_name")),
            annotations,
        }
    }

    /// What the envelope itself says of the event.
    pub fn add_header(&mut self, header: &Map<String, Value>) {
        self.id = header.get("event_id").and_then(Value::as_str).and_then(uuid_text);
    }

    /// Fields of a form that say parts of an event: `sentry[release]`.
    pub fn add_fields(&mut self, fields: &[(String, String)]) {
        for (key, value) in fields {
            let Some(key) = key.strip_prefix("sentry[").and_then(|key| key.strip_suffix(']')) else {
                continue;
            };
            match key {
                "event_id" => self.id = self.id.take().or_else(|| uuid_text(value)),
                "user][id" => self.client = Some(cut(value)),
                "release" => self.annotations.push(("release".into(), cut(value))),
                _ => {}
            }
        }
    }

    /// Another item with an event; what was told before stays.
    pub fn add(&mut self, other: Self) {
        self.seen |= other.seen;
        self.id = self.id.take().or(other.id);
        self.client = self.client.take().or(other.client);
        self.annotations.extend(other.annotations);
    }

    /// Product and version of `product@version`, Sentry's form of a release. Without `@` it is a version.
    #[must_use]
    pub fn release(&self) -> Option<(String, String)> {
        let (_, release) = self.annotations.iter().find(|(key, _)| key == "release")?;
        let (product, version) = release.rsplit_once('@').unwrap_or(("", release));
        Some((product.to_owned(), version.to_owned()))
    }
}

fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_PART_NAME_CHARS).collect()
}

fn name(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_FIELD_NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "9ec79c33ec9942ab8353589fcb2e04dc";

    #[test]
    fn an_event_says_who_and_what() {
        let text = format!(
            "{{\"event_id\":\"{ID}\",\"release\":\"game@1.2+3\",\"user\":{{\"id\":\"u\"}},\"tags\":{{\"a\":1}},\"x\":[]}}"
        );
        let event = Event::read(text.as_bytes());
        assert_eq!((event.id.as_deref(), event.client.as_deref()), (Some(ID), Some("u")));
        assert_eq!(event.release(), Some(("game".into(), "1.2+3".into())));
        assert!(event.annotations.contains(&("tag.a".into(), "1".into())));
        for nothing in ["", "[]", "{}", "{\"event_id\":5}", "{\"event_id\":\"x\"}"] {
            let event = Event::read(nothing.as_bytes());
            assert_eq!((event.id, event.annotations.len()), (None, 0), "{nothing}");
        }
    }

    #[test]
    fn parts_of_an_event_may_be_fields() {
        let mut event = Event::default();
        event.add_fields(&[
            ("sentry[release]".into(), "1.0".into()),
            ("sentry[event_id]".into(), ID.into()),
            ("sentry[user][id]".into(), "u".into()),
        ]);
        assert_eq!(event.release(), Some((String::new(), "1.0".into())));
        assert_eq!((event.id.as_deref(), event.client.as_deref()), (Some(ID), Some("u")));
    }

    #[test]
    fn the_envelopes_id_goes_before_the_events() {
        let mut event = Event::default();
        event.add_header(serde_json::json!({ "event_id": ID }).as_object().unwrap());
        event.add(Event::read(br#"{"event_id":"1ec79c33ec9942ab8353589fcb2e04dc"}"#));
        assert_eq!(event.id.as_deref(), Some(ID));
    }
}
