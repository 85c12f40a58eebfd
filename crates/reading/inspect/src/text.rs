//! The tree as text for a terminal: names aligned, addresses in hex, lists of records as tables. Whatever of the dump could
//! steer a terminal is escaped here, so that no caller can forget it.

use core::fmt::Write;

use crate::json::hex;
use crate::value::{Field, Value};

const INDENT: usize = 2;
/// Characters that a line of registers may have.
const LINE_CHARS: usize = 110;
/// Characters of a table's column; longer texts push the rest of their row.
const MAX_COLUMN_CHARS: usize = 40;
const DUMP_ROW_BYTES: usize = 16;

/// A value as lines, each ended.
#[must_use]
pub fn render(value: &Value) -> String {
    let mut text = String::new();
    block(&mut text, value, 0);
    text
}

/// Text without characters that steer a terminal or change the direction of writing.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let steers = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || steers { out.extend(c.escape_unicode()) } else { out.push(c) }
    }
    out
}

/// Escaped text in which tabs stay.
fn with_tabs(line: &str) -> String {
    line.split('\t').map(escape).collect::<Vec<_>>().join("\t")
}

/// A value on one line; of those that need more, a word.
fn inline(value: &Value) -> String {
    match value {
        Value::Nothing => "-".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Signed(number) => number.to_string(),
        Value::Truth(truth) => if *truth { "yes" } else { "no" }.to_owned(),
        Value::Address(address) => format!("{address:#018x}"),
        Value::Hex(number) => format!("{number:#x}"),
        Value::Named(code, name) => format!("{} ({code:#x})", escape(name)),
        Value::Text(text) | Value::Lines(text) => escape(text),
        Value::Json(json) => escape(&json.to_string()),
        Value::Bytes(bytes, size) if bytes.len() as u64 == *size => hex(bytes.iter()),
        Value::Bytes(bytes, size) => format!("{}... ({size} bytes)", hex(bytes.iter())),
        Value::Wide(bytes) => format!("0x{}", hex(bytes.iter().rev())),
        Value::Unreadable(reason) => format!("<{}>", escape(reason)),
        Value::Record(fields) | Value::Registers(fields) => {
            let parts: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name} {}", inline(value))).collect();
            parts.join(", ")
        }
        Value::List(values) if values.is_empty() => "-".to_owned(),
        Value::List(values) => values.iter().map(inline).collect::<Vec<_>>().join(", "),
    }
}

fn block(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Record(fields) => record(text, fields, depth),
        Value::Registers(fields) => registers(text, fields, depth),
        Value::List(values) => list(text, values, depth),
        Value::Lines(lines) => {
            lines.trim_end_matches('\n').split('\n').for_each(|one| line(text, depth, &with_tabs(one)));
        }
        Value::Json(json) => {
            let pretty = serde_json::to_string_pretty(json).unwrap_or_default();
            pretty.split('\n').for_each(|one| line(text, depth, &escape(one)));
        }
        Value::Bytes(bytes, size) => dump(text, bytes, *size, depth),
        flat => line(text, depth, &inline(flat)),
    }
}

fn line(text: &mut String, depth: usize, content: &str) {
    let indent = depth * INDENT;
    let _ = writeln!(text, "{}", format!("{:indent$}{content}", "").trim_end());
}

fn record(text: &mut String, fields: &[Field], depth: usize) {
    let flat = fields.iter().filter(|(_, value)| value.is_flat());
    let width = flat.map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in fields {
        if value.is_flat() {
            line(text, depth, &format!("{name:<width$}  {}", inline(value)));
        } else {
            line(text, depth, &format!("{name}:"));
            block(text, value, depth + 1);
        }
    }
}

fn registers(text: &mut String, fields: &[Field], depth: usize) {
    let name_width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let value_width = fields.iter().map(|(_, value)| inline(value).len()).max().unwrap_or_default();
    let in_a_line = (LINE_CHARS / (name_width + value_width + 3)).max(1);
    for chunk in fields.chunks(in_a_line) {
        let parts: Vec<String> = chunk
            .iter()
            .map(|(name, value)| format!("{name:>name_width$} {:<value_width$}", inline(value)))
            .collect();
        line(text, depth, &parts.join("  "));
    }
}

