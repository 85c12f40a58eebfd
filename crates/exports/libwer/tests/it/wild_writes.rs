//! A wild write over the registration block of a real process: what it did not touch is still read, what it did is said,
//! and the process goes on registering.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};

use wer_abi::registration::RegistrationBlock;
use wer_capture::registration::{BlockContents, of_process};
use wer_snapshot::Registrations;

use crate::build::{WITH_LIBRARY, compile, library_folder};

const BLOCK_BYTES: usize = size_of::<RegistrationBlock>();

/// The address of the block of a process.
fn block_of(pid: u32) -> u64 {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let line = maps.lines().find(|line| line.contains("/memfd:wer-registration")).unwrap();
    u64::from_str_radix(line.split('-').next().unwrap(), 16).unwrap()
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below
    }
}

/// Flips bytes, most of them where something is.
fn write_wildly(memory: &File, block: u64, numbers: &mut Numbers) {
    for _ in 0..40 {
        let below = if numbers.next(4) == 0 { BLOCK_BYTES } else { 12_000 };
        let place = block + numbers.next(below) as u64;
        let mut byte = [0];
        memory.read_exact_at(&mut byte, place).unwrap();
        memory.write_all_at(&[byte[0] ^ (numbers.next(255) as u8 + 1)], place).unwrap();
    }
}

/// Nothing is there that was not registered, and nothing is lost without a word.
fn check(good: &Registrations, after: &BlockContents) -> usize {
    let found = &after.registrations;
    assert!(found.entries.iter().all(|entry| good.entries.contains(entry)), "{found:?}");
    assert!(found.modules.iter().all(|module| good.modules.contains(module)), "{found:?}");
    let lost = good.entries.len() - found.entries.len();
    assert!(lost == 0 || !after.soft_errors.is_empty(), "{lost} are lost");
    lost
}

#[test]
fn what_was_not_touched_is_read_and_the_process_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(&folder, "cc", "wild.c", &[&["-std=c11"][..], &WITH_LIBRARY].concat());
    let mut numbers = Numbers(0x1234_5678_9ABC_DEF1);
    let mut lost = 0;
    for round in 0..25 {
        let mut child = Command::new(&program)
            .env("LD_LIBRARY_PATH", library_folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        let good = of_process(child.id()).unwrap();
        assert!(good.soft_errors.is_empty(), "{:?}", good.soft_errors);
        assert_eq!((good.registrations.entries.len(), good.registrations.modules.len()), (153, 1));
        let memory = OpenOptions::new().read(true).write(true).open(format!("/proc/{}/mem", child.id()));
        write_wildly(&memory.unwrap(), block_of(child.id()), &mut numbers);
        lost += check(&good.registrations, &of_process(child.id()).unwrap());
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "round {round}: {status:?}");
    }
    assert!(lost > 0, "no round has touched an entry");
}
