//! Processes that hang, and what is seen of them.

use std::process::{Child, Command, Stdio};

use wer_hang::{Chain, Hang, look};

/// A child that is ended with the test.
pub(crate) struct Hanging(pub(crate) Child);

impl Drop for Hanging {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Looks until the chain is what is expected; a process takes a while to get there.
#[track_caller]
pub(crate) fn chain_of(child: &Child, is_expected: impl Fn(&Chain) -> bool) -> Chain {
    hang_of(child.id(), None, |hang| is_expected(hang.telling())).telling().clone()
}

/// The same of one thread, and with what other threads are in.
#[track_caller]
pub(crate) fn hang_of(pid: u32, tid: Option<u32>, is_expected: impl Fn(&Hang) -> bool) -> Hang {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let hang = look(pid, tid).expect("our own child");
        if is_expected(&hang) {
            return hang;
        }
        let deadlocks: String = hang.deadlocks.iter().map(Chain::text).collect();
        assert!(std::time::Instant::now() < end, "{}{deadlocks}", hang.chain.text());
        std::thread::yield_now();
    }
}

pub(crate) fn words(chain: &Chain) -> Vec<&'static str> {
    chain.links.iter().map(|link| link.wait.word()).collect()
}

pub(crate) fn compiled(name: &str, source: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (input, output) = (folder.join(format!("{name}.c")), folder.join(name));
    std::fs::write(&input, source).expect("room");
    let status = Command::new("cc").args(["-pthread", "-o"]).arg(&output).arg(&input).status();
    assert!(status.expect("a C compiler").success());
    output
}

pub(crate) fn start(command: &mut Command) -> Hanging {
    Hanging(
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts"),
    )
}
