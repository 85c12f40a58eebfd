//! The seeds are good inputs: a target that refuses all of them at once tries nothing.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::Path;

use crate::seeds::of;

fn seed(target: &str) -> Vec<u8> {
    of(target).into_iter().next().expect("a seed")
}

#[test]
fn dumps() {
    let dump = seed("dump_read");
    let read = wer_dump::Dump::read(&dump).expect("a dump");
    let analysis = wer_unwind::analyze_dump(&read, &wer_symbols::SymbolConfig::default());
    assert_eq!(analysis.threads.len(), 2);
    let everything = wer_inspect::Options { everything: true };
    assert_eq!(wer_inspect::Inspector::open(&dump, everything).expect("a dump").entries().len(), 9);
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(&[&0xFD2F_B528_u32.to_le_bytes()[..], &seed("dump_unpack")].concat()).expect("a file");
    let unpacked = wer_dump::DumpFile::open_within(file.path(), &wer_dump::UnpackLimits::default());
    assert_eq!(unpacked.expect("a compressed dump").bytes(), dump);
}

#[test]
fn cores() {
    let notes = wer_capture::core_notes::read_core_notes(&mut &seed("core_notes")[..]);
    assert_eq!(notes.threads.len(), 1);
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&seed("core_file")).expect("a file");
    let options = wer_capture::CoreFileOptions { read_files: false, ..Default::default() };
    let mut go_on = |_, _| ControlFlow::Continue(());
    let capture = wer_capture::core_of(file, Path::new("core"), &options, &mut go_on).expect("a core");
    assert_eq!((capture.snapshot.threads.len(), capture.snapshot.regions.len()), (1, 1));
    assert_eq!(capture.memory().read(0x40_0000, &mut [0; 16]), 16);
}

#[test]
fn registrations() {
    let contents = wer_capture::registration::read_bytes(&seed("registration_block")).expect("a block");
    let registrations = &contents.registrations;
    assert_eq!((registrations.entries.len(), registrations.modules.len()), (1, 1));
    assert_eq!((contents.unloaded_modules.len(), contents.last_words.is_some()), (1, true));
    assert_eq!(registrations.app_local_dump.as_deref(), Some("dumps"));
    let restart = registrations.restart.as_ref().expect("a restart");
    assert_eq!((restart.command_line.as_deref(), restart.flags, restart.registered_ms), (Some("ab"), 2, 99));
    assert_eq!(registrations.recovery.as_ref().map(|recovery| recovery.parameter), Some(7));
}

#[test]
fn files_of_the_wire_and_the_machine() {
    let cab = seed("cab_unpack");
    let folder = tempfile::tempdir().expect("a folder");
    let limits =
        watson_analysis::CabLimits { members: 16, member_bytes: 1 << 20, total_bytes: 4 << 20, ratio: 100 };
    let unpacked = watson_analysis::unpack_cab(&cab, folder.path(), &limits).expect("a cab");
    assert_eq!(unpacked.files.len(), 2);
    wer_wire::level1::Level1Request::parse(&seed("level1_request")).expect("a request");
    let response = wer_wire::level1::Level1Response::parse(&seed("level1_response")).expect("a response");
    assert_eq!((response.bucket, response.wants_cab), (Some(77), true));
    wer_wire::pieces::Manifest::parse(&seed("manifest")).expect("a manifest");
    let report = wer_report::report_wer::parse(&seed("report_wer")).expect("a report");
    assert!(!wer_report::report_wer::to_bytes(&report).is_empty());
    watson_analysis::parse_report_wer(&seed("report_wer_lenient")).expect("a report");
    let packets = seed("module_host_packets");
    let packets: Vec<&[u8]> = packets.split(|byte| *byte == b'\n').collect();
    let verdict = wer_modules::verdict_of_packets(true, &packets);
    assert!(format!("{verdict:?}").starts_with("Claimed"), "{verdict:?}");
    let requests = crate::seeds::of("module_host_requests");
    let request = wer_abi::module_host::decode_request(&requests[1]).expect("a request");
    assert!(wer_abi::module_host::DumpOrder::decode(request.payload).is_some());
    assert!(wer_abi::report_request::decode(&seed("report_request"), |_| {}).is_some());
    let store = crate::seeds::of("store_requests");
    assert!(wer_abi::store_requests::StoreRequest::decode(&store[0]).is_some());
    assert!(wer_abi::store_requests::decode_answer(&store[1]).is_some());
    let locations = wer_settings::Locations::system(None);
    let text = String::from_utf8(seed("settings")).expect("text");
    let texts = [(wer_settings::FileLevel::ALL[0], text.as_str())];
    let (_, problems) = wer_settings::Settings::from_texts(&locations, &texts);
    assert!(problems.is_empty(), "{problems:?}");
    let answer = String::from_utf8(seed("registry_answer")).expect("text");
    assert!(wer_winbase::registry::value_of_answer(&answer).is_some());
    let export = wer_settings::registry::parse(&seed("registry_export")).expect("an export");
    let import = wer_settings::registry::import::import(&export);
    assert_eq!((import.imported.len(), import.ignored.len()), (9, 0), "{import:?}");
}

#[test]
fn texts_of_the_kernel() {
    use wer_sys::procfs;
    let text = |kind: usize| of("procfs")[kind][1..].to_vec();
    assert!(procfs::parse_stat(&text(0)).is_some());
    assert!(procfs::parse_status(&text(1)).is_some());
    assert!(procfs::parse_maps(&text(2)).regions.len() > 5);
    assert!(procfs::parse_auxv(&text(3)).len() > 5);
}

#[test]
fn uploads() {
    use watson_intake::form::{FormEvent, FormScanner};
    use watson_intake::inflate::{Inflater, Packing};
    use watson_intake::sentry::envelope::{EnvelopeEvent, EnvelopeScanner};
    let mut form = FormScanner::new(b"BOUND");
    form.push(&seed("intake_form"));
    form.finish();
    while form.next().expect("a form") != Some(FormEvent::End) {}
    let mut envelope = EnvelopeScanner::default();
    envelope.push(&seed("intake_envelope"));
    envelope.finish();
    while envelope.next().expect("an envelope") != Some(EnvelopeEvent::End) {}
    let keyed = seed("intake_key");
    let keyed = core::str::from_utf8(&keyed).expect("text").lines().next().expect("a path");
    let request = watson_intake::admission::shown::Request { path: keyed, ..Default::default() };
    let minidump = watson_intake::admission::shown::Dialect::Minidump;
    watson_intake::admission::shown::shown_key(minidump, &request).expect("a key");
    for packed in of("intake_inflate") {
        let packing = Packing::of_magic(&packed).expect("packed bytes");
        let mut inflater = Inflater::new(packing, 1 << 20).expect("memory");
        let mut input = packed.as_slice();
        while !inflater.step(&mut input).expect("whole bytes").is_empty() {}
        inflater.end().expect("whole bytes");
    }
    for requests in of("intake_door") {
        let mut door = watson_intake::door::DoorTracker::new(4096);
        door.step(&requests).expect("heads that are served");
    }
    let wanted = watson_intake::sentry_cli::assemble::parse(&seed("intake_chunks"), 1 << 30);
    assert_eq!(wanted.expect("files").len(), 2);
    let facts = watson_intake::dump::dump_facts(&mut std::io::Cursor::new(seed("intake_dump")));
    assert!(facts.expect("a dump").program.is_some());
}
