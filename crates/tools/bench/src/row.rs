//! One row: figures, and the goals that they meet or miss.

use std::fmt;

use serde::Serialize;

use crate::stats::median;

/// What was measured of one thing.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    title: String,
    figures: Vec<Figure>,
    goals: Vec<Goal>,
    notes: Vec<String>,
}

/// A median.
#[derive(Debug, Serialize)]
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    rounds: usize,
}

/// A bound, and what was measured.
#[derive(Debug, Serialize)]
struct Goal {
    what: String,
    bound: Bound,
    limit: f64,
    measured: f64,
    unit: &'static str,
    met: bool,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Bound {
    AtMost,
    AtLeast,
}

impl Row {
    pub(crate) fn new(title: String) -> Self {
        Self { title, figures: Vec::new(), goals: Vec::new(), notes: Vec::new() }
    }

    /// Adds the median of all rounds; returns it.
    pub(crate) fn figure(&mut self, name: &str, unit: &'static str, values: &[f64]) -> f64 {
        let value = median(values);
        self.figures.push(Figure { name: name.to_owned(), value, unit, rounds: values.len() });
        value
    }

    pub(crate) fn at_most(&mut self, what: &str, limit: f64, measured: f64, unit: &'static str) {
        self.goal(what, Bound::AtMost, limit, measured, unit, measured <= limit);
    }

    pub(crate) fn at_least(&mut self, what: &str, limit: f64, measured: f64, unit: &'static str) {
        self.goal(what, Bound::AtLeast, limit, measured, unit, measured >= limit);
    }

    fn goal(&mut self, what: &str, bound: Bound, limit: f64, measured: f64, unit: &'static str, met: bool) {
        self.goals.push(Goal { what: what.to_owned(), bound, limit, measured, unit, met });
    }

    pub(crate) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// The goals that are missed, in words.
    pub(crate) fn missed(&self) -> Vec<String> {
        let missed = self.goals.iter().filter(|goal| !goal.met);
        missed.map(|goal| format!("{}: {goal}", self.title)).collect()
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, bound, limit, measured, unit, met } = self;
        let bound = match bound {
            Bound::AtMost => "at most",
            Bound::AtLeast => "at least",
        };
        let verdict = if *met { "met" } else { "MISSED" };
        write!(f, "{what}: {measured:.2}{unit}, goal {bound} {limit:.2}{unit}: {verdict}")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for Figure { name, value, unit, rounds } in &self.figures {
            writeln!(f, "  {name:<42}{value:>12.2} {unit:<6} ({rounds} rounds)")?;
        }
        for goal in &self.goals {
            writeln!(f, "  {goal}")?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  note: {note}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_goal_is_told() {
        let mut row = Row::new("a row".to_owned());
        assert_eq!(row.figure("time", "ms", &[3.0, 1.0, 2.0]), 2.0);
        row.at_most("ratio", 0.5, 0.5, "");
        row.at_least("rate", 5.0, 4.0, " GiB/s");
        assert_eq!(row.missed(), ["a row: rate: 4.00 GiB/s, goal at least 5.00 GiB/s: MISSED"]);
        let text = row.to_string();
        assert!(text.contains("goal at most 0.50: met") && text.contains("(3 rounds)"), "{text}");
    }
}
