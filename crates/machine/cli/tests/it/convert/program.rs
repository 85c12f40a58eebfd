//! Programs that leave cores.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use wer_testkit::CorePattern;

/// The program that capture is tried with, compiled once per run.
pub(super) fn target() -> &'static Path {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    TARGET.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../capture/tests/programs/target.c");
        let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("target-{}", std::process::id()));
        let status = Command::new("cc")
            .args(["-g", "-O0", "-fno-omit-frame-pointer", "-w", "-pthread", "-o"])
            .arg(&output)
            .arg(&source)
            .status()
            .expect("a C compiler is needed: `cargo xtask setup` installs it");
        assert!(status.success());
        output
    })
}

/// A core that the kernel itself writes; `None`, with the reason printed, where we may not let it.
pub(super) fn kernel_core(folder: &Path, arguments: &[&str]) -> Option<PathBuf> {
    if let Some(reason) = CorePattern::why_not() {
        println!("{reason}: the kernel's core is not tried");
        return None;
    }
    let _pattern = CorePattern::set(&format!("{}/core.%p", folder.display())).expect("root may");
    let mut child = Command::new("prlimit")
        .args(["--core=unlimited", "--"])
        .arg(target())
        .args(arguments)
        .spawn()
        .expect("prlimit is part of every system");
    let core = folder.join(format!("core.{}", child.id()));
    child.wait().expect("its end");
    assert!(core.exists(), "the kernel wrote no core");
    Some(core)
}

/// A core that gdb makes of a program at the moment of its crash.
pub(super) fn crash(folder: &Path, arguments: &[&str]) -> PathBuf {
    let core = folder.join("crashed.core");
    let output = Command::new("gdb")
        .args(["-q", "-batch", "-nx", "-ex", "run", "-ex"])
        .arg(format!("generate-core-file {}", core.display()))
        .arg("--args")
        .arg(target())
        .args(arguments)
        .output()
        .expect("gdb is needed: `cargo xtask setup` installs it");
    assert!(core.exists(), "{}", String::from_utf8_lossy(&output.stdout));
    core
}

/// A core that gdb makes of a program that lives and has said that it is ready.
pub(super) fn gcore(folder: &Path, arguments: &[&str]) -> PathBuf {
    let mut program = Living(
        Command::new(target())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it was just built"),
    );
    let mut line = String::new();
    BufReader::new(program.0.stdout.take().expect("a pipe")).read_line(&mut line).expect("a pipe");
    assert_eq!(line, "ready\n");
    let prefix = folder.join("core");
    let output = Command::new("gcore").arg("-o").arg(&prefix).arg(program.0.id().to_string()).output();
    let output = output.expect("gdb is needed: `cargo xtask setup` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    prefix.with_extension(program.0.id().to_string())
}

struct Living(Child);

impl Drop for Living {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
