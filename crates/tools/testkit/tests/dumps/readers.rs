//! The same process, every type of dump, every reader: what they show is what is true.

use std::path::{Path, PathBuf};
use std::process::Command;

use wer_testkit::crasher::LivingKind;
use wer_testkit::living::Truth;
use wer_testkit::readers::{Reading, lldb};
use wer_testkit::{CorePattern, Living, Reader, Sandbox};

use crate::making::{asked, check, command, core_of, dump, file, path_text, program, sandbox, start, wer};

/// Memory that each type of dump has, of the kinds that the program makes.
const IN_MICRO: &[&str] = &["stack0"];
const IN_MINI: &[&str] = &["stack0", "stack1", "stack2", "stack3", "data"];
const IN_HEAP: &[&str] =
    &["stack0", "stack1", "stack2", "stack3", "data", "bss", "heap", "private", "module"];
const IN_FULL: &[&str] = &[
    "stack0",
    "stack1",
    "stack2",
    "stack3",
    "data",
    "bss",
    "heap",
    "private",
    "module",
    "shared",
    "read-only",
    "cut-file",
    "odd-file",
    "raw-file",
];
/// A copy of the process shares what is shared, so that is as it is in a full dump.
const IN_SNAPSHOT: &[&str] = IN_FULL;
/// What no dump has: the program asked for that with `MADV_DONTDUMP`.
const SECRET: &str = "secret";

/// A dump or core to be read.
struct Case<'a> {
    name: &'a str,
    path: PathBuf,
    memory: &'a [&'a str],
    /// Only the first thread.
    one_thread: bool,
    /// Threads have names; the kernel's cores have none.
    has_names: bool,
}

impl Case<'_> {
    fn check(&self, sandbox: &Sandbox, living: &Subject) {
        check(sandbox, &self.path);
        for reader in Reader::ALL {
            let path = match reader {
                Reader::Gdb => core_of(sandbox, &self.path).unwrap_or_else(|error| panic!("{error:#}")),
                _ => self.path.clone(),
            };
            self.check_with(reader, &path, living);
        }
    }

    fn check_with(&self, reader: Reader, path: &Path, living: &Subject) {
        let what = format!("{} of a {} dump", reader.name(), self.name);
        let reading = reader.read(path, &living.asked).unwrap_or_else(|error| panic!("{what}: {error:#}"));
        self.check_threads(&what, reader, &reading, &living.truth);
        // A core lists whole paths, which a triage dump has not.
        let is_listed = reader != Reader::Gdb || self.name != "triage";
        for (path, base) in living.modules.iter().filter(|_| is_listed) {
            // Triage dumps have names without folders; lldb puts a slash before them.
            let wanted = if self.name == "triage" { path.rsplit('/').next().unwrap_or(path) } else { path };
            let found = |name: &str| name == wanted || name.strip_prefix('/') == Some(wanted);
            let found = reading.modules.iter().any(|(name, at)| at == base && found(name));
            assert!(found, "{what}: {path} at {base:#x} is not in {:x?}", reading.modules);
        }
        // The listing of memory is too long for the larger ones.
        if reader == Reader::Stackwalk && path.metadata().expect("a dump").len() > 8 << 20 {
            return;
        }
        for (known, read) in living.truth.memory.iter().zip(&reading.memory) {
            if known.name == SECRET {
                let is_there = read.as_ref().is_some_and(|read| *read == known.bytes());
                assert!(!is_there, "{what}: memory marked MADV_DONTDUMP");
            } else if self.memory.contains(&known.name.as_str()) {
                let read = read.as_ref().unwrap_or_else(|| panic!("{what}: {} is missing", known.name));
                assert!(*read == known.bytes(), "{what}: {} has other bytes", known.name);
            } else if let (Some(read), true) = (read, reader != Reader::Gdb && self.name != "triage") {
                // More than was promised may be there, but nothing wrong. (gdb shows a file's bytes, or zeros, for
                // what a core leaves out; stacks of triage dumps have only their addresses.)
                assert!(*read == known.bytes(), "{what}: {} has other bytes", known.name);
            }
        }
    }

    fn check_threads(&self, what: &str, reader: Reader, reading: &Reading, truth: &Truth) {
        let main = truth.threads.last().expect("the main thread says itself last");
        for known in &truth.threads {
            if self.one_thread && known.tid != main.tid {
                continue;
            }
            let read = reading.threads.iter().find(|thread| thread.tid == known.tid);
            let read = read.unwrap_or_else(|| panic!("{what}: thread {} is missing", known.tid));
            for (name, value) in &known.registers {
                match read.registers.get(name) {
                    Some(read) => assert_eq!(read, value, "{what}: {name} of thread {}", known.tid),
                    // Vector registers are shown by gdb alone.
                    None => assert!(name == "xmm6" && reader != Reader::Gdb, "{what}: {name} is missing"),
                }
            }
            if reader == Reader::Stackwalk && self.has_names {
                let name = String::from_utf8_lossy(&known.name).into_owned();
                assert_eq!(read.name, Some(name), "{what}: name of thread {}", known.tid);
            }
        }
    }
}

/// The process, as it is known.
struct Subject {
    truth: Truth,
    asked: Vec<(u64, usize)>,
    /// Paths and first addresses of the modules that have a file.
    modules: Vec<(String, u64)>,
}

