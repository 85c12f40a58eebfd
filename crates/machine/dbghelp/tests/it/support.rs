//! Processes to dump, and a look into dumps by a reader that is not ours.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use minidump::{Minidump, MinidumpThreadList};

/// A process that lives until it is dropped, and has gone through its exec.
pub(crate) struct Living(pub(crate) Child);

impl Living {
    pub(crate) fn new() -> Self {
        let mut command = Command::new("cat");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cat");
        child.stdin.as_mut().expect("piped").write_all(b"x").expect("it reads");
        child.stdout.as_mut().expect("piped").read_exact(&mut [0]).expect("it answers");
        Self(child)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// It goes on: it ends by itself when its input does.
    pub(crate) fn goes_on(mut self) -> bool {
        drop(self.0.stdin.take());
        self.0.wait().expect("its end").success()
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The dump's bytes, when nothing is wrong with their form.
pub(crate) fn checked(path: &Path) -> Vec<u8> {
    checked_bytes(std::fs::read(path).expect("a dump"))
}

pub(crate) fn checked_bytes(bytes: Vec<u8>) -> Vec<u8> {
    let violations = wer_check::check(&bytes);
    assert!(violations.is_empty(), "{violations:#?}");
    bytes
}

/// Thread ids in a dump.
pub(crate) fn threads(bytes: &[u8]) -> BTreeSet<u32> {
    let dump = Minidump::read(bytes.to_vec()).expect("a dump");
    let list: MinidumpThreadList<'_> = dump.get_stream().expect("threads");
    list.threads.iter().map(|thread| thread.raw.thread_id).collect()
}

/// A stream's bytes.
pub(crate) fn stream(bytes: &[u8], number: u32) -> Option<Vec<u8>> {
    let dump = Minidump::read(bytes.to_vec()).expect("a dump");
    dump.get_raw_stream(number).ok().map(<[u8]>::to_vec)
}
