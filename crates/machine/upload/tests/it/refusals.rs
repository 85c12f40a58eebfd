//! A server that wants more than it may have.

use std::net::TcpListener;

use wer_model::SubmitResult;
use wer_upload::{DataScope, Server, send};

use super::loopback::{Loopback, Reply, folder, input, report};

/// Level 1 with this answer; no cab must follow.
fn refused(answer: &str) -> String {
    let (report, folder) = (report(), folder());
    let loopback = Loopback::start(vec![Reply::lines(answer)]);
    let outcome = send(&input(&report, folder.path(), DataScope::AllData), &loopback.server);
    assert_eq!((outcome.result, loopback.finish().len()), (SubmitResult::ReportUploaded, 1), "{answer}");
    assert!(!outcome.explanation.contains(char::is_control), "{:?}", outcome.explanation);
    outcome.explanation
}

#[test]
fn cabs_go_to_no_path_that_leads_elsewhere() {
    for path in ["", "/a/../../b", "\\..\\b", "/%2e%2e/b", "//evil.example/b", "http://evil.example/b"] {
        let text = refused(&format!("iData=1\nDumpFile={path}\n"));
        assert!(text.contains("no acceptable path"), "{text}");
    }
    assert!(refused("iData=1\n").contains("no acceptable path"));
}

#[test]
fn cabs_go_to_no_other_host() {
    for host in ["evil.example", "127.0.0.1:1", "127.0.0.1@evil.example", "evil\u{9b}[2J.example"] {
        let text = refused(&format!("iData=1\nDumpServer={host}\nDumpFile=/x.cab\n"));
        assert!(text.contains("another server"), "{text}");
    }
}

#[test]
fn cabs_go_to_the_other_host_that_the_settings_allow() {
    let (report, folder) = (report(), folder());
    let dumps = Loopback::start(vec![Reply::Whole(200, Vec::new())]);
    let dump_server = format!("localhost:{}", dumps.server.port);
    let first =
        Loopback::start(vec![Reply::lines(&format!("iData=1\nDumpServer={dump_server}\nDumpFile=/x.cab\n"))]);
    let server = Server { dump_server: Some(dump_server), ..first.server.clone() };
    let outcome = send(&input(&report, folder.path(), DataScope::AllData), &server);
    assert_eq!(outcome.result, SubmitResult::ReportUploadedCab, "{}", outcome.explanation);
    assert_eq!(first.finish().len(), 1);
    assert_eq!(dumps.finish()[0].line, "PUT /x.cab HTTP/1.1");
}

#[test]
fn files_keys_and_queries_of_the_machine_are_not_sent() {
    for ask in [
        "GetFile=/etc/shadow",
        "GetFileVersion=/bin/sh",
        "RegKey=HKLM",
        "RegTree=HKLM",
        "WQL=select * from x",
    ] {
        let text = refused(&format!("Bucket=1\n{ask}\n"));
        assert!(text.contains("are not sent"), "{text}");
    }
}

#[test]
fn a_response_that_is_no_web_address_is_dropped() {
    let loopback = Loopback::start(vec![Reply::lines("Bucket=1\nResponse=javascript:alert(1)\n")]);
    let folder = folder();
    let outcome = send(&input(&report(), folder.path(), DataScope::AllData), &loopback.server);
    assert_eq!(outcome.reply.map(|reply| reply.solution_url), Some(None));
    loopback.finish();
}

#[test]
fn a_server_that_listens_and_hangs_up_is_no_loss() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let hangs_up = std::thread::spawn(move || drop(listener.accept()));
    let server = Server {
        host: "127.0.0.1".into(),
        port,
        use_ssl: false,
        dump_server: None,
        key: None,
        authority: None,
    };
    let folder = folder();
    let outcome = send(&input(&report(), folder.path(), DataScope::AllData), &server);
    assert_eq!(outcome.result, SubmitResult::ReportQueued);
    hangs_up.join().expect("the server");
}
