//! gdb as a reader of cores: what it sees of each thread, in the order of their ids.

use std::io::Write;
use std::path::Path;
use std::process::Command;

/// Run inside gdb. Threads are numbered as a core has them, so they are sorted by what the kernel calls them.
const SCRIPT: &str = r#"
import gdb
def say(command):
    try:
        return gdb.execute(command, to_string=True)
    except gdb.error as error:
        return "error: %s\n" % error
# The first thread is selected, the only one that a signal is known of.
print("@facts")
print("si_signo = %s" % say("p $_siginfo.si_signo").split(" ")[-1])
print("si_addr = %s" % say("p $_siginfo._sifields._sigfault.si_addr").split(" ")[-1])
for thread in sorted(gdb.selected_inferior().threads(), key=lambda it: it.ptid[1]):
    thread.switch()
    print("@thread %d" % thread.ptid[1])
    print("@registers")
    print(say("info registers rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip eflags cs ss ds es fs gs fs_base"))
    print(say("info registers float"))
    for number in range(16):
        print(say("p $xmm%d.uint128" % number).split("=")[-1])
    print("@stack")
    print(say("bt"))
    print("@memory")
    print(say("x/64gx $rsp"))
    print(say("x/16i $rip"))
print("@facts")
print(say("info sharedlibrary"))
print(say("info auxv"))
print(say("p workers_pipe"))
"#;

/// What gdb sees of a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) id: u32,
    pub(super) registers: String,
    pub(super) stack: String,
    pub(super) memory: String,
}

/// What gdb sees.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) threads: Vec<Thread>,
    pub(super) facts: String,
    pub(super) transcript: String,
}

/// Reads a core of a program.
pub(super) fn read(program: &Path, core: &Path) -> Reading {
    let mut script = tempfile::Builder::new().suffix(".py").tempfile().expect("a file");
    script.write_all(SCRIPT.as_bytes()).expect("room");
    let output = Command::new("gdb")
        .args(["-q", "-batch", "-nx", "-x"])
        .arg(script.path())
        .arg(program)
        .arg(core)
        .output()
        .expect("gdb is needed: `cargo xtask setup` installs it");
    let text = String::from_utf8_lossy(&output.stdout);
    let mut reading = Reading {
        transcript: format!("{text}\n{}", String::from_utf8_lossy(&output.stderr)),
        ..Reading::default()
    };
    let mut part = "";
    // It warns of the kernel's own notes where they are smaller than it knows them.
    for line in text.lines().filter(|line| !line.starts_with("warning: ")) {
        if let Some(name) = line.strip_prefix('@') {
            part = name;
            if let Some(id) = name.strip_prefix("thread ") {
                let id = id.parse().expect("a number");
                reading.threads.push(Thread { id, ..Thread::default() });
            }
            continue;
        }
        let last = reading.threads.last_mut();
        let into = match (part, last) {
            ("registers", Some(thread)) => &mut thread.registers,
            ("stack", Some(thread)) => &mut thread.stack,
            ("memory", Some(thread)) => &mut thread.memory,
            ("facts", _) => &mut reading.facts,
            _ => continue,
        };
        into.push_str(line);
        into.push('\n');
    }
    assert!(!reading.threads.is_empty(), "gdb saw no thread: {}", reading.transcript);
    reading
}
