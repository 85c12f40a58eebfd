//! A dump as lldb reads it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::process;

/// lldb's own time with one dump.
const LLDB_LIMIT: Duration = Duration::from_secs(90);

/// What lldb says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Id of the thread that it stopped in.
    pub crashed_thread: u32,
    /// Ids of all threads.
    pub threads: Vec<u32>,
    /// Address of the innermost frame.
    pub instruction: u64,
    /// Functions of the crashed thread, innermost first; empty where it has no name.
    pub functions: Vec<String>,
    /// All that it printed.
    pub transcript: String,
}

/// Opens a dump and asks for threads, stack and modules.
///
/// # Errors
/// lldb is missing or cannot read the dump.
pub fn read(path: &Path) -> Result<Reading> {
    let mut command = Command::new("lldb");
    if let Some(python) = python_packages() {
        command.env("PYTHONPATH", python);
    }
    command.args(["--no-lldbinit", "--no-use-colors", "-b", "-c"]).arg(path);
    command.args(["-o", "thread list", "-o", "bt", "-o", "image list"]);
    let ended = process::run(&mut command, LLDB_LIMIT)
        .context("lldb cannot be run; `cargo xtask setup` installs it")?;
    ensure!(ended.status.success(), "lldb on {}: {}", path.display(), ended.describe());
    parse(&ended.stdout).with_context(|| format!("lldb on {}: {}", path.display(), ended.describe()))
}

/// Debian's lldb looks for its Python module in a folder that does not exist.
pub(crate) fn python_packages() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib").ok()?;
    let mut found: Vec<PathBuf> = versions
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("llvm-"))
        .flat_map(|entry| std::fs::read_dir(entry.path().join("lib")).into_iter().flatten().flatten())
        .map(|entry| entry.path().join("dist-packages"))
        .filter(|path| path.join("lldb").is_dir())
        .collect();
    found.sort();
    found.pop()
}

fn parse(text: &str) -> Option<Reading> {
    let threads: Vec<(bool, u32)> = text.lines().filter_map(thread_line).collect();
    let crashed_thread = threads.iter().find(|(selected, _)| *selected)?.1;
    let frames: Vec<(u64, String)> = text.lines().filter_map(frame_line).collect();
    Some(Reading {
        crashed_thread,
        threads: threads.iter().map(|(_, tid)| *tid).collect(),
        instruction: frames.first()?.0,
        functions: frames.into_iter().map(|(_, function)| function).collect(),
        transcript: text.to_owned(),
    })
}

/// `* thread #1: tid = 123, 0x55.. prog`main + 4, name = 'x', stop reason = signal SIGSEGV`
fn thread_line(line: &str) -> Option<(bool, u32)> {
    let selected = line.starts_with('*');
    let (_, rest) = line.trim_start_matches(['*', ' ']).strip_prefix("thread #")?.split_once("tid = ")?;
    let number: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    let tid = match number.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    Some((selected, tid))
}

/// `    frame #0: 0x000055 prog`function(arguments) at file.c:7:5` or `... prog`function + 12`
fn frame_line(line: &str) -> Option<(u64, String)> {
    let rest = line.trim_start_matches(['*', ' ']).strip_prefix("frame #")?;
    let (_, rest) = rest.split_once(": 0x")?;
    let (address, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let function = rest.split_once('`').map_or("", |(_, function)| function);
    let end = function.find(['(', '+']).or_else(|| function.find(" at ")).unwrap_or(function.len());
    Some((u64::from_str_radix(address, 16).ok()?, function[..end].trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_read() {
        let text = "\
(lldb) thread list
Process 4711 stopped
  thread #1: tid = 4711, 0x00007f01 libc.so.6`__poll + 79, name = 'prog'
* thread #2: tid = 0x1268, 0x000055aa prog`inner(target=0x0) at a.c:7:5, name = 'w', stop reason = signal SIGSEGV
(lldb) bt
* thread #2, name = 'w', stop reason = signal SIGSEGV
  * frame #0: 0x000055aa prog`inner(target=0x0) at a.c:7:5
    frame #1: 0x000055bb prog`outer + 12
    frame #2: 0x00007f02
";
        let reading = parse(text).expect("a reading");
        assert_eq!(reading.crashed_thread, 0x1268);
        assert_eq!(reading.threads, [4711, 0x1268]);
        assert_eq!(reading.instruction, 0x55aa);
        assert_eq!(reading.functions, ["inner", "outer", ""]);
    }
}
