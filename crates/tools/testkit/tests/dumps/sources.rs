//! Processes of every kind: how they are linked, where their files are, how many threads and mappings they have, who
//! else holds them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use wer_testkit::crasher::LivingKind;
use wer_testkit::{Guard, Living, MaxMapCount, Sandbox, wait_for};

use crate::making::{asked, check, command, dump, file, path_text, program, sandbox, start};
use crate::truth::{EVERYWHERE, holds};

const LIMIT: Duration = Duration::from_secs(30);

fn full_dump(sandbox: &Sandbox, living: &Living, name: &str) -> std::path::PathBuf {
    let made = dump(sandbox, living.pid(), &["--type", "full"], name);
    let (path, _) = made.unwrap_or_else(|error| panic!("{name}: {error:#}"));
    check(sandbox, &path);
    path
}

fn same(tid: u64) -> u64 {
    tid
}

#[test]
fn however_a_program_is_linked() {
    let sandbox = sandbox();
    for kind in LivingKind::PROGRAMS {
        let living = start(&sandbox, kind, &[]);
        let path = full_dump(&sandbox, &living, &format!("{kind:?}.dmp"));
        let memory = if kind == LivingKind::Go { &["data"] } else { EVERYWHERE };
        let reading = holds(&path, &living, memory, same);
        let exe = fs::read_link(format!("/proc/{}/exe", living.pid())).expect("its executable");
        assert_eq!(reading.modules[0].0, exe.to_string_lossy(), "{kind:?}: the executable comes first");
        assert!(
            reading.modules.iter().any(|(name, _)| name == "linux-gate.so"),
            "{kind:?}: {:?}",
            reading.modules
        );
        living.end().expect("it goes on");
    }
}

#[test]
fn files_that_are_gone_or_never_were() {
    let sandbox = sandbox();
    let copy = file(&sandbox, "deleted program");
    fs::copy(program(LivingKind::Dynamic), &copy).expect("a copy");
    let module = format!("module={}", program(LivingKind::Module).display());
    let files = format!("files={}", file(&sandbox, "").display());
    let mut deleted = command(&sandbox, &copy, &[&module, &files]);
    let living = Living::start(&mut deleted).expect("a program");
    fs::remove_file(&copy).expect("ours");
    let path = full_dump(&sandbox, &living, "deleted.dmp");
    let memory = [EVERYWHERE, &["module", "cut-file", "odd-file", "raw-file"]].concat();
    let reading = holds(&path, &living, &memory, same);
    let has = |name: &str| reading.modules.iter().any(|(path, _)| path.contains(name));
    assert!(has("deleted program") && has("memfd:living module"), "{:?}", reading.modules);
    living.end().expect("it goes on");

    // The executable in a memfd: a shell opens it, and starts it by its descriptor.
    let script = "import os, sys\n\
                  fd = os.memfd_create('program in memory')\n\
                  os.write(fd, open(sys.argv[1], 'rb').read())\n\
                  os.execve(fd, ['living'], os.environ)";
    let mut python = command(&sandbox, Path::new("/usr/bin/python3"), &["-c", script]);
    python.arg(program(LivingKind::Static));
    let living = Living::start(&mut python).expect("a program");
    let path = full_dump(&sandbox, &living, "memfd.dmp");
    let reading = holds(&path, &living, EVERYWHERE, same);
    assert!(reading.modules[0].0.contains("memfd:program in memory"), "{:?}", reading.modules);
    living.end().expect("it goes on");
}

#[test]
fn two_thousand_threads() {
    let sandbox = sandbox();
    let living = start(&sandbox, LivingKind::Dynamic, &["threads=2000"]);
    let tasks = || Ok((fs::read_dir(format!("/proc/{}/task", living.pid()))?.count() == 2004).then_some(()));
    wait_for("all threads", LIMIT, tasks).expect("threads");
    for dump_type in ["mini", "full"] {
        let name = format!("threads-{dump_type}.dmp");
        let (path, said) = dump(&sandbox, living.pid(), &["--type", dump_type], &name).expect("a dump");
        assert_eq!(said["threads"], 2004, "{said}");
        check(&sandbox, &path);
        let reading = holds(&path, &living, &["data"], same);
        assert_eq!(reading.threads.len(), 2004);
        assert!(
            reading.threads.iter().all(|thread| thread.registers.get("rip").is_some_and(|rip| *rip != 0))
        );
    }
    living.end().expect("it goes on");
}

