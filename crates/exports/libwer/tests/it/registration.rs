//! `registration.c` and `restart.c`: what each function answers is checked there; what a reader outside sees, here.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use wer_snapshot::{RegistrationKind, Registrations};

use crate::build::{WITH_LIBRARY, compile, library_folder};

/// The four ways to compile a program: two languages, two widths of `wchar_t`.
const DIALECTS: [(&str, &[&str]); 4] = [
    ("cc", &["-std=c11", "-D_GNU_SOURCE"]),
    ("cc", &["-std=c11", "-D_GNU_SOURCE", "-fshort-wchar"]),
    ("g++", &["-std=c++17"]),
    ("g++", &["-std=c++17", "-fshort-wchar"]),
];

/// Compiles `name` in a dialect and runs it to its end; at each line that it prints, `check` gets the line and what the
/// process has registered.
fn watch(name: &str, compiler: &str, options: &[&str], mut check: impl FnMut(&str, &Registrations)) {
    let folder = tempfile::tempdir().unwrap();
    let program = compile(&folder, compiler, name, &[options, &WITH_LIBRARY].concat());
    let mut child = Command::new(program)
        .env("LD_LIBRARY_PATH", library_folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        check(&line.unwrap(), &wer_capture::registrations(child.id()).unwrap());
        input.write_all(b"\n").unwrap();
    }
    let status = child.wait().unwrap();
    assert!(status.success(), "{compiler} {options:?} {name}: {status:?}");
}

/// Entries and modules in the order of registration, and everything else that is not as at the start.
fn summary(registrations: &Registrations) -> Vec<String> {
    let mut lines: Vec<(u64, String)> = Vec::new();
    for entry in &registrations.entries {
        let line = match &entry.kind {
            RegistrationKind::MemoryBlock(block) => format!("memory {:#x} {}", block.address, block.size),
            RegistrationKind::ExcludedMemoryBlock(block) => {
                format!("excluded {:#x} {}", block.address, block.size)
            }
            RegistrationKind::File { path, file_type, flags } => format!("file {path} {file_type} {flags}"),
            RegistrationKind::Metadata { key, value } => format!("metadata {key}={value}"),
            RegistrationKind::AdditionalProcess { pid, tid } => format!("process {pid} {tid}"),
        };
        lines.push((entry.sequence, line));
    }
    for module in &registrations.modules {
        lines.push((module.sequence, format!("module {} {:#x}", module.path, module.context)));
    }
    lines.sort();
    let mut lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    if (registrations.flags, registrations.max_hold_ms) != (0, 0) {
        lines.push(format!("flags {} hold {}", registrations.flags, registrations.max_hold_ms));
    }
    lines.extend(registrations.app_local_dump.iter().map(|path| format!("dump {path}")));
    lines.extend(registrations.restart.iter().map(|restart| {
        format!("restart {} {}", restart.command_line.as_deref().unwrap_or("(own)"), restart.flags)
    }));
    lines.extend(
        registrations
            .recovery
            .iter()
            .map(|recovery| format!("recovery {:#x} {}", recovery.parameter, recovery.ping_interval_ms)),
    );
    lines
}

#[test]
fn what_is_registered_is_seen_from_outside() {
    let longest = |first: &str, rest: &str, count: usize| first.to_owned() + &rest.repeat(count);
    for (compiler, options) in DIALECTS {
        let mut shown = 0;
        watch("registration.c", compiler, options, |name, registrations| {
            shown += 1;
            let expected: &[&str] = match name {
                "nothing" => &[],
                "memory" => &["memory 0x20000 1", "memory 0x10000 8"],
                "excluded" => &["excluded 0x10000 4294967295", "memory 0x10000 8"],
                "files" => &[&format!("file {} 2 1", longest("/", "p", 258)), "file /a 1 2"],
                "metadata" => {
                    &[&longest("metadata ", "k", 64), "metadata Größe=~ !", "metadata Channel=beta"]
                }
                "processes" => &["process 4294967295 4294967295", "process 7 8"],
                "longest local dump" => &[&longest("dump ", "d", 63)],
                "local dump" => &["dump Crash/Dumps"],
                "modules" => &["module /no/m.so 0x10000", "module /no/n.so 0x0", "module /no/m.so 0x20000"],
                "modules in another order" => {
                    &["module /no/n.so 0x0", "module /no/m.so 0x20000", "module /no/m.so 0x10000"]
                }
                "flags" => &["flags 2 hold 5000"],
                other => panic!("{other}"),
            };
            let mut seen = summary(registrations);
            // An empty value.
            seen.iter_mut()
                .filter(|line| line.ends_with("k="))
                .for_each(|line| line.truncate(line.len() - 1));
            assert_eq!(seen, expected, "{name}");
        });
        assert_eq!(shown, 20, "{compiler} {options:?}");
    }
}

#[test]
fn what_is_registered_for_after_a_crash_is_seen_from_outside() {
    for (compiler, options) in DIALECTS {
        let mut shown = 0;
        watch("restart.c", compiler, options, |name, registrations| {
            shown += 1;
            let longest = format!("restart {} 15", "r".repeat(1023));
            let expected: &[&str] = match name {
                "nothing" => &[],
                "own arguments" => &["restart (own) 0"],
                "no arguments" => &["restart  1"],
                "restart" => &["restart --open \"größe\" 10"],
                "longest" => &[&longest],
                "recovery" => &["recovery 0x10000 5000"],
                "recovery again" => &["recovery 0x0 300000"],
                other => panic!("{other}"),
            };
            assert_eq!(summary(registrations), expected, "{name}");
        });
        assert_eq!(shown, 11, "{compiler} {options:?}");
    }
}
