//! Cabs, dumps and the child program.

use std::fs;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cab::{CabinetBuilder, CompressionType};
use minidump_writer::minidump_writer::MinidumpWriterConfig;

/// The example that stands for `watson analyze --child`; cargo builds it beside the tests.
pub(crate) fn child_program() -> PathBuf {
    let exe = std::env::current_exe().unwrap();
    exe.ancestors().nth(2).unwrap().join("examples/child")
}

/// A cab of the given members.
pub(crate) fn cab(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = CabinetBuilder::new();
    let folder = builder.add_folder(CompressionType::MsZip);
    for (name, _) in members {
        folder.add_file(*name);
    }
    let mut writer = builder.build(Cursor::new(Vec::new())).unwrap();
    let mut contents = members.iter().map(|(_, bytes)| bytes);
    while let Some(mut file) = writer.next_file().unwrap() {
        file.write_all(contents.next().unwrap()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Compiles a program with a known function in `folder`, and dumps it while it waits there.
pub(crate) fn dump_of_program(folder: &Path) -> Vec<u8> {
    let source = r#"
        #include <stdio.h>
        #include <unistd.h>
        volatile int sink;
        __attribute__((noinline)) int known_function(int x) { puts("ready"); fflush(stdout); pause(); return sink + x; }
        int main(int argc, char **argv) { int r = known_function(argc); sink = r; return 0; }"#;
    fs::write(folder.join("p.c"), source).unwrap();
    let program = folder.join("program");
    let mut compiler = Command::new("cc");
    compiler.arg(folder.join("p.c")).arg("-o").arg(&program).args(["-g", "-O1", "-fno-inline"]);
    assert!(compiler.status().unwrap().success());
    let mut child = Command::new(&program).stdout(Stdio::piped()).spawn().unwrap();
    let output = child.stdout.take().unwrap();
    assert_eq!(BufReader::new(output).lines().next().unwrap().unwrap(), "ready");
    let pid = i32::try_from(child.id()).unwrap();
    let asleep = || fs::read_to_string(format!("/proc/{pid}/stat")).unwrap().contains(") S ");
    assert!(
        (0..100_000).any(|_| asleep() || {
            std::thread::yield_now();
            false
        }),
        "it never came to rest"
    );
    let mut dump = Cursor::new(Vec::new());
    let written = MinidumpWriterConfig::new(pid, pid).write(&mut dump);
    child.kill().unwrap();
    child.wait().unwrap();
    written.unwrap();
    dump.into_inner()
}

/// A `Report.wer` with these lines.
pub(crate) fn report_wer(lines: &[&str]) -> Vec<u8> {
    let text: String =
        std::iter::once("\u{feff}").chain(lines.iter().flat_map(|line| [*line, "\r\n"])).collect();
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A `registered.dmp` with one block, byte by byte as the formats' documents say.
pub(crate) fn registered_dump(address: u64, bytes: &[u8]) -> Vec<u8> {
    let system_info = {
        let mut info = vec![0_u8; 56];
        info[0..2].copy_from_slice(&9_u16.to_le_bytes()); // x86-64
        info[20..24].copy_from_slice(&0x8201_u32.to_le_bytes()); // Linux
        info
    };
    let size = u32::try_from(bytes.len()).unwrap();
    let mut blocks: Vec<u8> = [1_u32, 16, 24, 1].iter().flat_map(|n| n.to_le_bytes()).collect();
    blocks.extend([1_u64, address].iter().flat_map(|n| n.to_le_bytes()));
    blocks.extend([size, size].iter().flat_map(|n| n.to_le_bytes()));
    let head = 32 + 3 * 12;
    let memory_at = head + system_info.len() + blocks.len();
    let bytes_at = u32::try_from(memory_at + 4 + 16).unwrap();
    let mut memory: Vec<u8> = 1_u32.to_le_bytes().to_vec();
    memory.extend(address.to_le_bytes());
    memory.extend([size, bytes_at].iter().flat_map(|n| n.to_le_bytes()));
    let streams = [(7_u32, &system_info), (0x5745_0001, &blocks), (5, &memory)];
    let mut dump = b"MDMP\x93\xa7\0\0".to_vec();
    dump.extend([3_u32, 32, 0, 0, 0, 0].iter().flat_map(|n| n.to_le_bytes()));
    let mut at = head;
    for (kind, stream) in streams {
        let entry = [kind, u32::try_from(stream.len()).unwrap(), u32::try_from(at).unwrap()];
        dump.extend(entry.iter().flat_map(|n| n.to_le_bytes()));
        at += stream.len();
    }
    streams.iter().for_each(|(_, stream)| dump.extend_from_slice(stream));
    dump.extend_from_slice(bytes);
    dump
}