fn many_mappings(count: usize) {
    let sandbox = sandbox();
    let living = start(&sandbox, LivingKind::Dynamic, &[&format!("mappings={count}")]);
    let maps = fs::read(format!("/proc/{}/maps", living.pid())).expect("its mappings");
    assert!(maps.iter().filter(|byte| **byte == b'\n').count() > count);
    for dump_type in ["mini", "full"] {
        let name = format!("mappings-{dump_type}.dmp");
        let (path, _) = dump(&sandbox, living.pid(), &["--type", dump_type], &name).expect("a dump");
        check(&sandbox, &path);
        holds(&path, &living, if dump_type == "full" { EVERYWHERE } else { &["data"] }, same);
    }
    living.end().expect("it goes on");
}

#[test]
fn sixty_thousand_mappings() {
    many_mappings(60_000);
}

/// More than the kernel allows where nobody has raised the limit.
#[test]
fn a_hundred_thousand_mappings() {
    let _raised = MaxMapCount::at_least(131_072).expect("only root may raise the limit");
    many_mappings(100_000);
}

/// The interpreter knows nothing of dumps, has many modules, and is somebody else's.
#[test]
fn python() {
    let sandbox = sandbox();
    let script = "import ctypes, sys\n\
                  known = (ctypes.c_ubyte * 4096)(*[(5 + 7 * i + 13 * (i // 256)) % 256 for i in range(4096)])\n\
                  print('memory heap %x 1000 5' % ctypes.addressof(known))\n\
                  print('ready', flush=True)\n\
                  sys.stdin.read()";
    let mut python = command(&sandbox, Path::new("/usr/bin/python3"), &["-c", script]);
    let living = Living::start(&mut python).expect("python");
    let (path, _) = dump(&sandbox, living.pid(), &["--type", "heap"], "python.dmp").expect("a dump");
    check(&sandbox, &path);
    let reading = holds(&path, &living, &["heap"], same);
    assert!(reading.modules[0].0.contains("python3"), "{:?}", reading.modules);
    living.end().expect("it goes on");
}

/// Ids in the dump are those that the one who dumps knows.
#[test]
fn another_pid_and_mount_namespace() {
    let sandbox = sandbox();
    assert!(rustix::process::geteuid().is_root(), "only root may make namespaces everywhere");
    let mut unshare =
        command(&sandbox, Path::new("unshare"), &["--fork", "--pid", "--mount", "--kill-child"]);
    // A file that exists in there alone.
    let script = "mount -t tmpfs none /mnt && cp \"$1\" /mnt/hidden && exec /mnt/hidden";
    unshare.args(["sh", "-c", script, "sh"]).arg(program(LivingKind::Dynamic));
    let living = Living::start(&mut unshare).expect("a program");
    assert_eq!(living.truth.more["pid"], "1");
    let inside = child_of(living.pid());
    let ids = ids_by_namespace(inside);
    let stands = || {
        let all = living.truth.threads.iter().all(|thread| {
            let rip = format!("{:#x}", thread.registers["rip"]);
            let path = format!("/proc/{inside}/task/{}/syscall", ids[&thread.tid]);
            fs::read_to_string(path).is_ok_and(|text| text.trim_end().ends_with(&rip))
        });
        Ok(all.then_some(()))
    };
    wait_for("the program to stand", LIMIT, stands).expect("it stands");
    let (path, _) = dump(&sandbox, inside, &["--type", "full"], "namespace.dmp").expect("a dump");
    check(&sandbox, &path);
    let reading = holds(&path, &living, EVERYWHERE, |tid| ids[&tid]);
    assert_eq!(reading.modules[0].0, "/mnt/hidden");
    assert!(!Path::new("/mnt/hidden").exists());
}

