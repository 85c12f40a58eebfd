//! Answers for people: tables and lists of lines. Everything in them comes from elsewhere, perhaps from a machine that
//! lies, and is shown without control characters.

use std::io::Write as _;

use anyhow::Result;
use serde_json::Value;

/// Characters of one field of a table.
const MAX_FIELD_CHARS: usize = 60;

/// A list: as JSON, or with `columns` (heading, field).
pub(super) fn list(json: bool, items: Vec<Value>, columns: &[(&str, &str)]) -> Result<()> {
    if json {
        return print(&format!("{:#}\n", serde_json::json!({ "items": items })));
    }
    if items.is_empty() {
        return print("There is none.\n");
    }
    print(&table(&items, columns))
}

/// One thing: as JSON, or a line for each field.
pub(super) fn one(json: bool, value: &Value) -> Result<()> {
    if json {
        return print(&format!("{value:#}\n"));
    }
    let mut text = String::new();
    for (name, field) in value.as_object().into_iter().flatten() {
        let field = word(field);
        if !field.is_empty() {
            text.push_str(&format!("{name:16} {field}\n"));
        }
    }
    print(&text)
}

/// A sentence, or the same as JSON.
pub(super) fn done(json: bool, value: &Value, sentence: &str) -> Result<()> {
    if json { print(&format!("{value:#}\n")) } else { print(&format!("{}\n", plain(sentence))) }
}

/// A secret that is told once: alone on its line, so that a script takes it.
pub(super) fn secret(json: bool, made: &Value) -> Result<()> {
    if json {
        return print(&format!("{made:#}\n"));
    }
    eprintln!("This is told now and never again:");
    print(&format!("{}\n", made.get("secret").map(word).unwrap_or_default()))
}

fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

fn table(items: &[Value], columns: &[(&str, &str)]) -> String {
    let field = |item: &Value, name: &str| {
        let found = name.split('.').try_fold(item, |value, part| value.get(part));
        let word = found.map(word).unwrap_or_default();
        match word.char_indices().nth(MAX_FIELD_CHARS) {
            Some((at, _)) => format!("{}...", word.get(..at).unwrap_or_default()),
            None => word,
        }
    };
    let mut rows: Vec<Vec<String>> = vec![columns.iter().map(|(heading, _)| (*heading).to_owned()).collect()];
    rows.extend(items.iter().map(|item| columns.iter().map(|(_, name)| field(item, name)).collect()));
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|word| word.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (word, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{word:width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A value as a word.
fn word(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => plain(text),
        Value::Array(items) if items.iter().all(|item| !item.is_object()) => {
            items.iter().map(word).collect::<Vec<_>>().join(", ")
        }
        other => plain(&other.to_string()),
    }
}

/// Text without what a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    let is_direction =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if c.is_control() || is_direction(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tables_have_straight_columns_and_no_escapes() {
        let items =
            [json!({ "id": 1, "a": { "b": "x\u{1b}[31m" } }), json!({ "id": 22, "a": { "b": null } })];
        assert_eq!(table(&items, &[("ID", "id"), ("WHAT", "a.b")]), "ID  WHAT\n1   x [31m\n22\n");
    }
}
