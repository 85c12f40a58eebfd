//! `minidump-stackwalk`: its JSON for threads and names, its raw listing for everything else.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Asked, ReadThread, Reading, run, tool};

/// Above this size the listing has no memory: it would have a line per 16 bytes.
const MAX_LISTED_BYTES: u64 = 8 << 20;

/// Reads a dump.
///
/// # Errors
/// The program is missing or refuses the dump.
pub fn read(path: &Path, asked: &[Asked]) -> Result<Reading> {
    let program = tool("bin/minidump-stackwalk")?;
    let json = run(Command::new(&program).arg("--json").arg(path), path)?.stdout;
    let value: Value = serde_json::from_str(&json).context("its JSON")?;
    let is_small = std::fs::metadata(path)?.len() <= MAX_LISTED_BYTES;
    let mut command = Command::new(&program);
    command.arg("--dump").args((!is_small).then_some("--brief")).arg(path);
    let listing = run(&mut command, path)?.stdout;
    let names = value["threads"].as_array().into_iter().flatten().filter_map(|thread| {
        Some((thread["thread_id"].as_u64()?, thread["thread_name"].as_str().map(str::to_owned)))
    });
    let names: BTreeMap<u64, Option<String>> = names.collect();
    let memory = Memory::of(&listing);
    Ok(Reading {
        threads: threads(&listing, &names),
        modules: modules(&listing),
        memory: asked.iter().map(|asked| memory.read(*asked)).collect(),
        view: format!("{}{}", in_order(value), without_directory(&listing)),
    })
}

/// Its JSON lists the limits in another order every time.
fn in_order(mut value: Value) -> String {
    if let Some(limits) = value.pointer_mut("/proc_limits/limits").and_then(Value::as_array_mut) {
        limits.sort_by_key(Value::to_string);
    }
    value.to_string()
}

/// `name = value`.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.trim().split_once('=')?;
    (key.trim_end() == name).then(|| value.trim())
}

fn hex(text: &str) -> Option<u128> {
    u128::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

/// The directory says what is in the file, not what is understood.
fn without_directory(listing: &str) -> &str {
    listing
        .find("\nStreams:")
        .and_then(|at| listing[at..].find("\n\n").map(|end| &listing[at + end..]))
        .unwrap_or(listing)
}

fn threads(listing: &str, names: &BTreeMap<u64, Option<String>>) -> Vec<ReadThread> {
    let mut threads: Vec<ReadThread> = Vec::new();
    let end = listing.find("MinidumpModuleList").unwrap_or(listing.len());
    let mut is_thread = false;
    for line in listing[..end].lines() {
        match line {
            "MINIDUMP_THREAD" => is_thread = true,
            "CONTEXT_AMD64" => is_thread = false,
            _ => {}
        }
        if let (true, Some(tid)) = (is_thread, field(line, "thread_id").and_then(hex)) {
            let tid = tid as u64;
            let name = names.get(&tid).cloned().flatten();
            threads.push(ReadThread { tid, name, registers: BTreeMap::new() });
        }
        if let (false, Some(thread), Some((name, value))) =
            (is_thread, threads.last_mut(), line.split_once('='))
            && let Some(value) = hex(value.trim())
        {
            thread.registers.insert(name.trim().to_owned(), value);
        }
    }
    threads
}

fn modules(listing: &str) -> Vec<(String, u64)> {
    let mut modules = Vec::new();
    let mut base = 0;
    for line in listing.lines() {
        if let Some(found) = field(line, "base_of_image").and_then(hex) {
            base = found as u64;
        }
        if let Some(path) = field(line, "(code_file)") {
            modules.push((path.trim_matches('"').to_owned(), base));
        }
    }
    modules
}

/// The hexadecimal listing of all ranges, by their first address.
struct Memory(BTreeMap<u64, Vec<u8>>);

impl Memory {
    fn of(listing: &str) -> Self {
        let mut ranges: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        let mut current = None;
        for line in listing.lines() {
            if let Some(start) = field(line, "start_of_memory_range").and_then(hex) {
                current = Some(start as u64);
            } else if !line.starts_with("    ") && !line.starts_with("  ") && line != "Memory" {
                current = None;
            } else if let (Some(start), Some((_, rest))) = (current, line.split_once(": ")) {
                let bytes =
                    rest.get(..16 * 3).unwrap_or(rest).split(' ').map_while(|pair| {
                        (pair.len() == 2).then(|| u8::from_str_radix(pair, 16).ok()).flatten()
                    });
                ranges.entry(start).or_default().extend(bytes);
            }
        }
        Self(ranges)
    }

    fn read(&self, (start, size): Asked) -> Option<Vec<u8>> {
        let (first, bytes) = self.0.range(..=start).next_back()?;
        let at = (start - first) as usize;
        bytes.get(at..at + size).map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_in_any_order_are_the_same_view() {
        let of = |names: [&str; 2]| {
            let limits = names.map(|name| serde_json::json!({ "name": name }));
            in_order(serde_json::json!({ "pid": 1, "proc_limits": { "limits": limits } }))
        };
        assert_eq!(of(["a", "b"]), of(["b", "a"]));
        assert_ne!(of(["a", "b"]), of(["a", "c"]));
    }

    #[test]
    fn a_listing_is_read() {
        let listing = "\
thread[0]
MINIDUMP_THREAD
  thread_id                   = 0x7d6c
  stack.memory.rva            = 0x11fd0

CONTEXT_AMD64
  rip           = 0x563432c866a9

MinidumpModuleList
  base_of_image                   = 0x563432c85000
  (code_file)                     = \"/tmp/lv/living\"
MINIDUMP_MEMORY_DESCRIPTOR
  start_of_memory_range = 0x1000
  memory.data_size      = 0x110
Memory
    00000000: ff 85 c0 74 27 48 8d 35 2f 0a 00 00 48 89 ef e8 ...t'H.5/...H...
    00000010: 3c fb <.
";
        let names = BTreeMap::from([(0x7d6c, Some("one".to_owned()))]);
        let threads = threads(listing, &names);
        assert_eq!((threads.len(), threads[0].tid, threads[0].name.as_deref()), (1, 0x7d6c, Some("one")));
        assert_eq!(threads[0].registers["rip"], 0x5634_32c8_66a9);
        assert_eq!(modules(listing), [("/tmp/lv/living".to_owned(), 0x5634_32c8_5000)]);
        let memory = Memory::of(listing);
        assert_eq!(memory.read((0x100f, 3)), Some(vec![0xe8, 0x3c, 0xfb]));
        assert_eq!(memory.read((0x1010, 3)), None);
    }
}