fn child_of(pid: u32) -> u32 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("its children");
    children.split_whitespace().next().and_then(|pid| pid.parse().ok()).expect("a child")
}

/// The kernel's ids of a process's threads by those of its innermost namespace.
fn ids_by_namespace(pid: u32) -> std::collections::BTreeMap<u64, u64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
    let ids = tasks.map(|task| {
        let status = fs::read(task.expect("a thread").path().join("status")).expect("its status");
        let status = String::from_utf8_lossy(&status);
        let line = status.lines().find_map(|line| line.strip_prefix("NSpid:")).expect("ids");
        let ids: Vec<u64> = line.split_whitespace().map(|id| id.parse().expect("an id")).collect();
        (*ids.last().expect("ids"), ids[0])
    });
    ids.collect()
}

fn state_of(pid: u32) -> char {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("its state");
    stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).expect("a state")
}

#[test]
fn a_process_that_was_stopped_stays_stopped() {
    let sandbox = sandbox();
    let living = start(&sandbox, LivingKind::Dynamic, &[]);
    let pid = rustix::process::Pid::from_raw(living.pid().cast_signed()).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).expect("it is ours");
    let stopped = || Ok((state_of(living.pid()) == 'T').then_some(()));
    wait_for("it to stop", LIMIT, stopped).expect("it stops");
    let path = full_dump(&sandbox, &living, "stopped.dmp");
    holds(&path, &living, EVERYWHERE, same);
    assert_eq!(state_of(living.pid()), 'T');
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).expect("it is ours");
    living.end().expect("it goes on");
}

/// A debugger holds it: there are no registers to be had, and the dump says so. The debugger notices nothing.
#[test]
fn a_process_that_a_debugger_holds() {
    let sandbox = sandbox();
    let living = start(&sandbox, LivingKind::Dynamic, &[]);
    let pid = living.pid();
    let mut gdb = Command::new("gdb");
    gdb.args(["-nx", "-q", "-p", &pid.to_string(), "-ex", "echo attached\\n"]);
    gdb.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).env_remove("DEBUGINFOD_URLS");
    let gdb = Guard::new(gdb.spawn().expect("gdb"));
    wait_for("gdb to hold it", LIMIT, || Ok((state_of(pid) == 't').then_some(()))).expect("gdb holds it");
    let (path, said) = dump(&sandbox, pid, &["--type", "full"], "traced.dmp").expect("a degraded dump");
    let text = said["soft_errors"].to_string();
    assert!(text.contains("traced") || text.contains("debugg"), "{said}");
    check(&sandbox, &path);
    let asked = asked(&living);
    let reading = wer_testkit::readers::library::read(&path, &asked).expect("a dump");
    for thread in &living.truth.threads {
        assert!(reading.threads.iter().any(|read| read.tid == thread.tid), "{reading:?}");
    }
    let known = living.truth.memory("private").expect("memory");
    let at = living.truth.memory.iter().position(|memory| memory == known).expect("memory");
    assert_eq!(reading.memory[at], Some(known.bytes()));
    assert_eq!(state_of(pid), 't');
    drop(gdb);
    wait_for("it to go on", LIMIT, || Ok((state_of(pid) != 't').then_some(()))).expect("it goes on");
}

#[test]
fn mappings_that_come_and_go_all_the_time() {
    let sandbox = sandbox();
    let living = start(&sandbox, LivingKind::Dynamic, &["storm"]);
    for round in 0..10 {
        for dump_type in ["mini", "heap", "full"] {
            let (path, _) =
                dump(&sandbox, living.pid(), &["--type", dump_type], &format!("storm{round}{dump_type}.dmp"))
                    .unwrap_or_else(|error| panic!("{dump_type} {round}: {error:#}"));
            check(&sandbox, &path);
            holds(&path, &living, if dump_type == "mini" { &["data"] } else { &["heap", "private"] }, same);
            fs::remove_file(&path).unwrap_or_else(|error| panic!("{}: {error}", path_text(&path)));
        }
    }
    living.end().expect("it goes on");
}
