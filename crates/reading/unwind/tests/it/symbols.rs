//! Where names come from: separate debug files, uploaded Breakpad files, and only files of the right build.

use std::fs;
use std::process::Command;

use wer_dump::{Dump, Module};
use wer_symbols::{LocalAndUploaded, SymbolConfig};
use wer_unwind::analyze;

use crate::program::{Program, assert_chain, names, run};

const SOURCE: &str = r#"
#include <stdio.h>
#include <unistd.h>
volatile int sink;
static __attribute__((noinline)) int inner(int x) { puts("ready"); fflush(stdout); pause(); return sink + x; }
static __attribute__((noinline)) int outer(int x) { int r = inner(x); sink = r; return r + x; }
int main(int argc, char **argv) { int r = outer(argc); sink = r; return 0; }
"#;
const FLAGS: &[&str] = &["-g", "-O2", "-fno-optimize-sibling-calls", "-Wl,--build-id=sha1"];

fn stripped(program: &Program) {
    run(Command::new("strip").arg(&program.path));
}

#[test]
fn stripped_without_symbols_still_unwinds() {
    let program = Program::build("cc", "p.c", SOURCE, FLAGS);
    stripped(&program);
    let analysis = program.analysis();
    let stack = analysis.crashing_stack().unwrap();
    assert_chain(stack, &["?", "?", "?"]);
    assert_eq!(names(stack).iter().filter(|name| **name == "?").count(), 4, "{:?}", names(stack));
}

#[test]
fn separate_debug_file_by_link() {
    let program = Program::build("cc", "p.c", SOURCE, FLAGS);
    let debug = program.folder().join("program.debug");
    run(Command::new("objcopy").arg("--only-keep-debug").arg(&program.path).arg(&debug));
    stripped(&program);
    run(Command::new("objcopy")
        .current_dir(program.folder())
        .args(["--add-gnu-debuglink=program.debug", "program"]));
    let dump = program.dump();
    let analysis = analyze(&dump, &SymbolConfig::local()).unwrap();
    assert_chain(analysis.crashing_stack().unwrap(), &["inner", "outer", "main"]);
    let frame =
        analysis.crashing_stack().unwrap().frames.iter().find(|f| f.function.as_deref() == Some("outer"));
    assert_eq!(frame.unwrap().line, Some(6));

    // The debug file of another build is not used.
    fs::remove_file(&debug).unwrap();
    let other = Program::build("cc", "p.c", &SOURCE.replace("outer", "other"), FLAGS);
    fs::copy(&other.path, &debug).unwrap();
    let analysis = analyze(&dump, &SymbolConfig::local()).unwrap();
    assert_chain(analysis.crashing_stack().unwrap(), &["?", "?", "?"]);
}

#[test]
fn a_replaced_file_is_not_believed() {
    let program = Program::build("cc", "p.c", SOURCE, FLAGS);
    let dump = program.dump();
    let other = Program::build("cc", "p.c", &SOURCE.replace("inner", "wrong"), FLAGS);
    fs::remove_file(&program.path).unwrap();
    fs::copy(&other.path, &program.path).unwrap();
    let analysis = analyze(&dump, &SymbolConfig::local()).unwrap();
    let names = names(analysis.crashing_stack().unwrap());
    assert!(!names.contains(&"wrong") && !names.contains(&"inner"), "{names:?}");
    assert!(analysis.notes.iter().any(|note| note.contains("another build")), "{:?}", analysis.notes);
}

#[test]
fn files_outside_the_roots_are_not_opened() {
    let program = Program::build("cc", "p.c", SOURCE, FLAGS);
    let dump = program.dump();
    let mut config =
        SymbolConfig { local_roots: vec!["/usr".into()], read_local: true, ..SymbolConfig::default() };
    let analysis = analyze(&dump, &config).unwrap();
    assert_chain(analysis.crashing_stack().unwrap(), &["?"]);
    config.local_roots.push(program.folder().to_owned());
    let analysis = analyze(&dump, &config).unwrap();
    assert_chain(analysis.crashing_stack().unwrap(), &["inner", "outer", "main"]);
}

#[test]
fn a_module_without_a_build_id_is_believed_by_its_code_or_by_path_with_a_note() {
    let flags = ["-g", "-O2", "-fno-optimize-sibling-calls", "-Wl,--build-id=none"];
    let program = Program::build("cc", "p.c", SOURCE, &flags);
    let bytes = program.dump();
    // The writer's stand-in for a build id is made from the code, so it can be checked.
    let analysis = analyze(&bytes, &SymbolConfig::local()).unwrap();
    assert_eq!(analysis.notes, [""; 0]);
    let stack = analysis.crashing_stack().unwrap();
    assert_chain(stack, &["inner", "outer", "main"]);
    // Where the dump says that the id is no more than a stand-in, only the path is left.
    let frame = stack.frames.iter().find(|frame| frame.function.as_deref() == Some("outer")).unwrap();
    let dump = Dump::read(&bytes).unwrap();
    let module = dump.module_at(frame.instruction).unwrap();
    let symbols = LocalAndUploaded::new(SymbolConfig::local(), [module.base_address()]);
    assert_eq!(symbols.resolve(module, frame.instruction).unwrap().function.as_deref(), Some("outer"));
    assert!(symbols.notes()[0].contains("has no build id"), "{:?}", symbols.notes());
}

/// Breakpad symbols written by hand from what `nm` says about the program.
#[test]
fn uploaded_breakpad_symbols() {
    let program = Program::build("cc", "p.c", SOURCE, FLAGS);
    let nm = Command::new("nm").arg("-S").arg(&program.path).output().unwrap();
    let nm = String::from_utf8(nm.stdout).unwrap();
    stripped(&program);
    let dump = program.dump();
    let without = analyze(&dump, &SymbolConfig::local()).unwrap();
    let module = without.modules.iter().find(|module| module.path.ends_with("/program")).unwrap();
    let mut symbols = format!("MODULE Linux x86_64 {} program\nFILE 0 /src/uploaded.c\n", module.debug_id);
    for line in nm.lines() {
        if let [address, size, "t" | "T", name] = line.split(' ').collect::<Vec<_>>()[..] {
            let (address, size) = (address.trim_start_matches('0'), size.trim_start_matches('0'));
            symbols += &format!("FUNC {address} {size} 0 uploaded_{name}\n{address} {size} 77 0\n");
        }
    }
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("program").join(&module.debug_id);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("program.sym"), &symbols).unwrap();
    let config = SymbolConfig {
        breakpad_dirs: vec![root.path().to_owned()],
        read_local: true,
        ..SymbolConfig::default()
    };
    let analysis = analyze(&dump, &config).unwrap();
    assert_eq!(analysis.notes, [""; 0]);
    let stack = analysis.crashing_stack().unwrap();
    assert_chain(stack, &["uploaded_inner", "uploaded_outer", "uploaded_main"]);
    let frame =
        stack.frames.iter().find(|frame| frame.function.as_deref() == Some("uploaded_inner")).unwrap();
    assert_eq!((frame.file.as_deref(), frame.line), (Some("/src/uploaded.c"), Some(77)));

    // A file that says that it is of another build is not used, wherever it lies.
    let wrong = symbols.replace(&module.debug_id, "0123456789ABCDEF0123456789ABCDEF0");
    fs::write(folder.join("program.sym"), wrong).unwrap();
    let analysis = analyze(&dump, &config).unwrap();
    assert_chain(analysis.crashing_stack().unwrap(), &["?"]);
    assert!(analysis.notes.iter().any(|note| note.contains("another build")), "{:?}", analysis.notes);
}
