//! What becomes of names before anything is stored: of users, of machines, of folders, of addresses. Pure: rules and a
//! report's texts in, texts out.
//!
//! 1. A [`Cleaner`] learns the names that a report tells anywhere: in fields that say so, in paths through somebody's home,
//!    in lines like an environment's, in JSON.
//! 2. It cleans every text by place (paths, fields) and then of the names that it has learnt.
//!
//! Cabs, dumps and attachments hold such names too; nobody can clean those at the door.

mod keys;
mod learn;
mod level1;
mod paths;
mod secrets;

use std::net::IpAddr;

use serde_json::Value;
use watson_db::pseudonym::machine_text;
pub use watson_db::{PrivacyRules, Pseudonyms, Treatment};

use crate::privacy::keys::{Holds, holds};
use crate::privacy::secrets::Secrets;

/// Characters of a key of a line like an environment's.
const MAX_LINE_KEY_CHARS: usize = 64;

/// Cleans the texts of one report.
#[derive(Clone, Debug)]
pub struct Cleaner<'a> {
    rules: PrivacyRules,
    names: &'a Pseudonyms,
    tenant: i64,
    secrets: Secrets,
}

/// What is left of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Its last part: programs and modules are told by it.
    Last,
    Nothing,
}

impl<'a> Cleaner<'a> {
    /// A cleaner for a report of a tenant.
    #[must_use]
    pub fn new(rules: PrivacyRules, names: &'a Pseudonyms, tenant: i64) -> Self {
        Self { rules, names, tenant, secrets: Secrets::default() }
    }

    /// What stands in a value's place.
    fn instead(&self, treatment: Treatment, holds: Holds, value: &str) -> String {
        let (kind, word) = match holds {
            Holds::User => ("u", "<user>"),
            Holds::Machine => ("m", "<machine>"),
            Holds::Address => ("a", "<address>"),
            Holds::Version | Holds::Other => ("p", "<path>"),
        };
        match treatment {
            Treatment::Keep => value.to_owned(),
            Treatment::Drop => word.to_owned(),
            // The same as in the rows' own columns.
            Treatment::Hash if holds == Holds::Machine => {
                machine_text(&self.names.machine(self.tenant, value))
            }
            Treatment::Hash => self.names.text(kind, self.tenant, value),
        }
    }

    fn treatment(&self, holds: Holds) -> Treatment {
        match holds {
            Holds::User => self.rules.user,
            Holds::Machine => self.rules.machine,
            Holds::Address => self.rules.address,
            Holds::Version | Holds::Other => Treatment::Keep,
        }
    }

