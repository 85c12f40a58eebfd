//! Where servers of a test keep things, and what is asked of them over HTTP and by `watson fsck`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wer_wire::Level1Response;

use crate::binary::Watson;
use crate::client::{Reply, send};
use crate::s3::{KEY, S3ForTest};
use crate::world::folder;

/// Longer than anything takes on a machine that works.
const LIMIT: Duration = Duration::from_secs(60);

/// Places of servers.
pub(crate) struct Site {
    pub(crate) dir: TempDir,
    database: Option<String>,
    pub(crate) s3: Option<S3ForTest>,
}

impl Site {
    /// Rows at this URL, bytes in a folder that servers share.
    pub(crate) fn with_folder(database: String) -> Self {
        Self { dir: folder(), database: Some(database), s3: None }
    }

    /// Rows at this URL, bytes in a bucket of their own.
    pub(crate) fn with_bucket(database: String) -> Self {
        Self { s3: Some(S3ForTest::start()), ..Self::with_folder(database) }
    }

    /// What a restore is given: a database without tables, an empty bucket, other folders.
    pub(crate) fn is_elsewhere(&self, database: String) -> Self {
        if self.s3.is_some() { Self::with_bucket(database) } else { Self::with_folder(database) }
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where things are, for every command.
    pub(crate) fn places(&self) -> Vec<String> {
        let mut all = Vec::new();
        let shared = self.dir.path().join("shared");
        let blobs = self.s3.as_ref().map_or_else(|| shared.to_str().unwrap().to_owned(), S3ForTest::url);
        for (option, value) in [("--database", &self.database), ("--blobs", &Some(blobs))] {
            if let Some(value) = value {
                all.extend([option.to_owned(), value.clone()]);
            }
        }
        if self.s3.is_some() {
            for (key, value) in [("s3_access_key_id", KEY.0), ("s3_secret_access_key", KEY.1)] {
                all.extend(["--set".to_owned(), format!("storage.{key}={value}")]);
            }
        }
        all
    }

    /// Starts a server with a data folder of its own.
    pub(crate) fn start(&self, name: &str, more: &[&str]) -> Watson {
        let places = self.places();
        let mut all: Vec<&str> = vec!["--no-token"];
        all.extend(places.iter().map(String::as_str).chain(more.iter().copied()));
        Watson::start(&self.data(name), &all)
    }

    /// Runs a command on this site; what it printed.
    pub(crate) fn command(&self, name: &str, command: &[&str]) -> String {
        std::fs::create_dir_all(self.data(name)).expect("a folder can be made");
        run(&self.data(name), command, &self.places())
    }

    /// Rows, bytes and hashes fit together.
    pub(crate) fn is_whole(&self) {
        is_whole(&self.data("fsck"), &self.places());
    }
}

/// Runs a command that must end well; what it printed.
pub(crate) fn run(data: &Path, command: &[&str], places: &[String]) -> String {
    let mut all = Command::new(env!("CARGO_BIN_EXE_watson"));
    let output = all.args(command).arg("--data").arg(data).args(places).output().expect("watson runs");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).expect("it prints text")
}

/// `watson fsck` finds nothing at all, orphans included.
pub(crate) fn is_whole(data: &Path, places: &[String]) {
    let found = run(data, &["fsck", "--hash", "--grace-hours", "0", "--json"], places);
    let found: serde_json::Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(
        (&found["wrong"], found["findings"].as_array().map(Vec::len)),
        (&0.into(), Some(0)),
        "{found}"
    );
}

/// Waits until it is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < LIMIT, "{what}: not within {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Watson {
    pub(crate) async fn get(&self, target: &str) -> Reply {
        send(self.address, "GET", target, &[], b"").await
    }

    pub(crate) async fn level1(&self, body: &[u8]) -> Level1Response {
        let reply = send(self.address, "POST", "/stage2.htm", &[], body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        Level1Response::parse(&reply.body).expect("the answer is MS-CER2")
    }

    pub(crate) async fn put(&self, path: &str, bytes: &[u8]) -> Reply {
        send(self.address, "PUT", path, &[], bytes).await
    }

    /// A dump in Crashpad's form, whose client says that it is `agent`.
    pub(crate) async fn dump(&self, agent: &str, number: u64, dump: &[u8]) -> Reply {
        let name = format!("0f1e2d3c-4b5a-6978-8796-{number:012x}.dmp");
        let head = format!(
            "--bound\r\nContent-Disposition: form-data; name=\"upload_file_minidump\"; filename=\"{name}\"\r\n\r\n"
        );
        let body = [head.as_bytes(), dump, b"\r\n--bound--\r\n"].concat();
        let kind = ("Content-Type", "multipart/form-data; boundary=bound");
        send(self.address, "POST", "/crashpad", &[kind, ("User-Agent", agent)], &body).await
    }

    /// A line of `/metrics`; 0 where it has none.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.text();
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.unwrap_or(0)
    }

    pub(crate) async fn bucket(&self, number: u64) -> serde_json::Value {
        self.get(&format!("/api/buckets/{number}")).await.json()
    }
}

/// A refusal that says why, and when to come again.
pub(crate) fn is_refused(reply: &Reply, status: u16, reason: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert!(reply.text().starts_with(&format!("{reason}: ")), "{}", reply.text());
    let seconds = reply.header("Retry-After").and_then(|value| value.parse::<u32>().ok());
    assert!(seconds.is_some_and(|seconds| seconds > 0), "{}", reply.head);
}