impl Subject {
    fn of(living: &Living) -> Self {
        Self { truth: living.truth.clone(), asked: asked(living), modules: modules_of(living.pid()) }
    }
}

/// Executables and libraries by the kernel's own list.
fn modules_of(pid: u32) -> Vec<(String, u64)> {
    let maps = std::fs::read(format!("/proc/{pid}/maps")).expect("its mappings");
    let maps = String::from_utf8_lossy(&maps);
    let lines = maps.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let start = u64::from_str_radix(words.next()?.split('-').next()?, 16).ok()?;
        let (_, offset) = (words.next()?, words.next()?);
        let path = line.get(line.find('/')?..)?.to_owned();
        let is_module = path.contains(".so") || path.ends_with("/living");
        (is_module && offset == "00000000").then_some((path, start))
    });
    lines.collect()
}

fn start_full(sandbox: &Sandbox) -> Living {
    let module = program(LivingKind::Module);
    let files = format!("files={}", file(sandbox, "").display());
    let arguments = [format!("module={}", module.display()), files, "threads=3".to_owned()];
    start(sandbox, LivingKind::Dynamic, &arguments.each_ref().map(String::as_str))
}

#[test]
fn every_type_shows_the_truth_to_every_reader() {
    let sandbox = sandbox();
    let living = start_full(&sandbox);
    let subject = Subject::of(&living);
    assert!(subject.modules.len() >= 3, "{:?}", subject.modules);
    let types: [(&str, &[&str], &[&str]); 6] = [
        ("micro", IN_MICRO, &[]),
        ("triage", &[], &[]),
        ("mini", IN_MINI, &[]),
        ("heap", IN_HEAP, &[]),
        ("full", IN_FULL, &[]),
        ("full", IN_SNAPSHOT, &["--snapshot"]),
    ];
    for (name, memory, options) in types {
        let file_name = format!("{name}{}.dmp", options.concat());
        let made = dump(&sandbox, living.pid(), &[&["--type", name], options].concat(), &file_name);
        let (path, said) = made.unwrap_or_else(|error| panic!("{name}: {error:#}"));
        let name = file_name.trim_end_matches(".dmp");
        assert!(options.is_empty() || !said.to_string().contains("plain stop"), "{said}");
        let case = Case { name, path, memory, one_thread: name == "micro", has_names: true };
        case.check(&sandbox, &subject);
    }
    // Unpacked by zstd's own program.
    let (packed, _) = dump(&sandbox, living.pid(), &["--type", "full", "--compress"], "packed.dmp.zst")
        .unwrap_or_else(|error| panic!("compressed: {error:#}"));
    check(&sandbox, &packed);
    let path = file(&sandbox, "unpacked.dmp");
    let status = Command::new("zstd").args(["-q", "-d"]).arg(&packed).arg("-o").arg(&path).status();
    assert!(status.expect("zstd").success());
    let case = Case { name: "compressed", path, memory: IN_FULL, one_thread: false, has_names: true };
    case.check(&sandbox, &subject);
    living.end().expect("it goes on");
}

/// The kernel's own core beside the dump that is converted from it: gdb and lldb see the same in both.
#[test]
fn a_dump_converted_from_the_kernels_core_shows_what_the_core_shows() {
    if let Some(reason) = CorePattern::why_not() {
        assert!(!rustix::process::geteuid().is_root(), "{reason}");
        return;
    }
    let sandbox = sandbox();
    let folder = file(&sandbox, "");
    let mut shell =
        command(&sandbox, Path::new("/bin/sh"), &["-c", "ulimit -c unlimited; exec \"$@\"", "sh"]);
    shell.arg(program(LivingKind::Dynamic));
    let mut living = Living::start(&mut shell).expect("a program");
    let subject = Subject::of(&living);
    let pid = living.pid();
    {
        let _pattern = CorePattern::set(&format!("{}core.%p", folder.display())).expect("core_pattern");
        let pid = rustix::process::Pid::from_raw(pid.cast_signed()).expect("a pid");
        rustix::process::kill_process(pid, rustix::process::Signal::ABORT).expect("it is ours");
        living.guard().child().wait().expect("its end");
    }
    let core = file(&sandbox, &format!("core.{pid}"));
    let dump = file(&sandbox, "converted.dmp");
    let ended = wer(&sandbox, &["convert", path_text(&core), "--type", "full", "-o", path_text(&dump)]);
    assert!(ended.status.success(), "{}", ended.describe());
    // By default the kernel leaves out what is shared with files and read-only file pages.
    let in_core = &["stack0", "stack1", "stack2", "stack3", "data", "bss", "heap", "private", "read-only"];
    let case = Case { name: "converted", path: dump, memory: in_core, one_thread: false, has_names: false };
    case.check(&sandbox, &subject);
    let kernels =
        Case { name: "kernel's", path: core.clone(), memory: in_core, one_thread: false, has_names: false };
    kernels.check_with(Reader::Gdb, &core, &subject);
    lldb::read(&core, &subject.asked).expect("lldb reads the kernel's core");
}

/// Nothing here is about our dumps: the readers must be able to fail.
#[test]
fn readers_refuse_what_is_no_dump() {
    let sandbox = sandbox();
    let path = file(&sandbox, "nothing.dmp");
    std::fs::write(&path, [b'x'; 4096]).expect("a file");
    for reader in Reader::ALL {
        assert!(reader.read(&path, &[]).is_err(), "{}", reader.name());
    }
}
