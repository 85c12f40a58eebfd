//! Counters of the intake, as text for Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

/// Counters by name and reason. Both are the program's own words, so there are few of them.
#[derive(Debug, Default)]
pub struct Metrics {
    counters: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

/// The counters' names and what they count.
const NAMES: &[(&str, &str, &str)] = &[
    ("watson_level1_total", "outcome", "Level 1 reports accepted, by what became of them."),
    ("watson_cabs_total", "outcome", "Cabs accepted, by what became of them."),
    ("watson_dumps_total", "outcome", "Dumps accepted, by what became of them."),
    ("watson_ignored_total", "kind", "Items of envelopes that are no crashes: answered and not kept."),
    ("watson_symbols_total", "outcome", "Symbol files accepted, by what became of them."),
    ("watson_retired_total", "what", "Rows and blobs that were removed because they were old."),
    ("watson_spikes_total", "dialect", "Crashes of a product's spike: counted, and their data not taken."),
    ("watson_refused_total", "reason", "Requests of machines that were refused, by reason."),
    ("watson_lost_total", "reason", "Reports refused to clients that do not send again, by what was short."),
    ("watson_spooled_total", "reason", "Requests put into the reserve, by what was short."),
    ("watson_replayed_total", "outcome", "Requests that left the reserve, by what became of them."),
];

impl Metrics {
    pub(crate) fn level1(&self, outcome: &'static str) {
        self.add("watson_level1_total", outcome);
    }

    pub(crate) fn cab(&self, outcome: &'static str) {
        self.add("watson_cabs_total", outcome);
    }

    pub(crate) fn dump(&self, outcome: &'static str) {
        self.add("watson_dumps_total", outcome);
    }

    pub(crate) fn ignored(&self, kind: &'static str) {
        self.add("watson_ignored_total", kind);
    }

    pub(crate) fn symbol(&self, outcome: &'static str) {
        self.add("watson_symbols_total", outcome);
    }

    /// Rows that a retention run has removed.
    pub fn retired(&self, what: &'static str, rows: u64) {
        *self
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(("watson_retired_total", what))
            .or_default() += rows;
    }

    pub(crate) fn spike(&self, dialect: &'static str) {
        self.add("watson_spikes_total", dialect);
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.add("watson_refused_total", reason);
    }

    pub(crate) fn lost(&self, reason: &'static str) {
        self.add("watson_lost_total", reason);
    }

    pub(crate) fn spooled(&self, why: &'static str) {
        self.add("watson_spooled_total", why);
    }

    pub(crate) fn replayed(&self, outcome: &'static str) {
        self.add("watson_replayed_total", outcome);
    }

    /// How often that happened since the server's start.
    #[must_use]
    pub fn count(&self, name: &'static str, word: &'static str) -> u64 {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).get(&(name, word)).copied().unwrap_or(0)
    }

    /// Prometheus' text form.
    #[must_use]
    pub fn render(&self) -> String {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for (name, word, help) in NAMES.iter().copied() {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
            for ((_, value), count) in counters.iter().filter(|((counter, _), _)| *counter == name) {
                let _ = writeln!(text, "{name}{{{word}=\"{value}\"}} {count}");
            }
        }
        text
    }

    fn add(&self, name: &'static str, word: &'static str) {
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner).entry((name, word)).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_rendered_by_reason() {
        let metrics = Metrics::default();
        metrics.refused("not_a_cab");
        metrics.refused("not_a_cab");
        metrics.level1("counted");
        assert_eq!(metrics.count("watson_refused_total", "not_a_cab"), 2);
        let text = metrics.render();
        assert!(text.contains("watson_refused_total{reason=\"not_a_cab\"} 2\n"), "{text}");
        assert!(
            text.contains("# TYPE watson_level1_total counter\nwatson_level1_total{outcome=\"counted\"} 1\n")
        );
    }
}
