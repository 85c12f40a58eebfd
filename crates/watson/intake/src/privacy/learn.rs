//! Learning names from what a report tells, to find them wherever else it tells them.

use std::net::IpAddr;

use serde_json::Value;
use watson_db::Treatment;

use crate::privacy::keys::{Holds, holds};
use crate::privacy::{Cleaner, is_line_end, json_of, line, paths};

impl Cleaner<'_> {
    pub(super) fn learn_name(&mut self, kind: Holds, name: &str) {
        let treatment = self.treatment(kind);
        if treatment != Treatment::Keep {
            let instead = self.instead(treatment, kind, name.trim());
            self.secrets.add(name, &instead);
        }
    }

    /// Learns a user's name, as `NAME`, `DOMAIN\NAME` or `NAME@DOMAIN`.
    pub fn learn_user(&mut self, name: &str) {
        self.learn_name(Holds::User, name);
        if let Some((domain, name)) = name.split_once('\\') {
            self.learn_name(Holds::User, name);
            self.learn_name(Holds::Machine, domain);
        } else if let Some((name, _)) = name.split_once('@') {
            self.learn_name(Holds::User, name);
        }
    }

    /// Learns a machine's name, with or without a domain.
    pub fn learn_machine(&mut self, name: &str) {
        self.learn_name(Holds::Machine, name);
        if let Some((host, _)) = name.split_once('.').filter(|_| name.parse::<IpAddr>().is_err()) {
            self.learn_name(Holds::Machine, host);
        }
    }

    /// Learns what a field tells.
    pub fn learn_pair(&mut self, key: &str, value: &str) {
        match holds(key) {
            Holds::User => self.learn_user(value),
            Holds::Machine => self.learn_machine(value),
            Holds::Address => self.learn_name(Holds::Address, value),
            Holds::Version | Holds::Other => self.learn_text(value),
        }
    }

    /// Learns what a text tells: homes and servers in its paths, its lines, its JSON.
    pub fn learn_text(&mut self, text: &str) {
        match json_of(text) {
            Some(value) => self.learn_json("", &value),
            None => {
                for range in paths::users(text) {
                    let name = text.get(range).unwrap_or_default();
                    self.learn_user(name);
                    // Perhaps the path ended here, and other words follow.
                    self.learn_user(name.split_whitespace().next().unwrap_or_default());
                }
                for range in paths::servers(text) {
                    self.learn_machine(text.get(range).unwrap_or_default());
                }
                for (key, value) in text.split(is_line_end).filter_map(line) {
                    if holds(key) != Holds::Other {
                        self.learn_pair(key, value);
                    }
                }
            }
        }
    }

    pub(super) fn learn_json(&mut self, key: &str, value: &Value) {
        match value {
            Value::String(text) => self.learn_pair(key, text),
            Value::Array(list) => list.iter().for_each(|value| self.learn_json(key, value)),
            Value::Object(map) => map.iter().for_each(|(name, value)| {
                // {"user": {"id": ...}} is told by both.
                self.learn_json(&format!("{key} {name}"), value);
                self.learn_json(name, value);
            }),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
