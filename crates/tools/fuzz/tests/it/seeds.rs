//! Small good inputs for every target, made here: nothing is committed as a blob.

mod intake;

use std::io::{Cursor, Write as _};

use wer_abi::registration::check_word;
use wer_synth::{Amd64, Exception, MemoryInfo, Module, Section, Synth, Thread};

/// The seeds of a target. One that is not known here gets text and numbers.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "cab_unpack" => vec![cab()],
        "command_line" => vec![br#"--open "a b" c\\"d "e""f" \ g"#.to_vec()],
        "core_file" | "core_notes" => vec![core()],
        "dump_inspect" | "dump_read" | "intake_dump" | "minidump_check" => {
            vec![dump(), Synth::new().finish()]
        }
        "dump_unpack" => vec![unpack_input()],
        "elf_symbols" | "module_check" => vec![program()],
        "intake_chunks" => intake::chunks(),
        "intake_door" => intake::door(),
        "intake_envelope" => intake::envelope(),
        "intake_form" => intake::form(),
        "intake_inflate" => intake::inflate(),
        "intake_privacy" => intake::names(),
        "intake_transcript" => intake::transcripts(),
        "intake_key" => intake::key(),
        "hang_facts" => hang_facts(),
        "level1_request" => vec![utf16(LEVEL1_REQUEST), LEVEL1_REQUEST.as_bytes().to_vec()],
        "level1_response" => vec![LEVEL1_RESPONSE.into()],
        "manifest" => vec![MANIFEST.into()],
        "module_host_packets" => vec![packets()],
        "module_host_requests" => module_host_requests(),
        "procfs" => procfs(),
        "registration_block" => vec![block()],
        "registry_answer" => vec![REGISTRY_ANSWER.into(), REGISTRY_KEY.into()],
        "registry_export" => vec![utf16(REGISTRY), REGISTRY.as_bytes().to_vec()],
        "report_request" => report_request(),
        "report_wer" | "report_wer_lenient" => vec![utf16(REPORT), REPORT.as_bytes().to_vec()],
        "settings" => vec![SETTINGS.into()],
        "store_requests" => store_requests(),
        "user_places" => vec![USER_LIST.into(), ENVIRONMENT.into()],
        _ => vec![b"text 1 2 3\n".to_vec(), vec![0; 256]],
    }
}

fn report_request() -> Vec<Vec<u8>> {
    use wer_abi::module_host::DumpOrder;
    use wer_abi::report_request::{DumpException, DumpPayload, DumpSubject, Item, ReportHead, Tag};
    let head = ReportHead { report_type: 1, consent: 2, submit_flags: 4, result_max: 9, process_id: 7 };
    let mut bytes = head.encode().to_vec();
    for (tag, text) in [(Tag::EventType, "Event"), (Tag::ParameterName, "P0"), (Tag::File, "/tmp/a.log")] {
        bytes.extend(Item { tag, first: 5, second: 2, text, data: &[] }.head());
        bytes.extend(text.as_bytes());
    }
    let subject = DumpSubject { process_id: 7, thread_id: 8, start_ticks: 9 };
    let (record, options) = (wer_abi::ExceptionRecord::default(), [&[0x28, 2, 0, 0][..], &[0; 548]].concat());
    let context = Some(wer_abi::Context::zeroed());
    let order = DumpException::Values(DumpOrder { thread_id: 8, record, context });
    for (tag, exception, options) in [
        (Tag::Fault, order, &[][..]),
        (Tag::Dump, DumpException::Client(0x7000), &options),
        (Tag::Dump, DumpException::None, &[]),
    ] {
        let mut data = Vec::new();
        DumpPayload { subject, exception, options }.encode(|piece| data.extend_from_slice(piece));
        bytes.extend(Item { tag, first: 2, second: 1, text: "", data: &data }.head());
        bytes.extend(data);
    }
    vec![bytes]
}

fn store_requests() -> Vec<Vec<u8>> {
    use wer_abi::store_requests::{Operation, StoreRequest, StoreType, answer_head};
    let text = "/var/lib/wer/ReportQueue/AppCrash_game";
    let request =
        StoreRequest { operation: Operation::Upload, store: StoreType::MachineQueue, argument: 0x80, text };
    let answer = answer_head(wer_abi::Hresult::S_OK, 4);
    vec![[&request.head()[..], text.as_bytes()].concat(), [&answer[..], &[1, 0, 0, 0]].concat()]
}

