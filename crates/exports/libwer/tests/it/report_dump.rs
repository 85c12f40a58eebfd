//! Dumps of reports that programs make themselves, read back from the store.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use minidump::{Minidump, MinidumpThreadList, Module};
use tempfile::TempDir;

use crate::build::{WITH_LIBRARY, compile};
use crate::werfault::{run_with_werfault, werfault};

pub(crate) const DIALECTS: [(&str, &[&str]); 4] = [
    ("cc", &["-std=c11", "-D_GNU_SOURCE"]),
    ("cc", &["-std=c11", "-D_GNU_SOURCE", "-fshort-wchar"]),
    ("g++", &["-std=c++17"]),
    ("g++", &["-std=c++17", "-fshort-wchar"]),
];

/// One report of the program.
struct Report {
    _folder: TempDir,
    path: PathBuf,
    /// What the program printed: a process or thread, and two addresses.
    printed: [u64; 3],
    text: String,
}

impl Report {
    fn made_by(argument: &str) -> Self {
        Self::made_with("", argument)
    }

    fn made_with(settings: &str, argument: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for part in ["etc", "config/wer"] {
            fs::create_dir_all(folder.path().join(part)).unwrap();
        }
        fs::write(folder.path().join("etc/wer.toml"), settings).unwrap();
        let (compiler, options) = DIALECTS[0];
        let program = compile(&folder, compiler, "report_dump.c", &[options, &WITH_LIBRARY].concat());
        let ended = run_with_werfault(&folder, &program, werfault(), argument);
        assert!(ended.status.success(), "{argument}: {:?}\n{}", ended.status, ended.text);
        let mut printed = [0; 3];
        for (number, word) in printed.iter_mut().zip(ended.text.split_whitespace()) {
            let hex = word.strip_prefix("0x").map(|digits| u64::from_str_radix(digits, 16));
            *number = hex.unwrap_or_else(|| word.parse()).unwrap();
        }
        let mut queue = fs::read_dir(folder.path().join("store/ReportQueue")).unwrap();
        let path = queue.next().expect("a report").unwrap().path();
        assert!(queue.next().is_none(), "one report");
        let text = report_text(&path);
        Self { _folder: folder, path, printed, text }
    }

    /// Names of its dumps.
    fn dumps(&self) -> BTreeSet<String> {
        let names = fs::read_dir(&self.path).unwrap().map(|entry| entry.unwrap().file_name());
        let names: BTreeSet<String> =
            names.map(|name| name.into_string().unwrap()).filter(|name| name.contains("dmp")).collect();
        let named = |line: &&str| line.starts_with("File[") && line.contains("].Path=");
        let told = self.text.lines().filter(named).filter_map(|line| line.split_once('='));
        assert_eq!(told.map(|(_, name)| name.to_owned()).collect::<BTreeSet<_>>(), names, "{}", self.text);
        names
    }

    /// A dump that breaks no rule.
    fn dump(&self, name: &str) -> Minidump<'static, Vec<u8>> {
        let bytes = fs::read(self.path.join(name)).unwrap();
        let violations = wer_check::check(&bytes);
        assert!(violations.is_empty(), "{name}: {violations:#?}");
        Minidump::read(bytes).unwrap()
    }

    fn says(&self, sentence: &str) -> bool {
        self.text.contains(sentence)
    }
}

pub(crate) fn report_text(report: &Path) -> String {
    let bytes = fs::read(report.join("Report.wer")).unwrap();
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    String::from_utf16(&units).unwrap()
}

fn names<const COUNT: usize>(names: [&str; COUNT]) -> BTreeSet<String> {
    names.map(str::to_owned).into()
}

/// What a dump says happened.
#[derive(Debug, PartialEq, Eq)]
struct Happened {
    thread: u64,
    signal: u32,
    status: u64,
    address: u64,
    rip: u64,
    rax: u64,
}

fn happened(dump: &Minidump<'_, Vec<u8>>) -> Option<Happened> {
    let stream: minidump::MinidumpException<'_> = dump.get_stream().ok()?;
    let system: minidump::MinidumpSystemInfo = dump.get_stream().unwrap();
    let misc = dump.get_stream::<minidump::MinidumpMiscInfo>().ok();
    let record = &stream.raw.exception_record;
    let context = stream.context(&system, misc.as_ref()).unwrap();
    Some(Happened {
        thread: stream.raw.thread_id.into(),
        signal: record.exception_code,
        status: record.exception_information[2],
        address: record.exception_address,
        rip: context.get_instruction_pointer(),
        rax: context.get_register("rax").unwrap(),
    })
}

