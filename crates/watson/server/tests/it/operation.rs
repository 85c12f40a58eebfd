//! Probes, metrics, systemd, the end, memory: what whoever operates a server relies upon.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use watson_db::{Policy, Store};
use watson_server::worker::Analyzer;
use wer_wire::Level1Response;

use crate::client::send;
use crate::world::{World, cab, crash, folder};

/// A server that systemd watches.
struct Watched {
    child: Child,
    address: SocketAddr,
    socket: UnixDatagram,
    _dir: TempDir,
}

impl Watched {
    fn start(settings: &str) -> Self {
        let dir = folder();
        let (path, port_file) = (dir.path().join("notify"), dir.path().join("port"));
        std::fs::write(dir.path().join("watson.toml"), settings).unwrap();
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_watson"))
            .args(["serve", "--no-token", "--listen", "127.0.0.1:0", "--data"])
            .arg(dir.path().join("data"))
            .arg("--port-file")
            .arg(&port_file)
            .arg("--config")
            .arg(dir.path().join("watson.toml"))
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "200000")
            .env_remove("RUST_LOG")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut watched = Self { child, address: "127.0.0.1:0".parse().unwrap(), socket, _dir: dir };
        watched.wait_for("READY=1");
        watched.address = std::fs::read_to_string(&port_file).unwrap().trim().parse().unwrap();
        watched
    }

    fn wait_for(&self, said: &str) {
        let mut bytes = [0; 4096];
        loop {
            let length =
                self.socket.recv(&mut bytes).unwrap_or_else(|error| panic!("{said} is not told: {error}"));
            if String::from_utf8_lossy(&bytes[..length]).lines().any(|line| line.starts_with(said)) {
                return;
            }
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    fn settings(&self) -> std::path::PathBuf {
        self._dir.path().join("watson.toml")
    }

    /// Its exit code and its log.
    fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }

    /// Begins to send a cab and leaves the last byte out.
    async fn unfinished_cab(&self) -> (TcpStream, u8) {
        let told = send(self.address, "POST", "/stage2.htm", &[], &crash("app", 1).to_xml_utf16()).await;
        let path = Level1Response::parse(&told.body).unwrap().dump_file.unwrap();
        let bytes = cab("minidump.mdmp", b"MDMP");
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = format!(
            "PUT {path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        // The server reads the body: the request is under way.
        let mut begun = [0; 25];
        stream.read_exact(&mut begun).unwrap();
        assert!(begun.starts_with(b"HTTP/1.1 100"), "{}", String::from_utf8_lossy(&begun));
        let (last, rest) = bytes.split_last().unwrap();
        stream.write_all(rest).unwrap();
        (stream, *last)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_under_way_ends_well_when_the_server_is_stopped() {
    let watched = Watched::start("");
    let (mut stream, last) = watched.unfinished_cab().await;
    watched.signal("-TERM");
    watched.wait_for("STOPPING=1");
    stream.write_all(&[last]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(TcpStream::connect(watched.address).is_err(), "nothing new is taken");
    assert_eq!(watched.end().0, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once() {
    let watched = Watched::start("");
    let (_stream, _) = watched.unfinished_cab().await;
    watched.signal("-TERM");
    watched.wait_for("STOPPING=1");
    watched.signal("-INT");
    assert_eq!(watched.end().0, Some(130));
}

#[test]
fn systemd_is_told_that_it_lives_and_of_settings_that_are_read_again() {
    let watched = Watched::start("[log]\nlevel = \"error\"\n");
    watched.wait_for("WATCHDOG=1");
    std::fs::write(watched.settings(), "[log]\nlevel = \"info\"\n[limits]\nmax_cab_bytes = 5000\n").unwrap();
    watched.signal("-HUP");
    watched.wait_for("RELOADING=1");
    watched.wait_for("READY=1");
    std::fs::write(watched.settings(), "[log]\nlevl = \"info\"\n").unwrap();
    watched.signal("-HUP");
    watched.wait_for("RELOADING=1");
    watched.wait_for("READY=1");
    watched.signal("-TERM");
    let (code, log) = watched.end();
    assert_eq!(code, Some(0));
    assert!(log.contains("settings were read again") && log.contains("log.level"), "{log}");
    assert!(log.contains("hold from the next start on") && log.contains("limits.max_cab_bytes"), "{log}");
    assert!(log.contains("settings are not taken") && log.contains("did you mean `level`?"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_small_while_it_has_nothing_to_do() {
    const MAX_IDLE_KIB: u64 = 100 * 1024;
    let watched = Watched::start("");
    for moment in 0..300 {
        let body = crash(&format!("app{}", moment % 50), moment).to_xml_utf16();
        assert_eq!(send(watched.address, "POST", "/stage2.htm", &[], &body).await.status, 200);
    }
    for path in ["/", "/buckets/1", "/metrics"] {
        assert_eq!(send(watched.address, "GET", path, &[], b"").await.status, 200);
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", watched.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
    assert!(kib < MAX_IDLE_KIB, "{kib} KiB");
}

#[tokio::test]
async fn a_server_that_could_take_no_blob_lives_and_is_not_ready() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    assert_eq!(world.get("/readyz").await.text(), "ready\n");
    let (tmp, aside) = (dir.path().join("tmp"), dir.path().join("aside"));
    std::fs::rename(&tmp, &aside).unwrap();
    let answer = world.get("/readyz").await;
    assert_eq!((answer.status, answer.text().as_str()), (503, "blobs cannot be stored\n"));
    assert_eq!(world.get("/healthz").await.status, 200);
    std::fs::rename(&aside, &tmp).unwrap();
    assert_eq!(world.get("/readyz").await.status, 200);
    world.stop().await;
}

#[tokio::test]
async fn metrics_are_what_prometheus_reads() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    world.report_with_cab(&crash("app", 1), &cab("minidump.mdmp", b"MDMP")).await;
    let text = world.get("/metrics").await.text();
    let (mut kinds, mut seen) = (BTreeMap::new(), BTreeSet::new());
    let mut helped = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect(line);
            assert!(help.len() > 5 && helped.insert(name.to_owned()), "{line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect(line);
            assert!(helped.contains(name) && matches!(kind, "counter" | "gauge" | "histogram"), "{line}");
            assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').expect(line);
            assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
            assert!(seen.insert(series.to_owned()), "{line} twice");
            let name = series.split('{').next().unwrap();
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let is_histogram =
                base.is_some_and(|base| kinds.get(base).is_some_and(|kind| kind == "histogram"));
            assert!(is_histogram || kinds.contains_key(name), "{line} has no type");
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'), "{line}");
        }
    }
    for (series, least) in [
        ("watson_http_request_duration_seconds_count{class=\"level1\"}", 1.0),
        ("watson_http_request_duration_seconds_bucket{class=\"upload\",le=\"+Inf\"}", 1.0),
        ("watson_connections_total", 2.0),
        ("watson_commit_hits_bucket{le=\"+Inf\"}", 1.0),
        ("watson_commit_hits_sum", 1.0),
        ("watson_commit_seconds_total", 1e-6),
        ("watson_blobs", 1.0),
        ("watson_blob_bytes", 10.0),
        ("watson_data_free_bytes", 1.0),
        ("process_resident_memory_bytes", 1e6),
        ("process_open_fds", 5.0),
        ("watson_database_connections", 1.0),
    ] {
        let value = text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse::<f64>().ok());
        assert!(
            value.is_some_and(|value| value >= least),
            "{series} is {value:?}, and should be {least} at least"
        );
    }
    world.stop().await;
}

#[tokio::test]
async fn a_job_that_was_under_way_is_handed_back_without_an_attempt() {
    let dir = folder();
    let begun = Arc::new(tokio::sync::Notify::new());
    let analyzer: Analyzer = {
        let begun = Arc::clone(&begun);
        Arc::new(move |_| {
            let begun = Arc::clone(&begun);
            Box::pin(async move {
                begun.notify_one();
                std::future::pending().await
            })
        })
    };
    let world = World::start_with(dir.path(), None, analyzer).await;
    world.report_with_cab(&crash("app", 1), &cab("minidump.mdmp", b"MDMP")).await;
    begun.notified().await;
    world.stop().await;
    let store = Store::open(dir.path(), Policy::default()).await.unwrap();
    let jobs = store.lease_jobs(9, watson_db::time::now_ms(), 1000).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.attempts).collect::<Vec<_>>(), [1]);
}

#[test]
fn the_unit_is_one_that_systemd_takes_and_finds_confined() {
    let analyze = |arguments: &[&str]| Command::new("systemd-analyze").args(arguments).output();
    if analyze(&["--version"]).is_err() {
        return;
    }
    let dir = folder();
    let unit = dir.path().join("watson.service");
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../packaging/systemd/watson.service");
    let text = std::fs::read_to_string(packaged).unwrap();
    let text = text.replace("/usr/bin/watson", env!("CARGO_BIN_EXE_watson"));
    std::fs::write(&unit, text).unwrap();
    let unit = unit.to_str().unwrap();
    let verified = analyze(&["verify", "--man=no", unit]).unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !said.contains("watson.service:"), "{said}");
    // From 0 (confined) to 10; times ten.
    let rated = analyze(&["security", "--offline=true", "--threshold=20", unit]).unwrap();
    assert!(rated.status.success(), "{}", String::from_utf8_lossy(&rated.stdout));
}
