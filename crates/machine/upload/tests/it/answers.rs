//! Level 1: what is asked, and every kind of answer.

use std::net::TcpListener;
use std::path::Path;

use wer_model::{BucketReply, SubmitOutcome, SubmitResult};
use wer_upload::{DataScope, Server, cab_contents, send, send_within};
use wer_wire::Level1Request;

use super::loopback::{Loopback, Reply, folder, impatient, input, report};

/// One exchange of level 1.
fn level1(reply: Reply) -> SubmitOutcome {
    let loopback = Loopback::start(vec![reply]);
    let outcome = send(&input(&report(), Path::new("/nonexistent"), DataScope::AllData), &loopback.server);
    assert_eq!(loopback.finish().len(), 1);
    outcome
}

#[test]
fn a_server_that_wants_nothing_more_ends_it() {
    let outcome = level1(Reply::lines(
        "Bucket=12\nBucketTable=4\nResponse=https://wer.example/fix\nSolutionText=Update.%0AThen restart%1B[31m.\nSolutionFixedIn=1.10\n",
    ));
    assert_eq!(outcome.result, SubmitResult::ReportUploaded);
    let reply = BucketReply {
        bucket: Some(12),
        bucket_table: Some(4),
        solution_url: Some("https://wer.example/fix".into()),
        solution_text: Some("Update.\nThen restart[31m.".into()),
        solution_fixed_in: Some("1.10".into()),
    };
    assert_eq!(outcome.reply, Some(reply));
    assert_eq!(outcome.explanation, "The server took the parameters (bucket 12).");
    assert_eq!(cab_contents(&report(), &outcome), None);
}

#[test]
fn the_request_is_ms_cer2() {
    let loopback = Loopback::start(vec![Reply::lines("Bucket=1\n")]);
    let _ = send(&input(&report(), Path::new("/nonexistent"), DataScope::Parameters), &loopback.server);
    let requests = loopback.finish();
    let request = requests.first().expect("a request");
    assert_eq!(request.line, "POST /stage2.htm HTTP/1.1");
    let wire = Level1Request::parse(&request.body).expect("a level 1 request");
    assert_eq!((wire.event_type.as_str(), wire.report_type), ("APPCRASH", 2));
    assert_eq!(wire.event_time_filetime, 133_444_736_420_000_000);
    assert_eq!((wire.os.as_str(), wire.lcid.as_str(), wire.user_name.as_str()), ("6.18.44", "0127", ""));
    assert_eq!(wire.parameters[1], (1, "Application Version".into(), "1.0.0.0".into()));
    // Without consent the application's own files are not even named.
    assert_eq!(wire.files, [("minidump.mdmp".into(), 2), ("registered.dmp".into(), 8)]);
}

#[test]
fn a_server_in_trouble_gets_it_later() {
    for status in [500, 503, 404, 401, 302] {
        let outcome = level1(Reply::Whole(status, b"Bucket=1\r\n".to_vec()));
        assert_eq!((outcome.result, outcome.reply), (SubmitResult::ReportQueued, None), "{status}");
        assert!(outcome.explanation.contains(&status.to_string()), "{}", outcome.explanation);
    }
}