const USER_LIST: &str = "%LOCALAPPDATA%\\CrashDumps/${HOME}/$USER\njoe:x:1000:1000:Joe:/home/joe:/bin/sh\n";
const ENVIRONMENT: &str = "~/$XDG_DATA_HOME%TEMP%\n\0HOME=/home/joe\0XDG_STATE_HOME=/s\0USER=joe\0";

const LEVEL1_REQUEST: &str = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n<WERREPORT>\r\n<MACHINEINFO \
    machinename=\"m\" os=\"10.0.19045.2.0.0\" lcid=\"1033\" oemid=\"\"/>\r\n<USERINFO username=\"u\"/>\r\n\
    <EVENTINFO reporttype=\"2\" eventtime=\"132000000000000000\" eventtype=\"APPCRASH\" \
    eventdescription=\"d\" friendlyeventname=\"n\"/>\r\n<SIGNATURE>\r\n<PARAMETER id=\"0\" name=\"N\" \
    value=\"V\"/>\r\n</SIGNATURE>\r\n</WERREPORT>\r\n";
const MANIFEST: &str = concat!(
    r#"{"piece_bytes":65536,"files":[{"name":"heap.mdmp","size_bytes":5,"#,
    r#""sha256":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","#,
    r#""pieces":["00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"]}]}"#
);
const LEVEL1_RESPONSE: &str = "iData=1\r\nBucket=77\r\nBucketTable=5\r\nResponse=http://x/\r\nMemoryDump=1\r\n\
    GetFile=a;b\r\nWQL=SELECT a FROM b\r\nDumpFile=/a/b.cab\r\nDumpServer=h\r\n\
    SolutionText=Update.%0AThen 100%25 %E6%9B%B4\r\nSolutionFixedIn=1.10\r\n";
const REPORT: &str = "Version=1\r\nEventType=APPCRASH\r\nEventTime=132000000000000000\r\nReportType=2\r\n\
    ReportIdentifier=0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\r\nConsent=1\r\nSig[0].Name=Application Name\r\nSig[0].Value=a\r\nDynamicSig[1].Name=OS Version\r\n\
    DynamicSig[1].Value=6.1\r\nFriendlyEventName=Stopped working\r\nAppName=a\r\nAppPath=/a\r\n";
const SETTINGS: &str = "Disabled = 0\nCorporateWERServer = \"h\"\nCorporateWERPortNumber = 80\n\n[Consent]\n\
    DefaultConsent = 4\n\n[LocalDumps]\nDumpType = 2\nDumpCount = 5\n\n[LocalDumps.program]\nDumpType = 1\n\
    [ExcludedApplications]\n\"a\" = 1\n";

const REGISTRY_ANSWER: &str = "{\n  \"file\": \"/etc/wer/wer.toml\",\n  \"name\": \"Disabled\",\n  \"value\": \"a \\\"b\\\" c:\\\\d\"\n}\n";
const REGISTRY_KEY: &str = r"Software\Microsoft\Windows\Windows Error Reporting\LocalDumps\app";

const REGISTRY: &str = "Windows Registry Editor Version 5.00\r\n\r\n\
    [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting]\r\n\"Disabled\"=dword:00000000\r\n\
    \"CorporateWERServer\"=\"h\"\r\n\"MaxQueueCount\"=hex(b):05,00,00,00,00,00,00,00\r\n\"ForceQueue\"=-\r\n\
    [-HKCU\\SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting\\Consent]\r\n\
    [HKLM\\SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting\\LocalDumps\\a.exe]\r\n\
    \"DumpFolder\"=hex(2):2f,00,\\\r\n  61,00,00,00\r\n\"DumpType\"=dword:00000002 ; full\r\n\
    [HKCU\\SOFTWARE\\Microsoft\\Windows\\Windows Error Reporting\\ExcludedApplications]\r\n\"a\\\\b\"=\"\"\r\n";

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

fn cab() -> Vec<u8> {
    let mut builder = cab::CabinetBuilder::new();
    let folder = builder.add_folder(cab::CompressionType::MsZip);
    folder.add_file("Report.wer");
    folder.add_file("a.dmp");
    let mut writer = builder.build(Cursor::new(Vec::new())).expect("a cab");
    while let Some(mut file) = writer.next_file().expect("a file") {
        file.write_all(&b"some text that is there again, some text".repeat(20)).expect("its bytes");
    }
    writer.finish().expect("a cab").into_inner()
}