fn list(text: &mut String, values: &[Value], depth: usize) {
    if let Some(columns) = columns(values) {
        return table(text, &columns, values, depth);
    }
    for (index, value) in values.iter().enumerate() {
        if value.is_flat() {
            line(text, depth, &format!("[{index}] {}", inline(value)));
        } else {
            line(text, depth, &format!("[{index}]"));
            block(text, value, depth + 1);
        }
    }
}

/// The names of a list's columns, when all are records of flat values with the same names.
fn columns(values: &[Value]) -> Option<Vec<&'static str>> {
    let names = |value: &Value| match value {
        Value::Record(fields) if fields.iter().all(|(_, value)| value.is_flat()) => {
            Some(fields.iter().map(|(name, _)| *name).collect::<Vec<_>>())
        }
        _ => None,
    };
    let first = names(values.first()?)?;
    values.iter().all(|value| names(value).as_ref() == Some(&first)).then_some(first)
}

fn table(text: &mut String, columns: &[&'static str], values: &[Value], depth: usize) {
    let cells = |value: &Value| -> Vec<String> {
        let Value::Record(fields) = value else { return Vec::new() };
        fields.iter().map(|(_, value)| inline(value)).collect()
    };
    let mut widths: Vec<usize> = columns.iter().map(|name| name.len()).collect();
    for value in values {
        for (width, cell) in widths.iter_mut().zip(cells(value)) {
            *width = (*width).max(cell.chars().count().min(MAX_COLUMN_CHARS));
        }
    }
    let row = |cells: &mut dyn Iterator<Item = &str>| -> String {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ")
    };
    line(text, depth, &row(&mut columns.iter().copied()));
    for value in values {
        line(text, depth, &row(&mut cells(value).iter().map(String::as_str)));
    }
}

fn dump(text: &mut String, bytes: &[u8], size: u64, depth: usize) {
    for (row, chunk) in bytes.chunks(DUMP_ROW_BYTES).enumerate() {
        line(text, depth, &dump_row((row * DUMP_ROW_BYTES) as u64, 4, chunk));
    }
    if bytes.len() as u64 != size {
        line(text, depth, &format!("... {} more bytes", size.saturating_sub(bytes.len() as u64)));
    }
}

/// One row of a hex dump: where it begins, its bytes, and those that are printable.
pub(crate) fn dump_row(at: u64, digits: usize, chunk: &[u8]) -> String {
    let mut row = format!("{at:0digits$x} ");
    for index in 0..DUMP_ROW_BYTES {
        let gap = if index % 8 == 0 { " " } else { "" };
        let _ = match chunk.get(index) {
            Some(byte) => write!(row, "{gap}{byte:02x} "),
            None => write!(row, "{gap}   "),
        };
    }
    row.push(' ');
    row.extend(chunk.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' }));
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_a_terminal() {
        let hostile = "a\u{1b}[31m\u{202e}b\rc";
        let value = Value::Record(vec![
            ("text", Value::text(hostile)),
            ("named", Value::Named(1, hostile.to_owned())),
            ("lines", Value::Lines(format!("{hostile}\nnext"))),
            ("bytes", Value::Bytes(hostile.as_bytes().to_vec(), 100)),
            ("unreadable", Value::Unreadable(hostile.to_owned())),
            ("list", Value::List(vec![Value::Record(vec![("x", Value::text(hostile))])])),
        ]);
        let text = render(&value);
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{text}");
        assert!(text.contains("\n  next\n"), "{text}");
    }

    #[test]
    fn lists_of_records_are_tables() {
        let row =
            |id, name: &str| Value::Record(vec![("id", Value::Number(id)), ("name", Value::text(name))]);
        let text = render(&Value::List(vec![row(1, "one"), row(20, "twenty")]));
        assert_eq!(text, "id  name\n1   one\n20  twenty\n");
    }

    #[test]
    fn bytes_are_dumped() {
        let text = render(&Value::Bytes(b"0123456789abcdefXYZ".to_vec(), 30));
        assert_eq!(
            text,
            "0000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef\n\
             0010  58 59 5a                                          XYZ\n\
             ... 11 more bytes\n"
        );
    }
}