#[test]
fn a_server_that_has_too_much_to_do_says_for_how_long() {
    let answer = |status: u16, header: &str| {
        let raw = format!("HTTP/1.1 {status} X\r\n{header}\r\nContent-Length: 0\r\n\r\n");
        let outcome = level1(Reply::Raw(raw.into_bytes()));
        assert_eq!(outcome.result, SubmitResult::ReportQueued, "{status} {header}");
        outcome.retry_after_s
    };
    assert_eq!(answer(503, "Retry-After: 30"), Some(30));
    assert_eq!(answer(429, "retry-after:600"), Some(600));
    assert_eq!(answer(503, "X: y"), None);
    assert_eq!(answer(503, "Retry-After: whenever"), None);
    assert_eq!(answer(500, "Retry-After: 30"), None, "it is broken, and not busy");
    let most = wer_upload::limits::MAX_RETRY_AFTER.as_secs();
    assert_eq!(answer(503, "Retry-After: 99999999").map(u64::from), Some(most));
    // A date, by this machine's clock.
    assert_eq!(answer(503, "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT").map(u64::from), Some(most));
    assert_eq!(answer(429, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
}

#[test]
fn a_server_that_refuses_the_report_ends_it() {
    let outcome = level1(Reply::Whole(400, b"EVENTINFO has no \x1b[31meventtype\r\nmore".to_vec()));
    assert_eq!(outcome.result, SubmitResult::ReportFailed);
    insta::assert_snapshot!(
        outcome.explanation.split_once("refused").map_or("", |(_, rest)| rest),
        @" the report for good (status 400): EVENTINFO has no [31meventtype."
    );
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = elsewhere.local_addr().expect("an address");
    let raw = format!("HTTP/1.1 307 X\r\nLocation: http://{address}/stage2.htm\r\nContent-Length: 0\r\n\r\n");
    let outcome = level1(Reply::Raw(raw.into_bytes()));
    assert_eq!(outcome.result, SubmitResult::ReportQueued);
    elsewhere.set_nonblocking(true).expect("a mode");
    assert!(elsewhere.accept().is_err(), "nobody connected");
}

#[test]
fn what_is_no_error_reporting_server_gets_nothing_more() {
    for body in ["<html>Welcome</html>", "Bucket=many\n", &"x".repeat(70_000), &"Bucket=1\n".repeat(10_000)] {
        let outcome = level1(Reply::Whole(200, body.as_bytes().to_vec()));
        assert_eq!((outcome.result, outcome.reply), (SubmitResult::ReportQueued, None));
        assert!(outcome.explanation.contains("no error reporting server"), "{}", outcome.explanation);
    }
    let endless = [b"HTTP/1.1 200 X\r\nX: ".to_vec(), vec![b'x'; 100_000]].concat();
    assert_eq!(level1(Reply::Raw(endless)).result, SubmitResult::ReportQueued);
    assert_eq!(level1(Reply::Raw(b"220 mail.example ESMTP\r\n".to_vec())).result, SubmitResult::ReportQueued);
    assert_eq!(level1(Reply::Raw(Vec::new())).result, SubmitResult::ReportQueued);
}

#[test]
fn a_server_that_is_not_there_is_no_loss() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let server = Server {
        host: "127.0.0.1".into(),
        port,
        use_ssl: false,
        dump_server: None,
        key: None,
        authority: None,
    };
    let outcome = send(&input(&report(), Path::new("/nonexistent"), DataScope::AllData), &server);
    assert_eq!(outcome.result, SubmitResult::ReportQueued);
    assert!(outcome.explanation.contains("cannot be reached"), "{}", outcome.explanation);
}

#[test]
fn a_silent_server_is_given_up() {
    let loopback = Loopback::start(vec![Reply::Silence]);
    let report = report();
    let outcome = send_within(
        &input(&report, Path::new("/nonexistent"), DataScope::AllData),
        &loopback.server,
        impatient(),
    );
    assert_eq!(outcome.result, SubmitResult::ReportQueued);
    assert!(outcome.explanation.contains("in time"), "{}", outcome.explanation);
    loopback.finish();
}

#[test]
fn a_host_that_is_none_is_named() {
    let server = Server {
        host: "a b\u{1b}".into(),
        port: 1,
        use_ssl: false,
        dump_server: None,
        key: None,
        authority: None,
    };
    let folder = folder();
    let outcome = send(&input(&report(), folder.path(), DataScope::AllData), &server);
    assert_eq!(outcome.result, SubmitResult::ReportQueued);
    assert!(outcome.explanation.contains("\"a b\" is no host name"), "{}", outcome.explanation);
}