/// What the C program says happened, to a thread.
fn told(thread: u64, signal: u32, status: u64, address: u64) -> Option<Happened> {
    Some(Happened { thread, signal, status, address, rip: 0x123_4560, rax: 0x1122_3344_5566_7788 })
}

fn threads(dump: &Minidump<'_, Vec<u8>>) -> Vec<u64> {
    let list: MinidumpThreadList<'_> = dump.get_stream().unwrap();
    list.threads.iter().map(|thread| thread.raw.thread_id.into()).collect()
}

/// The whole of 4,096 bytes, if the dump has them.
fn block(dump: &Minidump<'_, Vec<u8>>, at: u64) -> Option<Vec<u8>> {
    let memory = dump.get_memory()?;
    let mut all = Vec::new();
    while all.len() < 4096 {
        let next = at + all.len() as u64;
        let part = memory.memory_at_address(next)?;
        let rest = part.bytes().get((next - part.base_address()) as usize..)?;
        all.extend(rest.iter().take(4096 - all.len()));
    }
    Some(all)
}

/// How many registered blocks a dump names.
fn named_blocks(dump: &Minidump<'_, Vec<u8>>) -> u32 {
    let stream = dump.get_raw_stream(0x5745_0001).unwrap_or(&[0; 16]);
    u32::from_le_bytes(stream[12..16].try_into().unwrap())
}

#[test]
fn every_layout_and_answer_in_four_dialects() {
    for (compiler, options) in DIALECTS {
        let folder = tempfile::tempdir().unwrap();
        let program = compile(&folder, compiler, "report_dump.c", &[options, &WITH_LIBRARY].concat());
        let ended = run_with_werfault(&folder, &program, Path::new("/no/werfault"), "");
        assert!(ended.status.success(), "{compiler} {options:?}: {:?}\n{}", ended.status, ended.text);
    }
}

#[test]
fn a_process_is_dumped_as_it_was_told_in_every_type() {
    let report = Report::made_by("itself");
    let [thread, kept, hidden] = report.printed;
    let all = names(["memory.hdmp", "microdump.mdmp", "minidump.mdmp", "triagedump.mdmp"]);
    assert_eq!(report.dumps(), all);
    for name in &all {
        let dump = report.dump(name);
        assert_eq!(happened(&dump), told(thread, 11, 0xC000_0005, 0xDEAD_0000), "{name}");
        assert_eq!(threads(&dump).first(), Some(&thread), "{name}");
        assert_eq!(named_blocks(&dump), 0, "{name} names blocks that were not asked for");
    }
    let heap = report.dump("memory.hdmp");
    assert_eq!(block(&heap, hidden), Some(vec![0; 4096]), "what was excluded");
    assert_eq!(block(&heap, kept), Some(vec![b'K'; 4096]), "a part of the heap as any other");
    assert_eq!(block(&report.dump("minidump.mdmp"), kept), None);
}

#[test]
fn registered_blocks_join_heap_dumps_when_asked() {
    let report = Report::made_by("registered");
    let [_, kept, hidden] = report.printed;
    assert!(!report.dumps().contains("registered.dmp"), "the heap dump has them");
    let heap = report.dump("memory.hdmp");
    assert_eq!(block(&heap, kept), Some(vec![b'K'; 4096]));
    assert_eq!(block(&heap, hidden), Some(vec![0; 4096]));
    assert_eq!((named_blocks(&heap), named_blocks(&report.dump("minidump.mdmp"))), (1, 0));
}

#[test]
fn a_large_process_with_narrow_limits_is_dumped_whole() {
    let report = Report::made_by("large");
    assert_eq!(report.dumps(), names(["memory.hdmp"]), "{}", report.text);
    let heap = report.dump("memory.hdmp");
    assert_eq!(block(&heap, report.printed[1]), Some(vec![b'L'; 4096]));
    assert_eq!(threads(&heap), [report.printed[0]]);
}

#[test]
fn a_reporter_that_stands_still_holds_nobody() {
    let report = Report::made_with("HoldMilliseconds = 1000\n", "held");
    assert_eq!(report.dumps(), names(["minidump.mdmp"]), "the second attempt");
}

#[test]
fn registered_blocks_lie_beside_smaller_dumps() {
    let report = Report::made_by("small");
    let [_, kept, hidden] = report.printed;
    assert_eq!(report.dumps(), names(["minidump.mdmp", "registered.dmp"]));
    let registered = report.dump("registered.dmp");
    assert_eq!(block(&registered, kept), Some(vec![b'K'; 4096]));
    assert_eq!((block(&registered, hidden), named_blocks(&registered)), (None, 1));
    assert_eq!(block(&report.dump("minidump.mdmp"), kept), None);
    assert_eq!(happened(&report.dump("minidump.mdmp")), None, "nothing happened");
}

