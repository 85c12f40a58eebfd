//! Symbol files that are damaged or made to harm: every address has an answer, and nothing outside is opened.

use std::collections::HashMap;
use std::fs;
use std::process::Command;

use minidump::{MinidumpModule, Module};
use wer_symbols::{FrameWalker, LocalAndUploaded, SymbolConfig};

const BASE: u64 = 0x7f00_0000_0000;
const SOURCE: &str = "static int helper(int x) { return x * 3; }\n\
    int work(int x) { return helper(x) + 1; }\nint main(int c, char **v) { return work(c); }\n";

/// A compiled program's bytes, and its functions by name.
fn program(flags: &[&str]) -> (Vec<u8>, HashMap<String, u64>) {
    let folder = tempfile::tempdir().unwrap();
    let (source, out) = (folder.path().join("p.c"), folder.path().join("p"));
    fs::write(&source, SOURCE).unwrap();
    let mut compiler = Command::new("cc");
    assert!(compiler.arg(&source).arg("-o").arg(&out).args(flags).status().unwrap().success());
    let nm = Command::new("nm").arg(&out).output().unwrap().stdout;
    let nm = String::from_utf8(nm).unwrap();
    let functions = nm.lines().filter_map(|line| {
        let (address, rest) = line.split_once(' ')?;
        let name = rest.strip_prefix("T ").or_else(|| rest.strip_prefix("t "))?;
        Some((name.to_owned(), u64::from_str_radix(address, 16).ok()?))
    });
    (fs::read(&out).unwrap(), functions.collect())
}

/// Registers and memory of a frame: everything reads as one number.
struct Flat(u64);

impl FrameWalker for Flat {
    fn get_instruction(&self) -> u64 {
        self.0
    }
    fn has_grand_callee(&self) -> bool {
        false
    }
    fn get_grand_callee_parameter_size(&self) -> u32 {
        0
    }
    fn get_register_at_address(&self, _address: u64) -> Option<u64> {
        Some(self.0)
    }
    fn get_callee_register(&self, _name: &str) -> Option<u64> {
        Some(self.0)
    }
    fn set_caller_register(&mut self, _name: &str, _value: u64) -> Option<()> {
        Some(())
    }
    fn clear_caller_register(&mut self, _name: &str) {}
    fn set_cfa(&mut self, _value: u64) -> Option<()> {
        Some(())
    }
    fn set_ra(&mut self, _value: u64) -> Option<()> {
        Some(())
    }
}

fn with_image(bytes: &[u8]) -> (LocalAndUploaded, MinidumpModule) {
    let symbols = LocalAndUploaded::new(SymbolConfig::default(), []);
    symbols.add_image(BASE, bytes);
    (symbols, MinidumpModule::new(BASE, 0x10_0000, "image"))
}

#[test]
fn an_image_in_memory_has_names_and_rules() {
    let (bytes, functions) = program(&["-g", "-O0"]);
    let (symbols, module) = with_image(&bytes);
    for name in ["main", "work", "helper"] {
        let address = BASE + functions[name] + 1;
        let resolved = symbols.resolve(&module, address).unwrap();
        assert_eq!(resolved.function.as_deref(), Some(name));
        assert_eq!(resolved.function_base, Some(address - 1));
        assert!(symbols.may_be_code(&module, address));
        // Inside `push %rbp`, the caller's address is the word that the stack pointer points at.
        let step = symbols.step(&module, address - 1, &Flat(0x1000)).unwrap();
        assert_eq!(step.registers[7], wer_symbols::Recovered::Value(0x1008));
        assert!(!step.signal_frame && !step.outermost);
    }
    assert!(symbols.step(&module, BASE + functions["_start"] + 2, &Flat(0x1000)).unwrap().outermost);
    assert!(symbols.has_symbols(&module));
    assert!(!symbols.may_be_code(&module, BASE + 8));
}

#[test]
fn damaged_images_answer_or_do_not() {
    let (bytes, functions) = program(&["-g", "-O2", "-gz=none"]);
    let addresses: Vec<u64> = functions.values().map(|address| BASE + address).collect();
    let ask = |bytes: &[u8]| {
        let (symbols, module) = with_image(bytes);
        for address in &addresses {
            let _ = symbols.resolve(&module, *address);
            let _ = symbols.step(&module, *address, &Flat(*address));
            let _ = symbols.may_be_code(&module, *address);
        }
    };
    for at in (0..bytes.len()).step_by(bytes.len() / 400) {
        for value in [0, 0xff] {
            let mut changed = bytes.clone();
            changed[at..(at + 4).min(bytes.len())].fill(value);
            ask(&changed);
        }
        ask(&bytes[..at]);
    }
}

#[test]
fn names_in_a_dump_open_nothing_outside_the_symbol_folders() {
    let root = tempfile::tempdir().unwrap();
    let inside = root.path().join("symbols");
    fs::create_dir(&inside).unwrap();
    let config = SymbolConfig { breakpad_dirs: vec![inside], ..SymbolConfig::default() };
    for name in ["..", "../x", "/", "", ".", "a\0b", "/dev/stdin"] {
        let symbols = LocalAndUploaded::new(config.clone(), []);
        let module = MinidumpModule::new(BASE, 0x1000, name);
        assert_eq!(symbols.resolve(&module, BASE + 1), None);
        assert!(!symbols.has_symbols(&module));
    }
    // Devices and folders in the place of a library.
    for name in ["/dev/zero", "/dev/null", "/proc", "/proc/self/mem", "/"] {
        let symbols = LocalAndUploaded::new(SymbolConfig::local(), []);
        let module = MinidumpModule::new(BASE, 0x1000, name);
        assert_eq!(module.code_file(), name);
        assert_eq!(symbols.resolve(&module, BASE + 1), None);
    }
}
