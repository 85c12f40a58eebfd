//! The real program: its link, its port file, its end, its second start, its refusals.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::client::{raw, send};
use crate::world::{cab, crash, folder};
use wer_wire::Level1Response;

/// A running `watson`; killed when dropped.
pub(crate) struct Watson {
    child: Child,
    pub(crate) address: SocketAddr,
    link: String,
}

impl Watson {
    pub(crate) fn start(data: &Path, more: &[&str]) -> Self {
        Self::try_start(data, more).expect("watson starts")
    }

    /// Starts one; `None` where it ends by itself.
    pub(crate) fn try_start(data: &Path, more: &[&str]) -> Option<Self> {
        let port_file = data.with_extension("port");
        let _ = std::fs::remove_file(&port_file);
        let mut child = Command::new(env!("CARGO_BIN_EXE_watson"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--port-file")
            .arg(&port_file)
            .args(more)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("watson starts");
        let mut link = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut link).expect("it prints the link");
        for _ in 0..10_000 {
            if let Ok(text) = std::fs::read_to_string(&port_file) {
                let address = text.trim().parse().expect("the port file holds an address");
                return Some(Self { child, address, link: link.trim().to_owned() });
            }
            if child.try_wait().expect("it can be asked").is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = child.kill();
        panic!("watson wrote no port file");
    }

    fn terminate(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(sent.success());
        self.child.wait().expect("watson ends").code()
    }
}

impl Drop for Watson {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn it_serves_ends_on_a_signal_and_remembers() {
    let dir = folder();
    let data = dir.path().join("data");
    let watson = Watson::start(&data, &[]);
    let token = std::fs::read_to_string(data.join("token")).unwrap();
    assert_eq!(watson.link, format!("http://{}/?token={}", watson.address, token.trim()));
    assert_eq!(send(watson.address, "GET", "/", &[], b"").await.status, 401);
    let target = watson.link.split_once(&watson.address.to_string()).unwrap().1.to_owned();
    assert_eq!(send(watson.address, "GET", &target, &[], b"").await.status, 303);

    let body = crash("app", 1).to_xml_utf16();
    let reply = send(watson.address, "POST", "/stage2.htm", &[], &body).await;
    let answer = Level1Response::parse(&reply.body).unwrap();
    let path = answer.dump_file.clone().unwrap();
    assert_eq!(send(watson.address, "PUT", &path, &[], &cab("a.txt", b"x")).await.status, 200);
    assert_eq!(watson.terminate(), Some(0));

    let watson = Watson::start(&data, &["--no-token"]);
    assert_eq!(watson.link, format!("http://{}/", watson.address));
    let reply = send(watson.address, "POST", "/stage2.htm", &[], &body).await;
    assert_eq!(Level1Response::parse(&reply.body).unwrap(), answer);
    let bucket = send(watson.address, "GET", "/api/buckets/1", &[], b"").await.json();
    assert_eq!((&bucket["hits"], bucket["reports"].as_array().unwrap().len()), (&1.into(), 1));
    assert_eq!(watson.terminate(), Some(0));
}

#[tokio::test]
async fn its_own_child_reads_cabs_and_says_what_is_wrong_with_them() {
    let dir = folder();
    let watson = Watson::start(&dir.path().join("data"), &["--no-token"]);
    let mut lying = cab("minidump.mdmp", &[7; 5000]);
    // The compressed data of its only folder, overwritten: the header still promises a file.
    let end = lying.len();
    lying[end - 40..].fill(0xff);
    for (application, bytes) in [("no dump", cab("minidump.mdmp", b"this is no dump")), ("lies", lying)] {
        let body = crash(application, 1).to_xml_utf16();
        let reply = send(watson.address, "POST", "/stage2.htm", &[], &body).await;
        let answer = Level1Response::parse(&reply.body).unwrap();
        assert_eq!(send(watson.address, "PUT", &answer.dump_file.unwrap(), &[], &bytes).await.status, 200);
        let report = ended_report(watson.address, answer.bucket.unwrap()).await;
        let said = format!("{} {}", report["notes"], report["error"]);
        assert!(report["analysis"].is_null() && said.len() > 10, "{application}: {report}");
    }
    assert_eq!(send(watson.address, "GET", "/", &[], b"").await.status, 200);
    assert_eq!(watson.terminate(), Some(0));
}

#[tokio::test]
async fn each_file_of_a_cab_can_be_downloaded() {
    let dir = folder();
    let watson = Watson::start(&dir.path().join("data"), &["--no-token"]);
    let body = crash("app", 1).to_xml_utf16();
    let reply = send(watson.address, "POST", "/stage2.htm", &[], &body).await;
    let answer = Level1Response::parse(&reply.body).unwrap();
    let contents = vec![b'x'; 300_000];
    let bytes = cab("notes.txt", &contents);
    assert_eq!(send(watson.address, "PUT", &answer.dump_file.unwrap(), &[], &bytes).await.status, 200);
    let report = ended_report(watson.address, answer.bucket.unwrap()).await;
    assert_eq!(report["files"], serde_json::json!([{ "name": "notes.txt", "size_bytes": 300_000 }]));
    let page = format!("/reports/{}", report["id"].as_str().unwrap());
    // HTTP/1.0, so that the body is not chunked.
    let head = format!("GET {page}/files/0 HTTP/1.0\r\nHost: localhost\r\n\r\n");
    let reply = raw(watson.address, head.as_bytes()).await;
    assert_eq!((reply.status, reply.body == contents), (200, true), "{}", reply.head);
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"notes.txt\""));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    for path in ["files/1", "files/x", "files/-1"] {
        let reply = send(watson.address, "GET", &format!("{page}/{path}"), &[], b"").await;
        assert_eq!(reply.status, 404, "{path}");
    }
    assert_eq!(watson.terminate(), Some(0));
    assert_eq!(std::fs::read_dir(dir.path().join("data/tmp")).unwrap().count(), 0, "nothing stays unpacked");
}

/// The bucket's report once its analysis has ended.
async fn ended_report(address: SocketAddr, bucket: u64) -> serde_json::Value {
    for _ in 0..6_000 {
        let listed = send(address, "GET", &format!("/api/buckets/{bucket}"), &[], b"").await.json();
        if let Some(id) = listed["reports"][0].as_str() {
            let report = send(address, "GET", &format!("/api/reports/{id}"), &[], b"").await.json();
            if report["state"] != "open" {
                return report;
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the analysis of bucket {bucket} does not end");
}

fn refusal(arguments: &[&str]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_watson"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("watson starts");
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(!child.wait().unwrap().success(), "{arguments:?} is not refused");
    text
}

#[tokio::test]
async fn it_does_not_serve_other_machines_or_share_its_folder() {
    let dir = folder();
    let data = dir.path().join("data");
    let data_text = data.to_str().unwrap();
    let public = refusal(&["serve", "--listen", "0.0.0.0:0", "--data", data_text, "--no-token"]);
    assert!(public.contains("administrator"), "{public}");
    assert!(!data.exists(), "nothing was made");
    let watson = Watson::start(&data, &[]);
    let second = refusal(&["serve", "--listen", "127.0.0.1:0", "--data", data_text]);
    assert!(second.contains("another watson uses"), "{second}");
    assert_eq!(watson.terminate(), Some(0));
}
