//! What the rules drop is nowhere afterwards: not in the database's files, not in its blobs' names, not in the log.

use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex};

use tracing_subscriber::fmt::MakeWriter;
use watson_db::{Collect, PrivacyRules, Treatment};
use wer_wire::{ApplicationInfo, Level1Request, Level1Response};

use crate::client::{FORM, dump, form, post};
use crate::world::World;

const USER: &str = "xerxesq";
const FULL: &str = "Xerxes Quibble";
const MACHINE: &str = "ZQ-WORKPLACE-81";
const ADDRESS: &str = "203.0.113.77";
const FOLDER: &str = "secretproject";

/// When the crashes happened: the same however often they are told.
static TODAY_MS: LazyLock<u64> = LazyLock::new(|| u64::try_from(watson_db::time::now_ms()).unwrap());

/// Everything that is logged in this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn rules(treatment: Treatment) -> PrivacyRules {
    PrivacyRules {
        user: treatment,
        machine: treatment,
        paths: treatment,
        address: treatment,
        agent: treatment,
        ..PrivacyRules::default()
    }
}

fn report(number: u64) -> Level1Request {
    Level1Request {
        user_name: USER.into(),
        machine_name: MACHINE.into(),
        os: "10.0".into(),
        lcid: "1033".into(),
        application: Some(ApplicationInfo {
            name: "app.exe".into(),
            path: format!(r"C:\Users\{USER}\{FOLDER}\app.exe"),
            company: None,
        }),
        event_type: "APPCRASH".into(),
        event_description: Some(format!("{FULL} ran it on {MACHINE}")),
        // Of today: 100 ns since 1601.
        event_time_filetime: (*TODAY_MS + 11_644_473_600_000 - number) * 10_000,
        parameters: vec![
            (0, "Application Name".into(), "app.exe".into()),
            (1, "Application Version".into(), "1.0".into()),
            (2, "Module".into(), format!(r"\\{MACHINE}\{FOLDER}\mod.dll")),
        ],
        secondary_parameters: vec![("USERNAME".into(), FULL.into())],
        files: vec![(format!("{USER}.log"), 1)],
        ..Level1Request::default()
    }
}

async fn send_all(world: &World) -> (Level1Response, Vec<String>) {
    let agent = format!("User-Agent: app/1 ({USER}; {MACHINE})");
    let reply = post(world.address, "/stage2.htm", &[&agent], &report(1).to_xml_utf16()).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let level1 = Level1Response::parse(reply.text.as_bytes()).unwrap();
    let environment = format!("HOME=/home/{USER}/{FOLDER}\nHOSTNAME={MACHINE}\nTERM=xterm");
    let json = format!(
        r#"{{"user":{{"email":"{USER}@example.org","ip_address":"{ADDRESS}"}},"server_name":"{MACHINE}"}}"#
    );
    let fields: Vec<(&str, &[u8])> = vec![
        ("name=\"prod\"", b"thing"),
        ("name=\"ver\"", b"1.0"),
        ("name=\"guid\"", MACHINE.as_bytes()),
        ("name=\"env\"", environment.as_bytes()),
        ("name=\"sentry\"", json.as_bytes()),
        ("name=\"remote\"", ADDRESS.as_bytes()),
        ("name=\"note\"", b"xerxesq@zq-workplace-81 says hello to Xerxes%20Quibble"),
        ("name=\"by\"", b"USERNAME=Xerxes Quibble"),
        ("name=\"plain\"", b"stays-as-it-is"),
    ];
    let mut reports = Vec::new();
    for (number, path) in [(1, "/crashpad"), (2, "/submit"), (3, "/api/7/minidump/")] {
        let bytes = dump(number);
        let named = format!("name=\"upload_file_minidump\"; filename=\"/home/{USER}/{number}.dmp\"");
        let log = format!("name=\"log\"; filename=\"{USER}.txt\"");
        let parts = [&fields[..], &[(named.as_str(), &bytes[..]), (log.as_str(), b"a log")]].concat();
        let reply = post(world.address, path, &[FORM, &agent], &form(&parts)).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        reports.push(reply.text);
    }
    (level1, reports)
}

