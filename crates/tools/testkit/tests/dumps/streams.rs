//! Which stream which reader makes something of, held against the table in `docs/minidump.md`. A stream that a reader
//! shows is one whose absence changes what it shows; the directory's entry is made an unused one for that.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use wer_testkit::crasher::LivingKind;
use wer_testkit::readers::Asked;
use wer_testkit::{Reader, Sandbox};

use crate::making::{asked, core_of, dump, file, path_text, sandbox, start, wer};

/// What the dump is asked to hold.
const WITH: &str =
    "handle-data,thread-info,token-information,full-memory-info,avx-xstate-context,process-thread-data";

/// Number, name and flag of every stream that a mini dump of a living process can have, as the table has them.
const STREAMS: &[(u32, &str, &str)] = &[
    (3, "threads", "Normal"),
    (4, "modules", "Normal"),
    (5, "memory", "Normal"),
    (7, "system info", "Normal"),
    (11, "comment", "Normal"),
    (12, "handles", "WithHandleData"),
    (15, "misc info", "Normal"),
    (16, "memory info", "Normal"),
    (17, "thread info", "WithThreadInfo"),
    (19, "token", "WithTokenInformation"),
    (21, "system memory", "Normal"),
    (22, "memory use", "Normal"),
    (24, "thread names", "Normal"),
    (0x4350_0001, "Crashpad info", "Normal"),
    (0x4767_0003, "cpuinfo", "Normal"),
    (0x4767_0004, "status", "Normal"),
    (0x4767_0005, "os-release", "Normal"),
    (0x4767_0006, "command line", "Normal"),
    (0x4767_0008, "auxiliary vector", "Normal"),
    (0x4767_0009, "maps", "Normal"),
    (0x4767_000A, "r_debug", "Normal"),
    (0x4D7A_0003, "limits", "Normal"),
    (0x5745_0002, "WER info", "Normal"),
    (0x5745_0003, "descriptors", "WithHandleData"),
];

const DIRECTORY_AT: usize = 32;
const ENTRY_BYTES: usize = 12;

/// The dump without this stream; `None` where it has none.
fn without(dump: &[u8], stream: u32) -> Option<Vec<u8>> {
    let count = u32::from_le_bytes(dump[8..12].try_into().expect("a header")) as usize;
    let starts = (0..count).map(|index| DIRECTORY_AT + index * ENTRY_BYTES);
    let mut found = starts.filter(|at| dump[*at..*at + 4] == stream.to_le_bytes());
    let at = found.next()?;
    let mut less = dump.to_vec();
    less[at..at + ENTRY_BYTES].fill(0);
    Some(less)
}

/// What each reader shows of a dump, in the order of [`Reader::ALL`]; `None` where it refuses it.
fn views(sandbox: &Sandbox, path: &Path, asked: &[Asked]) -> Vec<Option<String>> {
    let own = wer(sandbox, &["inspect", path_text(path), "--json"]);
    let own = own.status.success().then_some(own.stdout);
    let others = Reader::ALL.into_iter().map(|reader| {
        let read = match reader {
            Reader::Gdb => core_of(sandbox, path).and_then(|core| {
                let reading = reader.read(&core, asked);
                fs::remove_file(&core)?;
                reading
            }),
            _ => reader.read(path, asked),
        };
        read.ok().map(|reading| reading.view)
    });
    [own].into_iter().chain(others).collect()
}

#[test]
fn the_table_of_streams_and_readers_is_true() {
    let sandbox = sandbox();
    let living = start(&sandbox, LivingKind::Dynamic, &[]);
    let made = dump(&sandbox, living.pid(), &["--with", WITH, "--comment", "words"], "whole.dmp");
    let whole = fs::read(made.expect("a dump").0).expect("a dump");
    let asked = asked(&living);
    // One name for all, because readers show it.
    let path = file(&sandbox, "streams.dmp");
    fs::write(&path, &whole).expect("a dump");
    let all = views(&sandbox, &path, &asked);
    assert!(all.iter().all(Option::is_some), "a reader refuses the whole dump");
    // Else every difference below would be taken for a stream that is read.
    assert!(all == views(&sandbox, &path, &asked), "a reader shows one dump in two ways");
    let mut table = String::new();
    for (number, name, flag) in STREAMS {
        let less = without(&whole, *number).unwrap_or_else(|| panic!("{name} is not in the dump"));
        fs::write(&path, less).expect("a dump");
        let number = if *number > 0xFFFF { format!("{number:#010X}") } else { number.to_string() };
        write!(table, "| {flag} | {number} {name} |").expect("text");
        for (whole, less) in all.iter().zip(views(&sandbox, &path, &asked)) {
            let word = match less {
                None => "needs it",
                Some(less) if Some(&less) != whole.as_ref() => "yes",
                Some(_) => "no",
            };
            write!(table, " {word} |").expect("text");
        }
        table.push('\n');
    }
    living.end().expect("it goes on");
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/minidump.md");
    let documented = fs::read_to_string(&documents).expect("the document");
    for row in table.lines() {
        assert!(documented.contains(row), "docs/minidump.md has no row {row}\nThe whole table is\n{table}");
    }
}
