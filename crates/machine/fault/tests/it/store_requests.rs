//! Requests to `werfault --store`, over a socket and without a child: what is answered, and what changed.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use tempfile::TempDir;
use wer_abi::Hresult;
use wer_abi::store_requests::{
    METADATA_V3_BYTES, Operation, StoreRequest, StoreType, WerReportMetadata, decode_answer,
};
use wer_fault::Context;
use wer_fault::store_requests::{Stores, serve};
use wer_model::{Report, ReportId, ReportState};
use wer_report::report_wer;
use wer_settings::Locations;
use wer_store::{ArchivePolicy, Store};

const QUEUE: StoreType = StoreType::UserQueue;
const ARCHIVE: StoreType = StoreType::UserArchive;

/// A user's and a machine's folders.
struct Scene(TempDir);

impl Scene {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        for folder in ["etc/wer", "home/.config/wer"] {
            std::fs::create_dir_all(root.path().join(folder)).expect("a folder");
        }
        Self(root)
    }

    fn stores(&self) -> Stores {
        let root = self.0.path();
        let machine = Locations::system(Some(root));
        let user = Locations {
            user_dir: Some(root.join("home/.config/wer")),
            store_root: root.join("home/store"),
            ..machine.clone()
        };
        Stores { user: Context::for_locations(user), machine: Context::for_locations(machine) }
    }

    fn store(&self) -> Store {
        Store::open(&self.0.path().join("home/store")).expect("a store")
    }

    /// A report in the user's queue; its key.
    fn put(&self, number: u8) -> String {
        let id = ReportId([number; 16]);
        let text = format!(
            "Version=1\r\nEventType=Ëvent\r\nEventTime=132000000000000000\r\nReportIdentifier={id}\r\nAppName=game\r\n\
             AppPath=/bin/game\r\nSig[0].Name=First\r\nSig[0].Value=one\r\n"
        );
        let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let report: Report = report_wer::parse(&bytes).expect("a report");
        let staging = self.store().begin(id).expect("a folder");
        staging.write_file("a.log", b"a line").expect("a file");
        let name = wer_report::folder_name(&report);
        let stored = staging.commit(&name, &report_wer::to_bytes(&report), ReportState::Queued);
        stored.expect("stored").folder.to_str().expect("a path").to_owned()
    }

    fn ask_with(
        &self,
        store: StoreType,
        operation: Operation,
        argument: u32,
        text: &str,
    ) -> (Hresult, Vec<u8>) {
        let request = StoreRequest { operation, store, argument, text };
        self.send(&[&request.head()[..], text.as_bytes()].concat())
    }

    fn ask(&self, store: StoreType, operation: Operation, text: &str) -> (Hresult, Vec<u8>) {
        self.ask_with(store, operation, 0, text)
    }

    fn send(&self, bytes: &[u8]) -> (Hresult, Vec<u8>) {
        let (mut own, served) = UnixStream::pair().expect("sockets");
        own.write_all(bytes).expect("a request");
        own.shutdown(std::net::Shutdown::Write).expect("its end");
        serve(served.into(), &|| Some(self.stores())).expect("an answer");
        let mut answer = Vec::new();
        own.read_to_end(&mut answer).expect("an answer");
        let (result, payload) = decode_answer(&answer).expect("an answer of this version");
        (result, payload.to_vec())
    }
}

fn texts(bytes: &[u8]) -> Vec<String> {
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let parts = units.split(|unit| *unit == 0);
    parts.filter(|part| !part.is_empty()).map(String::from_utf16_lossy).collect()
}

fn ok(payload: &[u8]) -> (Hresult, Vec<u8>) {
    (Hresult::S_OK, payload.to_vec())
}

#[test]
fn a_store_that_is_not_there_is_empty_and_stays_away() {
    let scene = Scene::new();
    for store in [QUEUE, ARCHIVE, StoreType::MachineQueue, StoreType::MachineArchive] {
        assert_eq!(scene.ask(store, Operation::Open, ""), ok(&[]));
        assert_eq!(scene.ask(store, Operation::Keys, ""), ok(&[]));
        assert_eq!(scene.ask(store, Operation::Count, ""), ok(&[0; 4]));
        assert_eq!(scene.ask(store, Operation::Size, ""), ok(&[0; 8]));
        assert_eq!(scene.ask(store, Operation::Metadata, "key").0, Hresult::WER_E_NOT_FOUND);
    }
    assert_eq!(scene.ask(QUEUE, Operation::Purge, ""), ok(&[]));
    assert!(!scene.0.path().join("home/store").exists() && !scene.0.path().join("var").exists());
}