/// A dump with the streams that most have.
fn dump() -> Vec<u8> {
    let mut synth = Synth::new();
    synth.system_info(9, 0x8201, "Linux 6.1");
    let context = synth.add(Amd64::new(0x40_1000, 0x7000_1000).section(), 16);
    let stack = 0x7000_1000;
    let places = synth.memory(&[(stack, &[0x41; 512]), (0x40_1000, &[0x90; 64])]);
    synth.threads(&[
        Thread { id: 7, stack, stack_bytes: places[0], context },
        Thread { id: 8, stack, stack_bytes: places[0], context },
    ]);
    let codeview = [&b"BpEL"[..], &[0xAB; 20]].concat();
    synth.modules(&[Module { base: 0x40_0000, size: 0x3000, name: "/bin/a".into(), codeview }]);
    synth.exception(&Exception { thread: 7, code: 11, context, ..Exception::default() });
    synth.thread_names(&[(7, "main"), (8, "worker")]);
    synth.memory_info(&[MemoryInfo {
        base: 0x40_0000,
        size: 0x3000,
        state: 0x1000,
        ..MemoryInfo::default()
    }]);
    synth.stream(0x4767_0009, Section::from(&b"00400000-00403000 r-xp 00000000 00:00 1 /bin/a\n"[..]));
    // Registered blocks: one of 16 bytes.
    synth.stream(0x5745_0001, Section::new().u32s(&[1, 1]).u64(0x40_1000).u32s(&[16, 0]));
    synth.finish()
}

/// The target puts the magic before it.
fn unpack_input() -> Vec<u8> {
    let packed = zstd::encode_all(&dump()[..], 3).expect("zstd");
    packed[4..].to_vec()
}

/// A core with one thread and a page of memory, field by field.
fn core() -> Vec<u8> {
    let mut status = vec![0_u8; 336];
    status[12] = 11;
    status[32..36].copy_from_slice(&4711_u32.to_le_bytes());
    let mut files = Vec::new();
    for number in [1_u64, 4096, 0x40_0000, 0x40_1000, 0] {
        files.extend(number.to_le_bytes());
    }
    files.extend(b"/bin/a\0");
    let mut notes = Vec::new();
    let auxv = [3_u64, 0x40_0040, 9, 0x40_0100, 0, 0].map(u64::to_le_bytes).concat();
    for (kind, bytes) in [(1_u32, &status[..]), (6, &auxv), (0x4649_4C45, &files)] {
        for number in [5, bytes.len() as u32, kind] {
            notes.extend(number.to_le_bytes());
        }
        notes.extend(b"CORE\0\0\0\0");
        notes.extend(bytes);
        notes.resize(notes.len().next_multiple_of(4), 0);
    }
    let headers = 64 + 2 * 56_u64;
    let memory_at = (headers + notes.len() as u64).next_multiple_of(4096);
    let mut core = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0\x3e\0\x01\0\0\0".to_vec();
    core.extend([0_u64, 64, 0].map(u64::to_le_bytes).concat());
    core.extend([0, 0, 64_u16, 56, 2, 0, 0, 0].map(u16::to_le_bytes).concat());
    let segments = [(4_u32, 0_u32, headers, 0_u64, notes.len() as u64), (1, 5, memory_at, 0x40_0000, 4096)];
    for (kind, flags, offset, address, size) in segments {
        core.extend([kind, flags].map(u32::to_le_bytes).concat());
        core.extend([offset, address, 0, size, size, 4096].map(u64::to_le_bytes).concat());
    }
    core.extend(notes);
    core.resize(memory_at as usize, 0);
    core.extend([0xCC; 4096]);
    core
}

/// A program of this machine, with symbols and unwind tables as they are.
fn program() -> Vec<u8> {
    std::fs::read("/bin/true").expect("a small program")
}

/// A claim with one pair, one packet per line.
fn packets() -> Vec<u8> {
    let wide = |text: &str| {
        let units: String = text.encode_utf16().map(|unit| format!("{unit:04x}")).collect();
        format!("{{\"capacity\":260,\"size\":{},\"units\":\"{units}\"}}", text.len() + 1)
    };
    let entering = |callback: &str| format!("{{\"message\":\"entering\",\"callback\":{callback}}}");
    let event = format!(
        "{{\"message\":\"event\",\"result\":0,\"claimed\":true,\"name\":{},\"signature_count\":1}}",
        wide("Crash")
    );
    let signature = format!(
        "{{\"message\":\"signature\",\"index\":0,\"result\":0,\"name\":{},\"value\":{}}}",
        wide("Version"),
        wide("5")
    );
    let debugger = format!(
        "{{\"message\":\"debugger_launch\",\"result\":0,\"is_custom\":false,\"command\":{},\"autolaunch\":true}}",
        wide("")
    );
    let all = [
        entering("\"loading\""),
        entering("\"event\""),
        event,
        entering("{\"signature\":0}"),
        signature,
        entering("\"debugger_launch\""),
        debugger,
    ];
    all.join("\n").into_bytes()
}