#[test]
fn a_heap_dump_that_is_not_to_wait_is_replaced() {
    assert_eq!(Report::made_by("heap").dumps(), names(["memory.hdmp"]));
    for which in ["no-heap-on-queue", "flag-on-queue", "flag-no-heap"] {
        let report = Report::made_by(which);
        assert_eq!(report.dumps(), names(["minidump.mdmp"]), "{which}");
        assert!(report.says("].Flags=0\r\n") && !report.says("].Flags=1"), "{which}: {}", report.text);
        assert!(!threads(&report.dump("minidump.mdmp")).is_empty(), "{which}");
    }
}

#[test]
fn custom_options_say_what_a_dump_holds_and_what_kind_it_is() {
    let report = Report::made_by("custom");
    let thread = report.printed[0];
    let dumps = report.dumps();
    let heap = dumps.iter().find(|name| name.ends_with("memory.hdmp")).expect("private memory was asked for");
    assert_eq!(dumps.len(), 2, "{dumps:?}");
    assert!(heap.starts_with("process_") && dumps.contains("minidump.mdmp"), "{dumps:?}");
    assert!(report.says("].Type=7\r\n") && report.says("].Type=2\r\n"), "{}", report.text);
    for (name, flags) in [("minidump.mdmp", 0), (heap, 0x200)] {
        let dump = report.dump(name);
        assert_eq!((dump.header.flags, threads(&dump)), (flags, vec![thread]), "{name}");
    }
}

#[test]
fn another_process_is_dumped_by_pointers_of_its_own() {
    let report = Report::made_by("another");
    let child = report.printed[0];
    let dumps = report.dumps();
    assert_eq!(dumps.len(), 2, "{dumps:?}");
    // Of the other one; the auxiliary one is of the caller.
    let dump = report.dump("minidump.mdmp");
    assert_eq!(happened(&dump), told(child, 8, 0xC000_0094, 0x123_4560));
    assert_eq!(threads(&dump), [child]);
    let caller = dumps.iter().find(|name| name.starts_with("process_")).unwrap();
    let caller = report.dump(caller);
    assert_eq!(happened(&caller), None);
    assert_ne!(threads(&caller), [child]);
}

#[test]
fn a_thread_of_another_process_is_found_by_its_handle_or_its_stack() {
    let report = Report::made_by("thread");
    let thread = report.printed[0];
    let micro = report.dump("microdump.mdmp");
    assert_eq!((threads(&micro), happened(&micro)), (vec![thread], None));
    let mini = report.dump("minidump.mdmp");
    assert_eq!(happened(&mini), told(thread, 8, 0xC000_0094, 0x123_4560));
    assert_eq!((threads(&mini).len(), threads(&mini)[0]), (2, thread));
}

#[test]
fn pointers_that_lead_nowhere_cost_the_exception_and_not_the_dump() {
    let report = Report::made_by("lies");
    assert!(report.says("its CONTEXT at 0x10 cannot be read in the process"), "{}", report.text);
    let dump = report.dump("minidump.mdmp");
    assert_eq!(happened(&dump), None);
    assert_eq!(threads(&dump), [report.printed[0]]);
    // A count beyond the structure is the process's affair; nothing is read beyond.
    let report = Report::made_by("counts");
    let told = told(report.printed[0], 8, 0xC000_0094, 0x123_4560);
    assert_eq!(happened(&report.dump("minidump.mdmp")), told);
}

#[test]
fn a_process_that_ended_is_missing_and_the_report_says_so() {
    let report = Report::made_by("ends");
    assert_eq!(report.dumps(), names([]));
    let sentence = format!("Process {}: There is no dump of it", report.printed[0]);
    assert!(report.says(&sentence), "{}", report.text);
}

#[test]
fn a_process_that_became_another_program_is_dumped_as_that() {
    let report = Report::made_by("executes");
    let dump = report.dump("minidump.mdmp");
    assert_eq!(threads(&dump), [report.printed[0]]);
    let modules: minidump::MinidumpModuleList = dump.get_stream().unwrap();
    let executable = modules.main_module().unwrap().code_file().into_owned();
    assert!(executable.ends_with("/sleep") || executable.contains("coreutils"), "{executable}");
    assert_eq!(happened(&dump), None, "{}", report.text);
}
