//! Building and running the programs under `tests/programs`.

use std::ffi::OsString;
use std::hash::{Hash, Hasher};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use wer_sys::Process;

/// Longer than anything here takes; a test that needs it has failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A program that was built once from this text and these options, by this or an earlier run.
fn build(source: &str, name: &str, options: &[&str]) -> PathBuf {
    build_with("cc", source, name, options)
}

/// The same by another compiler.
fn build_with(compiler: &str, source: &str, name: &str, options: &[&str]) -> PathBuf {
    let mut hasher = std::hash::DefaultHasher::new();
    (std::fs::read(source_path(source)).expect("the source is there"), compiler, options).hash(&mut hasher);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let output = folder.join(format!("{name}-{:x}", hasher.finish()));
    if !output.exists() {
        let unfinished = folder.join(format!("{name}-{}", std::process::id()));
        compile_with(compiler, source, &unfinished, options);
        std::fs::rename(&unfinished, &output).expect("the same folder");
    }
    output
}

fn source_path(source: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(source)
}

fn compile(source: &str, output: &Path, options: &[&str]) {
    compile_with("cc", source, output, options);
}

fn compile_with(compiler: &str, source: &str, output: &Path, options: &[&str]) {
    let status = Command::new(compiler)
        .args(["-g", "-O0", "-fno-omit-frame-pointer", "-w", "-pthread", "-o"])
        .arg(output)
        .arg(source_path(source))
        .args(options)
        .status()
        .expect("a C compiler is needed: `cargo xtask setup` installs it");
    assert!(status.success(), "{} does not compile", output.display());
}

/// `facts.c` and `target.c` for another C library; `None` where it is not installed.
pub(crate) fn musl(source: &str, options: &[&str]) -> Option<PathBuf> {
    if Command::new("musl-gcc").arg("--version").output().is_err() {
        println!("musl is not installed: it is not tried (`cargo xtask setup` installs it)");
        return None;
    }
    let name = format!("wer-capture-musl-{}{}", source.trim_end_matches(".c"), options.concat());
    Some(build_with("musl-gcc", source, &name, options))
}

macro_rules! built_once {
    ($(#[$text:meta])* $function:ident, $source:literal, $name:literal, $options:expr) => {
        $(#[$text])*
        pub(crate) fn $function() -> &'static Path {
            static PATH: OnceLock<PathBuf> = OnceLock::new();
            PATH.get_or_init(|| build($source, $name, &$options))
        }
    };
}

built_once!(
    /// `target.c`, dynamically linked.
    target, "target.c", "wer-capture-target", []
);
built_once!(
    /// `target.c`, statically linked.
    static_target, "target.c", "wer-capture-static", ["-static"]
);
built_once!(
    /// `facts.c`.
    facts_target, "facts.c", "wer-capture-facts", []
);
built_once!(
    /// `facts.c`, statically linked.
    static_facts_target, "facts.c", "wer-capture-facts-static", ["-static"]
);
built_once!(
    /// `snapshot.c`.
    snapshot_target, "snapshot.c", "wer-capture-snapshot", ["-mavx2"]
);
built_once!(
    /// `target.c` without a build id.
    anonymous_target, "target.c", "wer-capture-anonymous", ["-Wl,--build-id=none"]
);

/// Builds `core_relay.c` that talks to `socket`.
pub(crate) fn build_core_relay(output: &Path, socket: &Path) {
    compile("core_relay.c", output, &[&format!("-DSOCKET_PATH=\"{}\"", socket.display())]);
}

/// Starts a program whose file was just written: a child that another test forked meanwhile may still hold the
/// writer's descriptor, until its own exec.
pub(crate) fn spawn(command: &mut Command) -> std::io::Result<Child> {
    let until = Instant::now() + LIMIT;
    loop {
        match command.spawn() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && Instant::now() < until => {
                std::thread::yield_now();
            }
            outcome => return outcome,
        }
    }
}

pub(crate) fn words(program: &Path, arguments: &[&str]) -> Vec<OsString> {
    std::iter::once(program.into()).chain(arguments.iter().map(OsString::from)).collect()
}

/// A running program; killed when dropped.
pub(crate) struct Program {
    pub(crate) child: Child,
    pub(crate) stdin: Option<ChildStdin>,
    stdout: ChildStdout,
}

impl Program {
    pub(crate) fn start(program: &Path, arguments: &[&str]) -> Self {
        Self::start_command(Command::new(program).args(arguments))
    }

    /// As another user, in no groups of ours.
    pub(crate) fn start_as(program: &Path, arguments: &[&str], uid: u32) -> Self {
        Self::start_command(Command::new(program).args(arguments).uid(uid).gid(uid).current_dir("/"))
    }

    fn start_command(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = spawn(command).expect("the program was just built");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().expect("a pipe"));
        Self { child, stdin, stdout }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let mut done = 0;
        while done < length {
            wait_readable(&self.stdout);
            let count = self.stdout.read(&mut bytes[done..]).expect("a pipe");
            assert_ne!(count, 0, "the program ended early: {:?}", self.child.try_wait());
            done += count;
        }
        bytes
    }

    pub(crate) fn expect(&mut self, line: &str) {
        let bytes = self.read(line.len());
        assert_eq!(String::from_utf8_lossy(&bytes), line);
    }

    pub(crate) fn stdin_line(&mut self, line: &str) {
        self.stdin.as_mut().expect("a pipe").write_all(format!("{line}\n").as_bytes()).expect("a pipe");
    }

    /// A line with a hexadecimal number of 16 digits.
    pub(crate) fn read_number(&mut self) -> u64 {
        let line = self.read(17);
        u64::from_str_radix(String::from_utf8_lossy(&line).trim(), 16).expect("a number")
    }

    /// Whether it runs: it answers.
    pub(crate) fn ping(&mut self) {
        self.stdin_line("ping");
        self.expect("pong\n");
    }

    pub(crate) fn state(&self) -> char {
        Process::open(self.pid()).expect("it lives").stat().expect("it lives").state
    }

    pub(crate) fn end(mut self) -> Option<i32> {
        drop(self.stdin.take());
        self.child.wait().expect("its end").code()
    }

    pub(crate) fn end_signal(&mut self) -> Option<i32> {
        self.child.wait().expect("its end").signal()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn wait_readable(fd: &impl std::os::fd::AsFd) {
    let limit = Timespec { tv_sec: LIMIT.as_secs() as i64, tv_nsec: 0 };
    let ready = rustix::io::retry_on_intr(|| {
        rustix::event::poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&limit))
    });
    assert_eq!(ready.expect("a poll"), 1, "nothing came within {LIMIT:?}");
}

/// Waits until `condition` holds.
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < until, "{what} did not happen within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