/// A handle, and a dump with an exception.
fn module_host_requests() -> Vec<Vec<u8>> {
    use wer_abi::module_host::{DumpOrder, OPERATION_DUMP, OPERATION_DUPLICATE, encode_request};
    let record = wer_abi::ExceptionRecord { code: 0xC000_0005, parameter_count: 2, ..Default::default() };
    let order = DumpOrder { thread_id: 7, record, context: Some(wer_abi::Context::zeroed()) }.encode();
    let dump = encode_request(OPERATION_DUMP, 0x960, order.len() as u32);
    vec![encode_request(OPERATION_DUPLICATE, 5, 0).to_vec(), [&dump[..], &order].concat()]
}

/// The first byte chooses the file.
fn procfs() -> Vec<Vec<u8>> {
    let names = ["stat", "status", "maps", "auxv", "cmdline", "limits", "syscall"];
    let texts = names.iter().enumerate().map(|(kind, name)| {
        let text = std::fs::read(format!("/proc/thread-self/{name}")).unwrap_or_default();
        let text = &text[..text.len().min(8192)];
        [&[kind as u8], text].concat()
    });
    texts.collect()
}

/// The first byte chooses what.
fn hang_facts() -> Vec<Vec<u8>> {
    let answer =
        [&[40, 0, 0, 0, 20, 0][..], &[0; 10], &[1, 1, 1, 0, 7, 0, 0, 0], &[0; 8], &[8, 0, 2, 0, 9, 0, 0, 0]];
    let poll = [5, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 6, 0, 0, 0, 4, 0, 0, 0];
    let locks =
        b"1: POSIX  ADVISORY  WRITE 12 08:01:99 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 34 08:01:99 0 EOF\n\
                  3: OFDLCK ADVISORY  READ -1 08:01:7 0 EOF\n";
    let request = [&b"WERH\x01\0\0\0\x03\0\0\0\x07\0\0\0\x02\0\0\0"[..], "é".as_bytes()].concat();
    let all: [&[u8]; 7] = [
        b"202 0x7f01 0x80 0x2 0x0 0x0 0xffff 0x7ffe 0x7fff\n",
        locks,
        b"pos:\t0\ntfd:        5 events:       19 data: 5  pos:0 ino:61af sdev:7\n",
        &poll,
        &[2, 8, 1, 0],
        &answer.concat(),
        &request,
    ];
    all.iter().enumerate().map(|(kind, bytes)| [&[kind as u8], *bytes].concat()).collect()
}

/// By the offsets of `docs/formats/registration.md`: an entry, a module, last words, a list of unloaded modules in place of
/// most texts, and the areas of the header with their check words.
fn block() -> Vec<u8> {
    let mut block = vec![0; 573_440];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"WERREGBK\x01");
    put(16, &573_440_u64.to_le_bytes());
    for (at, number) in [(4096, 1_u64), (4104, 1 << 32 | 1), (4112, 0x5000), (29_704, 2)] {
        put(at, &number.to_le_bytes());
    }
    put(29_720, b"\x04\0\0\0/a.b");
    put(25_604, b"\x05\0\0\0\x01words");
    put(604, &check_word(&[], b"dumps").to_le_bytes());
    put(608, b"\x05\0\0\0");
    put(616, b"dumps");
    put(812, &check_word(&[0x4000, 7, 5000, 0], &[]).to_le_bytes());
    for (at, number) in [(816, 0x4000_u64), (824, 7), (832, 5000)] {
        put(at, &number.to_le_bytes());
    }
    put(876, &check_word(&[1, 2, 99], b"a\0b\0").to_le_bytes());
    put(880, b"\x01\0\0\0\x02\0\0\0\x63");
    put(896, b"\x02\0\0\0\0\0\0\0a\0b\0");
    let list = 500_000_usize;
    put(592, &(list as u64).to_le_bytes());
    put(list, b"WERUNLOD\x01\0\0\0\0\x02\0\0\xf8\x01\0\0\x40\0\0\0");
    for (at, number) in [(0, 1_u64), (8, 0x10_0000), (16, 0x4000), (32, 5)] {
        put(list + 512 + at, &number.to_le_bytes());
    }
    put(list + 552, b"/b.so");
    block
}
