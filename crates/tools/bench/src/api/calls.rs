//! Each registration call by itself, with 0, 255 and 511 entries present.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::Options;
use super::library::{Library, Wide};
use crate::row::Row;
use crate::stats::median;

/// Goal of every call.
const LIMIT_NS: f64 = 100.0;
/// Memory blocks that are there beside what is measured.
const FILLS: [u32; 3] = [0, 255, 511];
/// Where their addresses begin. Nothing reads them.
const FILL_BASE: usize = 0x10_0000_0000;
const OWN: usize = 0x20_0000_0000;
const SELF: usize = usize::MAX;

/// One call and the one that takes it back.
struct Pair<'a> {
    name: &'static str,
    there: Box<dyn Fn() -> i32 + 'a>,
    back: Box<dyn Fn() -> i32 + 'a>,
}

/// The medians of all calls.
///
/// # Errors
/// A call answers something else than success.
pub(super) fn measure(library: &Library, options: &Options) -> Result<Row> {
    let mut row = Row::new("each registration call, through libwer.so".into());
    let empty = empty_samples(options.samples);
    let mut slowest = (0.0, String::new());
    for fill in FILLS {
        for number in 0..fill {
            succeeded((library.register_block)(FILL_BASE + number as usize * 4096, 4096))?;
        }
        let strings = Strings::new();
        for pair in pairs(library, &strings) {
            let (there, back) = sample(&pair, options.samples)?;
            for (times, name) in [(there, pair.name.to_owned()), (back, format!("  back from {}", pair.name))]
            {
                let times: Vec<f64> = times.iter().map(|time| (time - empty).max(0.0)).collect();
                let title = format!("{name}, {fill} entries");
                let value = row.figure(&title, "ns", &times);
                if value > slowest.0 {
                    slowest = (value, title);
                }
            }
        }
        for number in 0..fill {
            succeeded((library.unregister_block)(FILL_BASE + number as usize * 4096))?;
        }
    }
    row.at_most(&format!("the slowest call ({})", slowest.1.trim()), LIMIT_NS, slowest.0, " ns");
    row.note(format!(
        "the clock itself took {empty:.0} ns, which is taken off; flags and hold times have no way back"
    ));
    Ok(row)
}

/// What two looks at the clock take.
fn empty_samples(count: usize) -> f64 {
    let samples: Vec<f64> = (0..count).map(|_| nanoseconds(|| black_box(0)).0).collect();
    median(&samples)
}

fn nanoseconds(call: impl FnOnce() -> i32) -> (f64, i32) {
    let start = Instant::now();
    let answer = call();
    (start.elapsed().as_nanos() as f64, answer)
}

fn sample(pair: &Pair<'_>, count: usize) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut there, mut back) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for _ in 0..count {
        for (call, times) in [(&pair.there, &mut there), (&pair.back, &mut back)] {
            let (time, answer) = nanoseconds(call);
            ensure!(answer == 0, "{} answers 0x{answer:08X}", pair.name);
            times.push(time);
        }
    }
    Ok((there, back))
}

fn succeeded(answer: i32) -> Result<()> {
    ensure!(answer == 0, "filling the table answers 0x{answer:08X}");
    Ok(())
}

/// Texts of ordinary length.
struct Strings {
    file: Wide,
    key: Wide,
    value: Wide,
    folder: Wide,
    module: Wide,
    command: Wide,
    flags: std::cell::Cell<u32>,
}

impl Strings {
    fn new() -> Self {
        Self {
            file: Wide::new("/var/log/application/current.log"),
            key: Wide::new("ReleaseChannel"),
            value: Wide::new("nightly-2026-11-21"),
            folder: Wide::new("crashes/dumps"),
            module: Wide::new("/usr/lib/application/handler.so"),
            command: Wide::new("--restore /tmp/session --quiet"),
            flags: std::cell::Cell::new(0),
        }
    }
}

fn pairs<'a>(library: &'a Library, text: &'a Strings) -> Vec<Pair<'a>> {
    fn pair<'a>(name: &'static str, there: impl Fn() -> i32 + 'a, back: impl Fn() -> i32 + 'a) -> Pair<'a> {
        Pair { name, there: Box::new(there), back: Box::new(back) }
    }
    let it = library;
    vec![
        pair("memory block", || (it.register_block)(OWN, 4096), || (it.unregister_block)(OWN)),
        pair("excluded block", || (it.register_excluded)(OWN, 4096), || (it.unregister_excluded)(OWN)),
        pair("file", || (it.register_file)(text.file.at(), 2, 0), || (it.unregister_file)(text.file.at())),
        pair(
            "metadata",
            || (it.register_metadata)(text.key.at(), text.value.at()),
            || (it.unregister_metadata)(text.key.at()),
        ),
        pair("additional process", || (it.register_process)(4711, 0), || (it.unregister_process)(4711)),
        pair("app-local dump", || (it.register_dump)(text.folder.at()), || (it.unregister_dump)()),
        pair(
            "module",
            || (it.register_module)(text.module.at(), OWN),
            || (it.unregister_module)(text.module.at(), OWN),
        ),
        pair("restart", || (it.register_restart)(text.command.at(), 0), || (it.unregister_restart)()),
        pair("recovery", || (it.register_recovery)(OWN, 0, 0, 0), || (it.unregister_recovery)()),
        pair("flags", || (it.set_flags)(1), || (it.get_flags)(SELF, text.flags.as_ptr() as usize)),
        pair("hold time", || (it.set_hold)(5000), || (it.set_hold)(0)),
    ]
}
