//! Living programs (`wer-crasher`'s) and what they say is true of themselves.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::process::Guard;
use crate::wait::wait_for;

/// Threads are asked to stand still, and the kernel to say so.
const STAND_LIMIT: Duration = Duration::from_secs(20);

/// A thread that stands in a system call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownThread {
    /// Its id, as the program sees it.
    pub tid: u64,
    /// Its name, any bytes.
    pub name: Vec<u8>,
    /// Registers by name: those that the program knows.
    pub registers: BTreeMap<String, u128>,
}

/// Memory with bytes that follow a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownMemory {
    /// What kind it is, e.g. "heap".
    pub name: String,
    /// First address.
    pub address: u64,
    /// Bytes.
    pub size: usize,
    /// Where the rule begins.
    pub seed: usize,
}

impl KnownMemory {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        (0..self.size).map(|i| (self.seed + 7 * i + 13 * (i / 256)) as u8).collect()
    }
}

/// What a program has said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Truth {
    /// Threads that are known.
    pub threads: Vec<KnownThread>,
    /// Memory that is known.
    pub memory: Vec<KnownMemory>,
    /// Everything else: the first word of a line, and the rest.
    pub more: BTreeMap<String, String>,
}

impl Truth {
    /// Memory by its name.
    #[must_use]
    pub fn memory(&self, name: &str) -> Option<&KnownMemory> {
        self.memory.iter().find(|memory| memory.name == name)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        match words.next()? {
            "thread" => {
                let tid = words.next()?.parse().ok()?;
                let name = hex_bytes(words.next()?)?;
                let mut registers = BTreeMap::new();
                while let Some(register) = words.next() {
                    let value = u128::from_str_radix(words.next()?, 16).ok()?;
                    registers.insert(register.to_owned(), value);
                }
                self.threads.push(KnownThread { tid, name, registers });
            }
            "memory" => {
                let name = words.next()?.to_owned();
                let address = u64::from_str_radix(words.next()?, 16).ok()?;
                let size = usize::from_str_radix(words.next()?, 16).ok()?;
                self.memory.push(KnownMemory { name, address, size, seed: words.next()?.parse().ok()? });
            }
            first => {
                self.more.insert(first.to_owned(), words.collect::<Vec<_>>().join(" "));
            }
        }
        Some(())
    }
}

/// Bytes from pairs of hexadecimal digits.
#[must_use]
pub fn hex_bytes(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// A running program that stands still; ended when dropped.
#[derive(Debug)]
pub struct Living {
    guard: Guard,
    input: Option<ChildStdin>,
    _output: BufReader<ChildStdout>,
    /// What it said.
    pub truth: Truth,
}

impl Living {
    /// Starts it and waits until it stands.
    ///
    /// # Errors
    /// It ends early, says what makes no sense, or does not come to stand.
    pub fn start(command: &mut Command) -> Result<Self> {
        let what = format!("{command:?}");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut guard = Guard::new(command.spawn().with_context(|| format!("{what} cannot be started"))?);
        let input = guard.child().stdin.take();
        let mut output = BufReader::new(guard.child().stdout.take().context("piped")?);
        let mut truth = Truth::default();
        loop {
            let mut line = String::new();
            ensure!(output.read_line(&mut line)? > 0, "{what} ended before it was ready");
            let line = line.trim_end();
            if line == "ready" {
                break;
            }
            if truth.add(line).is_none() {
                bail!("{what} said {line:?}");
            }
        }
        let living = Self { guard, input, _output: output, truth };
        // In a pid namespace its ids are others than ours; then whoever asked has to know when it stands.
        let same_ids = living.truth.more.get("pid").is_some_and(|pid| *pid == living.pid().to_string());
        if same_ids {
            living.wait_until_it_stands(living.pid())?;
        }
        Ok(living)
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.guard.pid()
    }

    /// Waits until the known threads of the process `pid` stand where they said.
    ///
    /// # Errors
    /// One does not in time.
    pub fn wait_until_it_stands(&self, pid: u32) -> Result<()> {
        for thread in &self.truth.threads {
            let place = format!("{:#x}", thread.registers.get("rip").copied().unwrap_or_default());
            let path = format!("/proc/{pid}/task/{}/syscall", thread.tid);
            wait_for(&format!("thread {} to stand", thread.tid), STAND_LIMIT, || {
                let text = fs::read_to_string(&path).with_context(|| path.clone())?;
                Ok(text.trim_end().ends_with(&place).then_some(()))
            })?;
        }
        Ok(())
    }

    /// Sends it a byte.
    ///
    /// # Errors
    /// It is gone.
    pub fn poke(&mut self) -> Result<()> {
        Ok(self.input.as_mut().context("its input is closed")?.write_all(b"\n")?)
    }

    /// The child.
    pub fn guard(&mut self) -> &mut Guard {
        &mut self.guard
    }

    /// Closes its input and waits for its end.
    ///
    /// # Errors
    /// It did not end well.
    pub fn end(mut self) -> Result<()> {
        drop(self.input.take());
        self._output.read_to_string(&mut String::new())?;
        let status = self.guard.child().wait()?;
        ensure!(status.success(), "the living program ended with {status}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        let mut truth = Truth::default();
        truth.add("thread 17 610a29 rip 10 xmm6 ffffffffffffffff0000000000000001").expect("a thread");
        truth.add("memory heap 1000 200 3").expect("memory");
        truth.add("more-threads 5").expect("a count");
        assert_eq!((truth.threads[0].tid, &truth.threads[0].name[..]), (17, &b"a\n)"[..]));
        assert_eq!(truth.threads[0].registers["xmm6"], (u128::from(u64::MAX) << 64) | 1);
        let memory = truth.memory("heap").expect("memory").bytes();
        assert_eq!((memory.len(), memory[0], memory[1], memory[256]), (0x200, 3, 10, 16));
        assert_eq!(truth.more["more-threads"], "5");
        assert!(truth.add("thread x").is_none());
    }
}
