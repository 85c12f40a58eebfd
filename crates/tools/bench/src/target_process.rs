//! The target process, as its controller sees it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::target::{Pages, Zeros};

/// What the target is like.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Setup {
    pub(crate) threads: usize,
    pub(crate) heap_mib: usize,
    pub(crate) pages: Pages,
    pub(crate) zeros: Zeros,
    /// One more thread writes to the heap without a pause.
    pub(crate) writes: bool,
}

impl Setup {
    pub(crate) const fn heap_bytes(&self) -> u64 {
        (self.heap_mib as u64) << 20
    }

    fn arguments(&self) -> Vec<String> {
        let name = |value: Option<clap::builder::PossibleValue>| {
            value.map(|value| value.get_name().to_owned()).unwrap_or_default()
        };
        let mut arguments = vec![
            "target".to_owned(),
            format!("--threads={}", self.threads),
            format!("--heap-mib={}", self.heap_mib),
            format!("--pages={}", name(self.pages.to_possible_value())),
            format!("--zeros={}", name(self.zeros.to_possible_value())),
        ];
        arguments.extend(self.writes.then(|| "--writes".to_owned()));
        arguments
    }
}

/// The target process; killed when dropped.
pub(crate) struct Target {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    heap: u64,
}

impl Target {
    pub(crate) fn start(setup: &Setup) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(setup.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("the target does not start")?;
        let commands = child.stdin.take().context("no pipe to the target")?;
        let answers = BufReader::new(child.stdout.take().context("no pipe from the target")?);
        let mut target = Self { child, commands, answers, heap: 0 };
        let ready = target.answer()?;
        let heap = ready.strip_prefix("ready ").with_context(|| format!("the target says {ready:?}"))?;
        target.heap = heap.parse()?;
        Ok(target)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Address of its heap.
    pub(crate) const fn heap(&self) -> u64 {
        self.heap
    }

    pub(crate) fn ask(&mut self, command: &str) -> Result<String> {
        self.commands.write_all(format!("{command}\n").as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        ensure!(!line.is_empty(), "the target is gone");
        Ok(line.trim_end().to_owned())
    }

    pub(crate) fn longest_gap_ms(&mut self) -> Result<f64> {
        let nanoseconds: u64 = self.ask("report")?.parse()?;
        Ok(nanoseconds as f64 / 1e6)
    }

    /// The longest gap in a time in which nothing is done to the target.
    pub(crate) fn undisturbed_ms(&mut self, for_ms: f64) -> Result<f64> {
        self.ask("reset")?;
        std::thread::sleep(std::time::Duration::from_secs_f64(for_ms / 1e3));
        self.longest_gap_ms()
    }

    /// Until it is gone.
    pub(crate) fn wait(&mut self) -> Result<()> {
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