    /// A text in which no part of a path need stay.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        self.clean(text, Left::Nothing)
    }

    /// A name of a program, a module or a file, perhaps with its folders: the last part stays.
    #[must_use]
    pub fn name(&self, text: &str) -> String {
        self.clean(text, Left::Last)
    }

    /// A program's own name: reports are filed, and rules looked up, by it. It loses its folders and nothing else.
    #[must_use]
    pub fn program(&self, text: &str) -> String {
        self.by_place(text, Left::Last)
    }

    fn clean(&self, text: &str, left: Left) -> String {
        if self.rules.keeps_all_text() {
            text.to_owned()
        } else {
            self.secrets.out_of(&self.by_place(text, left))
        }
    }

    fn by_place(&self, text: &str, left: Left) -> String {
        let text = if self.rules.paths == Treatment::Keep {
            text.to_owned()
        } else {
            self.without_folders(text, left)
        };
        let users = self.replaced(&text, paths::users(&text), Holds::User);
        self.replaced(&users, paths::servers(&users), Holds::Machine)
    }

    fn replaced(&self, text: &str, ranges: Vec<std::ops::Range<usize>>, kind: Holds) -> String {
        let treatment = self.treatment(kind);
        if treatment == Treatment::Keep {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for range in ranges {
            out.push_str(text.get(copied..range.start).unwrap_or_default());
            out.push_str(&self.instead(treatment, kind, text.get(range.clone()).unwrap_or_default()));
            copied = range.end;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }

    fn without_folders(&self, text: &str, left: Left) -> String {
        let mut out = String::with_capacity(text.len());
        let mut copied = 0;
        for path in paths::paths(text) {
            out.push_str(text.get(copied..path.range.start).unwrap_or_default());
            copied = path.range.end;
            let last = text.get(path.last..path.range.end).unwrap_or_default();
            let hashed = |part: &str| self.instead(Treatment::Hash, Holds::Other, part);
            let folders = text.get(path.range.start..path.last).unwrap_or_default();
            match (left, self.rules.paths) {
                (Left::Last, Treatment::Drop) if !last.is_empty() => out.push_str(last),
                (Left::Last, Treatment::Hash) => out.push_str(&format!("{}/{last}", hashed(folders))),
                (_, Treatment::Hash) => out.push_str(&hashed(text.get(path.range).unwrap_or_default())),
                _ => out.push_str("<path>"),
            }
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }

    /// The value of a field: by its name, as JSON, as lines, or as a text.
    #[must_use]
    pub fn pair(&self, key: &str, value: &str) -> String {
        self.pair_left(key, value, Left::Nothing)
    }

    fn pair_left(&self, key: &str, value: &str, left: Left) -> String {
        if self.rules.keeps_all_text() || value.is_empty() {
            return value.to_owned();
        }
        let kind = holds(key);
        let kind = if kind == Holds::Other && is_address(value) { Holds::Address } else { kind };
        let treatment = self.treatment(kind);
        if treatment != Treatment::Keep {
            return self.instead(treatment, kind, value.trim());
        }
        if let Some(json) = json_of(value) {
            return self.json(key, json).to_string();
        }
        let lines = value.split_inclusive(is_line_end).map(|text| {
            let end = text.trim_end_matches(is_line_end).len();
            let (text, end) = text.split_at(end);
            match line(text).filter(|(key, _)| holds(key) != Holds::Other) {
                Some((key, value)) => {
                    let before = text.get(..text.len() - value.len()).unwrap_or_default();
                    format!("{}{}{end}", self.clean(before, left), self.pair_left(key, value, left))
                }
                None => format!("{}{end}", self.clean(text, left)),
            }
        });
        lines.collect()
    }

    fn json(&self, key: &str, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.pair(telling(key), &text)),
            Value::Number(number) if self.treatment(holds(telling(key))) != Treatment::Keep => {
                Value::String(self.pair(telling(key), &number.to_string()))
            }
            Value::Array(list) => list.into_iter().map(|value| self.json(key, value)).collect(),
            Value::Object(map) => {
                let last = key.rsplit(' ').next().unwrap_or_default().to_owned();
                let clean = |(name, value): (String, Value)| {
                    let value = self.json(&format!("{last} {name}"), value);
                    (self.text(&name), value)
                };
                Value::Object(map.into_iter().map(clean).collect())
            }
            plain => plain,
        }
    }

    /// What an analysis says, every text of it, with the last parts of paths. Learns from all of it first.
    #[must_use]
    pub fn reading(&mut self, value: Value) -> Value {
        self.learn_json("", &value);
        self.read(value)
    }

    fn read(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.name(&text)),
            Value::Array(list) => list.into_iter().map(|value| self.read(value)).collect(),
            Value::Object(map) => map.into_iter().map(|(name, value)| (name, self.read(value))).collect(),
            plain => plain,
        }
    }

    /// A machine's name for the rows: empty where it is dropped.
    #[must_use]
    pub fn machine(&self, name: &str) -> String {
        match self.rules.machine {
            Treatment::Keep => name.to_owned(),
            Treatment::Hash if !name.is_empty() => machine_text(&self.names.machine(self.tenant, name)),
            Treatment::Hash | Treatment::Drop => String::new(),
        }
    }

    /// A header that is kept; `None` where nothing of it is.
    #[must_use]
    pub fn header(&self, name: &str, value: &str) -> Option<String> {
        if !name.eq_ignore_ascii_case("user-agent") {
            return Some(self.pair(name, value));
        }
        match self.rules.agent {
            Treatment::Keep => Some(self.text(value)),
            Treatment::Hash => Some(self.names.text("h", self.tenant, value)),
            Treatment::Drop => None,
        }
    }
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\0')
}

/// `KEY=value` or `KEY: value`.
fn line(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=').or_else(|| text.split_once(": "))?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | ' ');
    (key.len() <= MAX_LINE_KEY_CHARS && key.chars().all(plain)).then_some((key, value))
}

fn json_of(text: &str) -> Option<Value> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// Of "user id", the names of a field and of what it is in: the field's own where that tells what it holds, else both.
fn telling(key: &str) -> &str {
    let own = key.rsplit(' ').next().unwrap_or_default();
    if holds(own) == Holds::Other { key } else { own }
}

/// Nothing but a network address, perhaps with a port.
fn is_address(value: &str) -> bool {
    let value = value.trim();
    value.parse::<IpAddr>().is_ok() || value.parse::<std::net::SocketAddr>().is_ok()
}

#[cfg(test)]
#[path = "privacy/tests.rs"]
mod tests;
