//! Libraries that a program loads and unloads: what its registration block says about them afterwards.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use minidump::{Minidump, MinidumpUnloadedModule, MinidumpUnloadedModuleList, Module as _};
use tempfile::TempDir;
use wer_capture::registration::read_block;
use wer_dbghelp::{DumpOptions, MinidumpBuilder, Target};
use wer_minidump::flags;
use wer_snapshot::{MemoryReader, UnloadedModule};

/// A program that waits, and what it has said so far.
struct Waiting {
    child: Child,
    output: BufReader<ChildStdout>,
    folder: TempDir,
}

fn cc(arguments: &[&str]) {
    let status = Command::new("cc").args(arguments).status().expect("a C compiler");
    assert!(status.success(), "{arguments:?}");
}

fn start(how: &str) -> Waiting {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("empty.c"), "int wer_test_module;\n").unwrap();
    for name in ["b.so", "t0.so"] {
        cc(&["-shared", "-fPIC", &path("empty.c"), "-o", &path(name)]);
    }
    let needed = format!("-Wl,--no-as-needed,-rpath,{}", folder.path().display());
    cc(&["-shared", "-fPIC", &path("empty.c"), &needed, &path("b.so"), "-o", &path("a.so")]);
    for number in 1..8 {
        std::fs::copy(path("t0.so"), path(&format!("t{number}.so"))).unwrap();
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/unload.c");
    let source = source.to_str().unwrap();
    cc(&["-std=c11", "-D_GNU_SOURCE", "-pthread", "-Wall", source, "-o", &path("unload"), "-ldl"]);
    let library = std::env::current_exe().unwrap().with_file_name("libwer_preload.so");
    let mut child = Command::new(path("unload"))
        .arg(how)
        .arg(folder.path())
        .env("LD_PRELOAD", library)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    Waiting { child, output, folder }
}

impl Waiting {
    /// Lines up to the one that says that it waits.
    fn said(&mut self) -> Vec<String> {
        let lines = self.output.by_ref().lines().map(|line| line.unwrap());
        lines.take_while(|line| line != "ready").collect()
    }

    fn end(mut self) {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
    }

    fn unloaded(&self) -> Vec<UnloadedModule> {
        unloaded_of(self.child.id())
    }
}

struct Memory(File);

impl MemoryReader for Memory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        self.0.read_at(buffer, address).unwrap_or(0)
    }
}

fn unloaded_of(pid: u32) -> Vec<UnloadedModule> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let line = maps.lines().find(|line| line.contains("/memfd:wer-registration")).expect("a block");
    let block = u64::from_str_radix(line.split('-').next().unwrap(), 16).unwrap();
    let memory = Memory(File::open(format!("/proc/{pid}/mem")).unwrap());
    let contents = read_block(&memory, block).unwrap();
    assert!(contents.soft_errors.is_empty(), "{:?}", contents.soft_errors);
    contents.unloaded_modules
}

fn names(modules: &[UnloadedModule]) -> Vec<&str> {
    modules.iter().map(|module| module.path.rsplit('/').next().unwrap()).collect()
}

#[test]
fn what_goes_away_is_remembered_with_what_it_needed() {
    let mut program = start("once");
    let said = program.said();
    let unloaded = program.unloaded();
    let mut seen = names(&unloaded);
    seen.sort_unstable();
    assert_eq!(seen, ["a.so", "b.so"]);
    let module = unloaded.iter().find(|module| module.path.ends_with("/a.so")).unwrap();
    assert_eq!(said, [format!("{:x} a.so", module.base)]);
    assert_eq!(module.path, program.folder.path().join("a.so").to_str().unwrap());
    // The size that its program headers give, as the kernel mapped it: four segments of a page, or less.
    assert!((0x1000..0x10000).contains(&module.size) && module.size % 4096 == 0, "{module:?}");
    program.end();
}

#[test]
fn a_dump_lists_what_went_away() {
    let mut program = start("once");
    program.said();
    let unloaded = program.unloaded();
    let dump = program.folder.path().join("unloaded.dmp");
    let options = DumpOptions { flags: flags::WITH_UNLOADED_MODULES, ..DumpOptions::default() };
    MinidumpBuilder::new(Target::Pid(program.child.id())).options(options).write_path(&dump).unwrap();
    let dump = Minidump::read_path(&dump).unwrap();
    let listed = dump.get_stream::<MinidumpUnloadedModuleList>().unwrap();
    let told = |module: &MinidumpUnloadedModule| {
        (module.base_address(), module.size(), module.code_file().into_owned())
    };
    let known = |module: &UnloadedModule| (module.base, module.size, module.path.clone());
    let mut listed: Vec<_> = listed.iter().map(told).collect();
    let mut known: Vec<_> = unloaded.iter().map(known).collect();
    listed.sort_unstable();
    known.sort_unstable();
    assert_eq!((listed.len(), listed), (2, known));
    program.end();
}

#[test]
fn what_somebody_else_still_has_open_did_not_go() {
    let mut program = start("held");
    program.said();
    assert_eq!(names(&program.unloaded()), ["t1.so"]);
    program.end();
}

#[test]
fn threads_lose_nothing_and_leave_a_whole_list() {
    let mut program = start("threads");
    program.said();
    let unloaded = program.unloaded();
    assert_eq!(unloaded.len(), 64);
    for module in &unloaded {
        assert!(module.path.starts_with(program.folder.path().to_str().unwrap()), "{module:?}");
        assert!(module.base != 0 && module.base % 4096 == 0, "{module:?}");
    }
    program.end();
}

#[test]
fn a_hundred_thousand_calls_leave_the_process_as_large_as_it_was() {
    let mut program = start("many");
    let said = program.said();
    let sizes: Vec<Vec<u64>> =
        said.iter().map(|line| line.split(' ').map(|pages| pages.parse().unwrap()).collect()).collect();
    let (before, after) = (&sizes[1], &sizes[2]);
    assert_eq!(before[0], after[0], "pages mapped");
    assert!(after[1] <= before[1] + 8, "resident pages: {} then {}", before[1], after[1]);
    let unloaded = program.unloaded();
    assert_eq!(names(&unloaded), ["t0.so"; 64]);
    program.end();
}

#[test]
fn a_childs_list_goes_on_from_its_parents_and_the_parents_does_not() {
    let mut program = start("fork");
    let said = program.said();
    let child: u32 = said.iter().find_map(|line| line.strip_prefix("pid ")).unwrap().parse().unwrap();
    assert_eq!(names(&unloaded_of(child)), ["t1.so", "t0.so"]);
    assert_eq!(names(&program.unloaded()), ["t0.so"]);
    program.end();
}