/// Files below a folder that hold a text, in UTF-8 or UTF-16, in any letters.
fn holders(folder: &Path, text: &str) -> Vec<String> {
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holders(&path, text));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for form in [text.as_bytes(), &wide] {
            if bytes.windows(form.len()).any(|window| window.eq_ignore_ascii_case(form)) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[tokio::test]
async fn what_is_dropped_or_hashed_is_nowhere_afterwards() {
    let log = Log::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(log.clone()).finish();
    let _ = tracing::subscriber::set_global_default(subscriber);
    for treatment in [Treatment::Keep, Treatment::Drop, Treatment::Hash] {
        let world = World::start().await;
        world.store().set_privacy(1, "", &rules(treatment), "ann", 0).await.unwrap();
        let (first, reports) = send_all(&world).await;
        assert_eq!((world.hits().await, world.reports().await), (4, 3));
        // Told again: the same answers, and nothing counted.
        let (again, reports_again) = send_all(&world).await;
        assert_eq!((first.bucket, &first.dump_file), (again.bucket, &again.dump_file));
        assert_eq!(reports, reports_again);
        assert_eq!(world.hits().await, 4);
        // Another crash of the same machine: another hit of the same label, and no second cab.
        let reply = post(world.address, "/stage2.htm", &[], &report(2).to_xml_utf16()).await;
        let other = Level1Response::parse(reply.text.as_bytes()).unwrap();
        assert_eq!((other.bucket, other.wants_cab, first.wants_cab), (first.bucket, false, true));
        let data = world.stop_and_keep().await;
        for text in [USER, FULL, "Xerxes%20Quibble", MACHINE, ADDRESS, FOLDER, "app/1 ("] {
            let found = holders(data.path(), text);
            assert_eq!(found.is_empty(), treatment != Treatment::Keep, "{treatment:?} {text}: {found:?}");
        }
        assert!(!holders(data.path(), "stays-as-it-is").is_empty(), "what is nobody's stays");
    }
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).to_lowercase();
    assert!(logged.contains("a dump was taken"), "the log is caught");
    for text in [USER, MACHINE, ADDRESS, FOLDER] {
        assert!(!logged.contains(&text.to_lowercase()), "the log holds {text}");
    }
}

#[tokio::test]
async fn a_product_may_have_rules_of_its_own_and_nothing_asked_for() {
    let world = World::start().await;
    let nothing = PrivacyRules { collect: Collect::Nothing, raw: false, ..rules(Treatment::Drop) };
    world.store().set_privacy(1, "App.exe", &nothing, "ann", 0).await.unwrap();
    let alone = PrivacyRules { attachments: false, ..PrivacyRules::default() };
    world.store().set_privacy(1, "thing", &alone, "ann", 0).await.unwrap();
    let (level1, _) = send_all(&world).await;
    assert!(!level1.wants_cab);
    assert_eq!((world.hits().await, world.reports().await), (4, 3));
    assert!(!world.blob_of(b"a log"), "files beside the dump were not kept");
    world.store().set_privacy(1, "thing", &nothing, "ann", 0).await.unwrap();
    let bytes = dump(9);
    let parts: [(&str, &[u8]); 2] =
        [("name=\"prod\"", b"thing"), ("name=\"upload_file_minidump\"; filename=\"a.dmp\"", &bytes)];
    let reply = post(world.address, "/crashpad", &[FORM], &form(&parts)).await;
    assert_eq!((reply.status, world.hits().await, world.reports().await), (200, 5, 3));
    let data = world.stop_and_keep().await;
    assert!(!holders(data.path(), MACHINE).is_empty(), "the other product keeps it");
    assert!(holders(data.path(), "EVENTINFO").is_empty(), "no level 1 body is kept");
}
