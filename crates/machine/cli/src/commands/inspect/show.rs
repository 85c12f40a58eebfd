//! A dump as text, as JSON, as bytes, and as the list of what is wrong with it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Result, bail};
use wer_inspect::{Entry, Inspector, Value, hexdump, render};

use crate::output::{clean_value, print, print_json};

const DEFAULT_MEMORY_BYTES: u64 = 256;

/// Where memory is wanted, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    start: u64,
    length: u64,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (start, length) = match text.split_once('+') {
            Some((start, length)) => (start, number(length)?),
            None => (text, DEFAULT_MEMORY_BYTES),
        };
        let hex = start.strip_prefix("0x").unwrap_or(start);
        let start =
            u64::from_str_radix(hex, 16).map_err(|error| format!("an address is hex digits: {error}"))?;
        Ok(Self { start, length })
    }
}

/// Decimal, or hex behind "0x".
fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|error| format!("a length is a number: {error}"))
}

/// The entries that are meant; all where none is named.
fn chosen(path: &Path, dump: &Inspector<'_>, stream: Option<&str>) -> Result<Vec<Entry>> {
    let Some(wanted) = stream else { return Ok(dump.entries().to_vec()) };
    let found = dump.find(wanted);
    if found.is_empty() {
        bail!(
            "{} has no stream {wanted}; `wer inspect --stream-list` shows those that it has",
            path.display()
        );
    }
    Ok(found)
}

/// Prints header, directory and streams, each as soon as it is read.
pub(super) fn text(
    path: &Path,
    dump: &Inspector<'_>,
    stream: Option<&str>,
    only_list: bool,
    title: bool,
) -> Result<()> {
    let entries = chosen(path, dump, stream)?;
    if title {
        print(&format!("==> {} <==\n", clean_value(&path.to_string_lossy())))?;
    }
    if stream.is_none() {
        let directory = Value::List(dump.entries().iter().map(Entry::value).collect());
        print(&format!("Header\n{}\nDirectory\n{}", indented(&dump.header()), indented(&directory)))?;
    }
    if only_list {
        return Ok(());
    }
    for entry in entries.iter().filter(|entry| entry.kind != 0) {
        let separator = if stream.is_none() { "\n" } else { "" };
        let content = indented(&dump.stream(entry));
        print(&format!("{separator}{} ({:#x}), {} bytes\n{content}", entry.name(), entry.kind, entry.size))?;
    }
    Ok(())
}

fn indented(value: &Value) -> String {
    render(value).lines().fold(String::new(), |mut text, line| {
        let _ = writeln!(text, "{}", format!("  {line}").trim_end());
        text
    })
}

/// One file's JSON document.
pub(super) fn document(
    path: &Path,
    dump: &Inspector<'_>,
    stream: Option<&str>,
    only_list: bool,
) -> Result<Value> {
    let entries = chosen(path, dump, stream)?;
    let streams = entries.iter().map(|entry| {
        let Value::Record(mut fields) = entry.value() else { return Value::Nothing };
        if !only_list {
            fields.push(("content", dump.stream(entry)));
        }
        Value::Record(fields)
    });
    let streams = streams.collect();
    Ok(Value::Record(vec![
        ("file", Value::text(path.to_string_lossy())),
        ("header", dump.header()),
        ("streams", Value::List(streams)),
    ]))
}

/// Prints one document as it is, several as a list.
pub(super) fn documents(mut documents: Vec<Value>) -> Result<()> {
    match documents.len() {
        1 => print_json(&documents.remove(0)),
        _ => print_json(&documents),
    }
}

/// Writes a stream's bytes to standard output.
pub(super) fn raw(path: &Path, dump: &Inspector<'_>, stream: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    for entry in chosen(path, dump, Some(stream))? {
        stdout.write_all(dump.raw(&entry))?;
    }
    Ok(stdout.flush()?)
}

/// Shows memory of the process.
pub(super) fn memory(
    path: &Path,
    dump: &Inspector<'_>,
    address: Address,
    json: bool,
    documents: &mut Vec<Value>,
) -> Result<()> {
    let bytes = dump.memory(address.start, address.length);
    if bytes.is_empty() {
        bail!("{} holds no memory at {:#x}", path.display(), address.start);
    }
    if !json {
        return print(&hexdump(address.start, &bytes));
    }
    let size = bytes.len() as u64;
    documents.push(Value::Record(vec![
        ("file", Value::text(path.to_string_lossy())),
        ("address", Value::Address(address.start)),
        ("bytes", Value::Bytes(bytes, size)),
    ]));
    Ok(())
}

/// Tells what is wrong; true when nothing is.
pub(super) fn check(path: &Path, bytes: &[u8], json: bool, documents: &mut Vec<Value>) -> Result<bool> {
    let violations = wer_check::check(bytes);
    let right = violations.is_empty();
    let name = clean_value(&path.to_string_lossy());
    if json {
        let list = violations.into_iter().map(|violation| {
            Value::Record(vec![
                ("offset", Value::Hex(violation.offset)),
                ("kind", Value::text(violation.kind.word())),
                ("message", Value::text(violation.message)),
            ])
        });
        documents.push(Value::Record(vec![
            ("file", Value::text(path.to_string_lossy())),
            ("right", Value::Truth(right)),
            ("violations", Value::List(list.collect())),
        ]));
        return Ok(right);
    }
    for violation in &violations {
        print(&format!("{name}: {}\n", clean_value(&violation.to_string())))?;
    }
    let count = violations.len();
    let verdict = if right { "nothing is wrong".to_owned() } else { format!("{count} violations") };
    print(&format!("{name}: {verdict}\n"))?;
    Ok(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!("0x10".parse(), Ok(Address { start: 16, length: 256 }));
        assert_eq!("ff+0x20".parse(), Ok(Address { start: 255, length: 32 }));
        assert_eq!("0x10+16".parse(), Ok(Address { start: 16, length: 16 }));
        assert!("x".parse::<Address>().is_err() && "1+".parse::<Address>().is_err());
    }
}
