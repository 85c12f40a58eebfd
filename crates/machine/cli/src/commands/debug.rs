//! `wer debug`: a stored report's dump in gdb or lldb. lldb reads minidumps; for gdb a core file is made of the dump, in a
//! temporary folder that goes when gdb ends.

mod choice;

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde_json::json;
use tempfile::TempDir;
use wer_dump::{DumpFile, UnpackLimits, is_compressed};

use self::choice::Debugger;
use crate::output::{clean_value, print, print_json};
use crate::place::PlaceArguments;
use crate::stored::{self, Read};

/// Dumps of a report, the one that holds most first.
const DUMPS: [&str; 4] = ["memory.hdmp", "minidump.mdmp", "triagedump.mdmp", "microdump.mdmp"];
/// Bytes at the front of a dump that tell whether it is packed.
const MAGIC_BYTES: usize = 4;

/// Options.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The report's id, or enough of its beginning.
    id: String,
    /// Which debugger [default: gdb if it is installed, else lldb].
    #[arg(long, value_enum)]
    debugger: Option<Debugger>,
    /// Print the commands that would do it, for a shell.
    #[arg(long, conflicts_with = "batch")]
    print: bool,
    /// Print the backtrace of the crashed thread and leave.
    #[arg(long)]
    batch: bool,
    /// Print JSON (with --print).
    #[arg(long, requires = "print")]
    json: bool,
}

/// The stored dump, opened.
struct Stored {
    file: File,
    path: PathBuf,
    /// The executable, where it is still there.
    program: Option<PathBuf>,
}

/// Opens a debugger.
///
/// # Errors
/// There is no such report, dump or debugger, the dump cannot be read, or the debugger failed.
pub(crate) fn run(place: &PlaceArguments, arguments: &Arguments) -> Result<ExitCode> {
    let (read, stored) = stored::one(place, &arguments.id, open)?;
    let stored = stored.with_context(|| format!("report {} cannot be debugged", read.report.id))?;
    let debugger = choice::choose(arguments.debugger)?;
    if arguments.print {
        return tell(debugger, &stored, &read, arguments.json);
    }
    let folder = tempfile::Builder::new().prefix("wer-debug-").tempdir()?;
    let input = prepare(debugger, &stored, &folder)
        .with_context(|| format!("{} cannot be read", stored.path.display()))?;
    let line = debugger.command_line(stored.program.as_deref(), &input, arguments.batch);
    start(&line, arguments.batch)
}

fn open(read: &Read) -> Result<Stored> {
    let has = |name: &&&str| read.report.files.iter().any(|file| file.name == **name);
    let name = DUMPS.iter().find(has).ok_or_else(|| anyhow!("it has no dump"))?;
    let file = read.stored.open_file(name)?;
    let program = Path::new(&read.report.application_path);
    // What a report calls the program becomes an argument: nothing that could be an option.
    let program = (program.is_absolute() && program.is_file()).then(|| program.to_path_buf());
    Ok(Stored { file, path: read.stored.folder.join(name), program })
}

/// The file that the debugger reads.
fn prepare(debugger: Debugger, stored: &Stored, folder: &TempDir) -> Result<PathBuf> {
    let dump = DumpFile::of(&stored.file, &stored.path, &UnpackLimits::default())?;
    match debugger {
        Debugger::Gdb => {
            let path = folder.path().join("core");
            let plan = wer_elf_core::plan(dump.bytes())?;
            let bytes = dump.bytes();
            plan.write(&bytes, &File::create_new(&path)?, &mut |_, _| ControlFlow::Continue(()))?;
            Ok(path)
        }
        Debugger::Lldb if is_packed(&stored.file) => {
            let path = folder.path().join("dump.dmp");
            fs::write(&path, dump.bytes())?;
            Ok(path)
        }
        Debugger::Lldb => Ok(stored.path.clone()),
    }
}

fn is_packed(file: &File) -> bool {
    use std::os::unix::fs::FileExt as _;
    let mut magic = [0; MAGIC_BYTES];
    let read = file.read_at(&mut magic, 0).unwrap_or(0);
    is_compressed(magic.get(..read).unwrap_or_default())
}

fn start(line: &[String], batch: bool) -> Result<ExitCode> {
    let [program, arguments @ ..] = line else { bail!("there is no debugger to start") };
    // Ctrl-C is the debugger's; the temporary folder must outlive it.
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGQUIT] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
    }
    let mut command = Command::new(program);
    command.args(arguments);
    if batch {
        command.stdin(Stdio::null());
    }
    let status = command.status().with_context(|| format!("{program} cannot be started"))?;
    if !status.success() {
        bail!("{program} failed ({status})");
    }
    Ok(ExitCode::SUCCESS)
}

/// The commands for a shell; gdb's core is made in the current folder.
fn tell(debugger: Debugger, stored: &Stored, read: &Read, as_json: bool) -> Result<ExitCode> {
    let dump = stored.path.to_string_lossy().into_owned();
    let mut lines = Vec::new();
    let input = match debugger {
        Debugger::Gdb => {
            let core = PathBuf::from(format!("{}.core", read.report.id));
            let convert = ["wer", "convert", &dump, "-o", &core.to_string_lossy()].map(String::from);
            lines.push(convert.to_vec());
            core
        }
        Debugger::Lldb => stored.path.clone(),
    };
    lines.push(debugger.command_line(stored.program.as_deref(), &input, false));
    if as_json {
        print_json(&json!({ "debugger": debugger.name(), "dump": dump, "commands": lines }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for line in lines {
        let words: Vec<String> = line.iter().map(|word| choice::quoted(word)).collect();
        print(&(clean_value(&words.join(" ")) + "\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}
