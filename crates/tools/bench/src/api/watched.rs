//! A reader beside eight threads that register and unregister without a pause: whatever it sees must be whole.
//!
//! Everything that the writers register obeys a rule (the size of a block follows from its address, and so on), so a
//! thing that was put together of two shows.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wer_capture::registration::{BlockContents, of_process};
use wer_snapshot::RegistrationKind;

use super::Options;
use super::library::{Library, Wide};
use crate::row::Row;

const THREADS: usize = 8;

/// What was seen.
#[derive(Default)]
struct Seen {
    readings: u64,
    things: u64,
    left_out: u64,
    violations: Vec<String>,
}

/// Watches a process of writers.
///
/// # Errors
/// The writers cannot be started, or registered nothing.
pub(super) fn measure(_: &Library, options: &Options) -> Result<Row> {
    let mut writers = Command::new(std::env::current_exe()?)
        .arg("api-writers")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut ready = [0];
    writers.stdout.as_mut().context("piped")?.read_exact(&mut ready)?;
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut seen = Seen::default();
    while Instant::now() < end {
        seen.look_at(&of_process(writers.id())?);
    }
    drop(writers.stdin.take());
    let mut answer = String::new();
    writers.stdout.as_mut().context("piped")?.read_to_string(&mut answer)?;
    ensure!(writers.wait()?.success(), "the writers failed");
    let pairs: f64 = answer.trim().parse().context("the writers' count")?;
    ensure!(seen.things > 0 && pairs > 0.0, "nothing was seen of {pairs} pairs");
    let mut row = Row::new(format!("a reader for {} s beside {THREADS} writers", options.seconds));
    row.figure("readings", "", &[seen.readings as f64]);
    row.figure("things seen", "", &[seen.things as f64]);
    row.figure("left out, since they kept changing", "", &[seen.left_out as f64]);
    row.figure("pairs of calls meanwhile", "", &[pairs]);
    row.at_most("things that were not whole", 0.0, seen.violations.len() as f64, "");
    for violation in seen.violations.iter().take(5) {
        row.note(violation.clone());
    }
    Ok(row)
}

impl Seen {
    fn look_at(&mut self, contents: &BlockContents) {
        self.readings += 1;
        let found = &contents.registrations;
        for entry in &found.entries {
            self.thing(obeys(&entry.kind), &entry.kind);
        }
        for module in &found.modules {
            self.thing(module.path == module_path(module.context as usize), module);
        }
        if let Some(restart) = &found.restart {
            let line = restart.command_line.as_deref().unwrap_or_default();
            self.thing(line == command(restart.flags), restart);
        }
        if let Some(folder) = &found.app_local_dump {
            let first = folder.as_bytes().first();
            self.thing(folder.bytes().all(|byte| Some(&byte) == first), folder);
        }
        for error in &contents.soft_errors {
            let changing =
                ["kept changing", "was being written", "could not be read whole", "were being written"];
            if changing.iter().any(|words| error.message.contains(words)) {
                self.left_out += 1;
            } else {
                self.violations.push(error.message.clone());
            }
        }
    }

    fn thing(&mut self, is_whole: bool, what: &dyn std::fmt::Debug) {
        self.things += 1;
        if !is_whole {
            self.violations.push(format!("{what:?}"));
        }
    }
}

fn obeys(kind: &RegistrationKind) -> bool {
    match kind {
        RegistrationKind::MemoryBlock(block) => block.size == size_of_block(block.address as usize),
        RegistrationKind::ExcludedMemoryBlock(block) => {
            block.size == size_of_block(block.address as usize) + 1
        }
        RegistrationKind::File { path, file_type, flags } => {
            *flags == path.len() as u32 % 4 && *file_type == 1 + flags % 2
        }
        RegistrationKind::Metadata { key, value } => *value == value_of(key),
        RegistrationKind::AdditionalProcess { pid, tid } => *tid == pid.wrapping_mul(3),
    }
}

const fn size_of_block(address: usize) -> u32 {
    (address >> 12) as u32 % 60_000 + 1
}

fn value_of(key: &str) -> String {
    key.repeat(key.len() % 7 + 1)
}

fn module_path(context: usize) -> String {
    format!("/{}/{context}.so", "m".repeat(context % 97))
}

fn command(flags: u32) -> String {
    format!("--flags {flags} {}", "x".repeat(flags as usize * 50))
}

/// The process of writers: a byte when all write, then, when its input has ended, how many pairs they made.
///
/// # Errors
/// The library is missing.
pub(crate) fn write_until_told() -> Result<()> {
    let library = Library::open()?;
    let stop = AtomicBool::new(false);
    let pairs = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for thread in 1..=THREADS {
            let (library, stop, pairs) = (&library, &stop, &pairs);
            scope.spawn(move || {
                let mut round = 0;
                while !stop.load(Ordering::Relaxed) {
                    write_round(library, thread, round);
                    round += 1;
                    pairs.fetch_add(5, Ordering::Relaxed);
                }
            });
        }
        while pairs.load(Ordering::Relaxed) == 0 {
            std::thread::yield_now();
        }
        let mut out = std::io::stdout();
        let told = out.write_all(b".").and_then(|()| out.flush());
        let waited = told.and_then(|()| std::io::stdin().read_to_end(&mut Vec::new()));
        stop.store(true, Ordering::Relaxed);
        waited.map(drop)
    })?;
    println!("{}", pairs.into_inner());
    Ok(())
}

/// Five pairs. Several kinds have fewer places than there are threads: then a call answers that all is full.
fn write_round(library: &Library, thread: usize, round: usize) {
    let address = (thread << 32) + ((round % 61) << 12);
    (library.register_block)(address, size_of_block(address));
    (library.register_excluded)(address, size_of_block(address) + 1);
    let text = format!("/{thread}/{}", "f".repeat(round % 250));
    let flags = text.len() as u32 % 4;
    let file = Wide::new(&text);
    (library.register_file)(file.at(), 1 + flags % 2, flags);
    (library.unregister_block)(address);
    (library.unregister_excluded)(address);
    (library.unregister_file)(file.at());
    if thread.is_multiple_of(2) {
        let key = format!("{}{thread}", "k".repeat(round % 20 + 1));
        let value = Wide::new(&value_of(&key));
        let key = Wide::new(&key);
        (library.register_metadata)(key.at(), value.at());
        let restart = Wide::new(&command(round as u32 % 16));
        (library.register_restart)(restart.at(), round as u32 % 16);
        (library.unregister_metadata)(key.at());
        (library.unregister_restart)();
    } else {
        let context = thread * 1000 + round % 500;
        let module = Wide::new(&module_path(context));
        (library.register_module)(module.at(), context);
        let pid = (thread * 100_000 + round) as u32;
        (library.register_process)(pid, pid.wrapping_mul(3));
        let letter = char::from(b'a' + (round % 26) as u8);
        let folder = Wide::new(&letter.to_string().repeat(round % 63 + 1));
        (library.register_dump)(folder.at());
        (library.unregister_module)(module.at(), context);
        (library.unregister_process)(pid);
    }
}
