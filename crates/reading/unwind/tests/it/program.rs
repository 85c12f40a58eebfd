//! A program that is compiled, run until it says "ready", dumped, and ended.

use std::fs;
use std::io::{BufRead, BufReader, Cursor};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use minidump_writer::minidump_writer::MinidumpWriterConfig;
use tempfile::TempDir;
use wer_model::{Analysis, ThreadStack};
use wer_symbols::SymbolConfig;
use wer_unwind::analyze;

/// A compiled program in its own folder.
pub(crate) struct Program {
    folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Program {
    /// Compiles `source`, written to a file of that name.
    pub(crate) fn build(compiler: &str, source_name: &str, source: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source_path = folder.path().join(source_name);
        fs::write(&source_path, source).unwrap();
        let path = folder.path().join("program");
        run(Command::new(compiler).arg(&source_path).arg("-o").arg(&path).args(flags));
        Self { folder, path }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the program and dumps it once it has printed "ready".
    pub(crate) fn dump(&self) -> Vec<u8> {
        let mut child = Running::start(Command::new(&self.path));
        child.wait_until_ready();
        child.dump()
    }

    /// The analysis of such a dump, with the files of this machine.
    pub(crate) fn analysis(&self) -> Analysis {
        analyze(&self.dump(), &SymbolConfig::local()).unwrap()
    }
}

/// Runs a tool and insists that it works.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A running program; ended when it is dropped.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        Self(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Waits for the line "ready", and then until every thread sleeps in the kernel.
    fn wait_until_ready(&mut self) {
        let output = self.0.stdout.take().unwrap();
        let line = BufReader::new(output).lines().next().unwrap().unwrap();
        assert_eq!(line, "ready");
        let tasks = format!("/proc/{}/task", self.0.id());
        let asleep = |task: fs::DirEntry| {
            let stat = fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S'))
        };
        for _ in 0..10_000 {
            if fs::read_dir(&tasks).unwrap().all(|task| task.is_ok_and(asleep)) {
                return;
            }
            std::thread::yield_now();
        }
        panic!("the program's threads never came to rest");
    }

    fn dump(&self) -> Vec<u8> {
        let pid = i32::try_from(self.0.id()).unwrap();
        let mut out = Cursor::new(Vec::new());
        MinidumpWriterConfig::new(pid, pid).write(&mut out).unwrap();
        out.into_inner()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Function names of a stack, "?" where there is none.
pub(crate) fn names(stack: &ThreadStack) -> Vec<&str> {
    stack.frames.iter().map(|frame| frame.function.as_deref().unwrap_or("?")).collect()
}

/// `wanted` are frames of `stack` next to one another, in this order.
#[track_caller]
pub(crate) fn assert_chain(stack: &ThreadStack, wanted: &[&str]) {
    let names = names(stack);
    assert!(names.windows(wanted.len()).any(|part| part == wanted), "{wanted:?} is not in {names:?}");
}