#[test]
fn keys_are_folders_and_belong_to_one_state_of_one_store() {
    let scene = Scene::new();
    let keys = [scene.put(1), scene.put(2)];
    assert!(Path::new(&keys[0]).join("Report.wer").is_file());
    assert_eq!(texts(&scene.ask(QUEUE, Operation::Keys, "").1), keys);
    assert_eq!(scene.ask(ARCHIVE, Operation::Keys, ""), ok(&[]));
    assert_eq!(scene.ask(QUEUE, Operation::Count, ""), ok(&[2, 0, 0, 0]));
    assert_ne!(scene.ask(QUEUE, Operation::Size, ""), ok(&[0; 8]));
    let name = keys[0].rsplit('/').next().expect("a name");
    for (store, key, wanted) in [
        (QUEUE, keys[0].as_str(), Hresult::S_OK),
        (QUEUE, &keys[0].replace('/', "\\"), Hresult::S_OK),
        (QUEUE, name, Hresult::S_OK),
        (QUEUE, &format!("/tmp/{name}"), Hresult::WER_E_NOT_FOUND),
        (QUEUE, &keys[0][..keys[0].len() - 1], Hresult::WER_E_NOT_FOUND),
        (QUEUE, "", Hresult::E_INVALIDARG),
        (QUEUE, "..", Hresult::E_INVALIDARG),
        (ARCHIVE, &keys[0], Hresult::WER_E_NOT_FOUND),
        (StoreType::MachineQueue, &keys[0], Hresult::WER_E_NOT_FOUND),
    ] {
        assert_eq!(scene.ask(store, Operation::Metadata, key).0, wanted, "{store:?} {key}");
    }
    assert_eq!(scene.ask(QUEUE, Operation::Purge, ""), ok(&[]));
    assert_eq!(scene.ask(QUEUE, Operation::Keys, ""), ok(&[]));
}

#[test]
fn metadata_are_what_the_report_says() {
    let scene = Scene::new();
    let key = scene.put(0xAB);
    let (result, payload) = scene.ask(QUEUE, Operation::Metadata, &key);
    assert_eq!(result, Hresult::S_OK);
    let (head, names) = payload.split_at(METADATA_V3_BYTES);
    assert_eq!(texts(names), ["Report.wer", "a.log"]);
    let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("4 bytes"));
    assert_eq!(number(WerReportMetadata::SIZE_OF_FILE_NAMES_OFFSET) as usize, names.len());
    assert_eq!(number(WerReportMetadata::NUMBER_OF_FILES_OFFSET), 2);
    assert_eq!(texts(&head[..130]), ["Ëvent"]);
    assert_eq!(texts(&head[130..908]), ["First", "one"]);
    assert_eq!(head[7928..7944], [0xAB; 16]);
    assert_eq!(head[7944..7952], 132_000_000_000_000_000_u64.to_le_bytes());
    assert_eq!(texts(&head[8776..9032]), ["game"]);
    assert_eq!(texts(&head[9032..9552]), ["/bin/game"]);
    std::fs::write(Path::new(&key).join("Report.wer"), b"nonsense").expect("a file");
    assert_eq!(scene.ask(QUEUE, Operation::Metadata, &key).0, Hresult::INVALID_DATA);
}

#[test]
fn an_upload_asks_consent_and_tells_what_came_of_it() {
    let scene = Scene::new();
    let key = scene.put(1);
    // Nobody has consented, so it waits.
    assert_eq!(scene.ask(QUEUE, Operation::Upload, &key), ok(&[1, 0, 0, 0]));
    assert_eq!(scene.ask_with(QUEUE, Operation::Upload, 0x1_0000, &key).0, Hresult::E_INVALIDARG);
    let stored = scene.store().get(ReportId([1; 16])).expect("a store").expect("a report");
    let policy = ArchivePolicy { keep_files: true, max_count: 9 };
    let archived = scene.store().archive(&stored, policy).expect("the archive");
    let key = archived.folder.to_str().expect("a path");
    // What is in the archive unsent is not sent again.
    assert_eq!(scene.ask(ARCHIVE, Operation::Upload, key), ok(&[4, 0, 0, 0]));
}

#[test]
fn programs_are_excluded_and_included() {
    let scene = Scene::new();
    let listed = |folder: &str| {
        let text = std::fs::read_to_string(scene.0.path().join(folder).join("wer.toml")).unwrap_or_default();
        text.contains("tool.exe")
    };
    for (argument, folder) in [(0, "home/.config/wer"), (1, "etc/wer")] {
        for _ in 0..2 {
            assert_eq!(scene.ask_with(QUEUE, Operation::Exclude, argument, "/bin/tool.exe"), ok(&[]));
        }
        assert!(listed(folder), "{folder}");
        assert_eq!(scene.ask_with(QUEUE, Operation::Include, argument, "tool.exe"), ok(&[]));
        assert!(!listed(folder), "{folder}");
        let again = scene.ask_with(QUEUE, Operation::Include, argument, "tool.exe");
        assert_eq!(again.0, Hresult::ENVVAR_NOT_FOUND);
    }
    assert_eq!(scene.ask_with(QUEUE, Operation::Exclude, 2, "tool.exe").0, Hresult::E_INVALIDARG);
    assert_eq!(scene.ask(QUEUE, Operation::Exclude, "folder/").0, Hresult::E_INVALIDARG);
}

#[test]
fn what_is_no_request_is_refused() {
    let scene = Scene::new();
    for bytes in [&b""[..], b"WERS", &[0; 24], &[0xFF; 4120]] {
        assert_eq!(scene.send(bytes), (Hresult::E_INVALIDARG, Vec::new()));
    }
    let (mut own, served) = UnixStream::pair().expect("sockets");
    let request = StoreRequest { operation: Operation::Open, store: QUEUE, argument: 0, text: "" };
    own.write_all(&request.head()).expect("a request");
    own.shutdown(std::net::Shutdown::Write).expect("its end");
    serve(served.into(), &|| None).expect("an answer");
    let mut answer = Vec::new();
    own.read_to_end(&mut answer).expect("an answer");
    assert_eq!(decode_answer(&answer), Some((Hresult::E_ACCESSDENIED, &[][..])));
}
