//! When no whole dump can be had: a clear message, and no file that looks whole.

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use wer_testkit::crasher::LivingKind;
use wer_testkit::{Ended, Living, Sandbox, process};

use crate::making::{check, command, file, path_text, program, sandbox, start};

const LIMIT: Duration = Duration::from_secs(60);
const NOBODY: u32 = 65534;

/// `wer dump PID --type full -o PATH`, confined to the sandbox.
fn dump_command(sandbox: &Sandbox, pid: u32, path: &Path) -> Command {
    let pid = pid.to_string();
    let wer = sandbox.built().binary("wer");
    command(sandbox, &wer, &["dump", &pid, "--type", "full", "-o", path_text(path)])
}

fn run(command: &mut Command) -> Ended {
    process::run(command, LIMIT).unwrap_or_else(|error| panic!("{error:#}"))
}

/// Nothing is left, or nothing that begins as a minidump does.
fn looks_whole(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"MDMP"))
}

fn refused(ended: &Ended, path: &Path, words: &[&str]) {
    assert_eq!(ended.status.code(), Some(1), "{}", ended.describe());
    assert!(!looks_whole(path), "{}", path.display());
    for word in words {
        assert!(ended.stderr.contains(word), "{word:?}: {}", ended.describe());
    }
}

/// It ends, is killed or becomes another program at any moment of the dump: then there is a whole dump, or an error and
/// no dump.
#[test]
fn a_process_that_goes_away_meanwhile() {
    let sandbox = sandbox();
    let mut whole = 0;
    let mut failed = 0;
    for (round, how) in ["exit", "kill", "exec"].into_iter().cycle().take(45).enumerate() {
        let mut living = start(&sandbox, LivingKind::Dynamic, &[&format!("end={how}")]);
        let path = file(&sandbox, &format!("{how}{round}.dmp"));
        let mut command = dump_command(&sandbox, living.pid(), &path);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process::Guard::new(command.spawn().expect("wer"));
        // Some rounds at once, others while it works.
        for _ in 0..round * 40 {
            std::thread::yield_now();
        }
        let _ = living.poke();
        let mut said = String::new();
        child.child().stderr.take().expect("piped").read_to_string(&mut said).expect("its words");
        let status = child.child().wait().expect("its end");
        if status.success() {
            whole += 1;
            check(&sandbox, &path);
        } else {
            failed += 1;
            assert_eq!(status.code(), Some(1), "{how}: {said}");
            assert!(said.contains(&living.pid().to_string()), "{how}: it names no process: {said}");
            assert!(!path.exists(), "{how}: {} is left", path.display());
        }
        let _ = fs::remove_file(&path);
    }
    assert_eq!(whole + failed, 45);
    assert!(whole > 0, "no round gave a dump");
}

/// A file system of 1 MiB.
struct Tiny(PathBuf);

impl Tiny {
    fn mount(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).expect("a folder");
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m,mode=0777", "none"])
            .arg(&folder)
            .status()
            .expect("mount");
        assert!(status.success());
        Self(folder)
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        match Command::new("umount").arg("-l").arg(&self.0).status() {
            Ok(status) if status.success() => {}
            other => eprintln!("{} stays mounted: {other:?}", self.0.display()),
        }
    }
}

#[test]
fn no_room() {
    let sandbox = sandbox();
    assert!(rustix::process::geteuid().is_root(), "only root may mount everywhere");
    let living = start(&sandbox, LivingKind::Dynamic, &[]);
    let tiny = Tiny::mount(file(&sandbox, "tiny"));
    let path = tiny.0.join("full.dmp");
    let ended = run(&mut dump_command(&sandbox, living.pid(), &path));
    refused(&ended, &path, &["full.dmp", "the disk is full"]);
    assert!(!path.exists(), "an unfinished file is left");

    let path = file(&sandbox, "limited.dmp");
    let mut shell = Command::new("/bin/sh");
    let limited = dump_command(&sandbox, living.pid(), &path);
    shell
        .args(["-c", "ulimit -f 100; exec \"$@\"", "sh"])
        .arg(limited.get_program())
        .args(limited.get_args());
    let ended = run(sandbox.confine(&mut shell));
    refused(&ended, &path, &["limited.dmp", "File too large"]);
    assert!(!path.exists(), "an unfinished file is left");
    living.end().expect("it goes on");
}

#[test]
fn nobody_may_not() {
    let sandbox = sandbox();
    assert!(rustix::process::geteuid().is_root(), "only root may become nobody");
    let wer = PathBuf::from("/tmp").join(format!("wer-of-nobody-{}", std::process::id()));
    fs::copy(sandbox.built().binary("wer"), &wer).expect("a copy that nobody can start");
    let folder = tempfile::Builder::new().prefix("wer-nobody-").tempdir().expect("a folder");
    std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("its folder");
    let as_nobody = |pid: u32, name: &str| {
        let path = folder.path().join(name);
        let mut command = Command::new(&wer);
        command.args(["dump", &pid.to_string(), "-o", path_text(&path)]).env("HOME", folder.path());
        command.uid(NOBODY).gid(NOBODY).current_dir(folder.path());
        (run(&mut command), path)
    };
    let roots = start(&sandbox, LivingKind::Dynamic, &[]);
    let (ended, path) = as_nobody(roots.pid(), "roots.dmp");
    refused(&ended, &path, &[&roots.pid().to_string()]);
    assert!(ended.stderr.contains("CAP_SYS_PTRACE"), "{}", ended.describe());

    let copy = folder.path().join("living");
    fs::copy(program(LivingKind::Dynamic), &copy).expect("a copy that nobody can start");
    for (arguments, may) in [(&["not-dumpable"][..], false), (&[][..], true)] {
        let mut own = Command::new(&copy);
        own.args(arguments).uid(NOBODY).gid(NOBODY).current_dir(folder.path());
        let own = Living::start(&mut own).expect("nobody's program");
        let (ended, path) = as_nobody(own.pid(), &format!("own-{may}.dmp"));
        if may {
            assert!(ended.status.success(), "{}", ended.describe());
            assert!(looks_whole(&path));
        } else {
            refused(&ended, &path, &[&own.pid().to_string()]);
        }
    }
    fs::remove_file(&wer).expect("ours");
}

/// Whoever reads the dump goes away: `wer` says so and ends by itself, not by a signal.
#[test]
fn a_broken_pipe() {
    let sandbox = sandbox();
    let living = start(&sandbox, LivingKind::Dynamic, &[]);
    let mut command = dump_command(&sandbox, living.pid(), Path::new("-"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = process::Guard::new(command.spawn().expect("wer"));
    drop(child.child().stdout.take());
    let mut said = String::new();
    child.child().stderr.take().expect("piped").read_to_string(&mut said).expect("its words");
    let status = child.child().wait().expect("its end");
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("standard output was closed"), "{said}");
    living.end().expect("it goes on");
}
