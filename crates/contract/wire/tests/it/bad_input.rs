//! What is refused, and with which reason.

use wer_wire::level1::{Level1Request, Level1Response};
use wer_wire::{WireError, limits};

use crate::utf16;

fn report(children: &str) -> String {
    format!(
        r#"<WERREPORT><USERINFO username="u"/><MACHINEINFO machinename="m" os="o" lcid="1033"/>
        <EVENTINFO reporttype="2" eventtype="APPCRASH" eventtime="1"/>{children}</WERREPORT>"#
    )
}

fn refused(xml: &str) -> &'static str {
    Level1Request::parse(&utf16(xml)).expect_err(xml).reason()
}

#[test]
fn xml_that_is_none() {
    assert!(Level1Request::parse(&utf16(&report(""))).is_ok());
    for (xml, reason) in [
        ("", "not_a_report"),
        ("hello", "not_a_report"),
        ("<html/>", "not_a_report"),
        ("<WERREPORT>", "malformed_xml"),
        ("<WERREPORT", "malformed_xml"),
        ("<WERREPORT></OTHER>", "malformed_xml"),
        ("<WERREPORT/>", "missing"),
    ] {
        assert_eq!(refused(xml), reason, "{xml}");
    }
    assert_eq!(refused(&format!("{}<WERREPORT/>", report(""))), "repeated");
    assert_eq!(refused(&report("").replace("username", "username='a' username")), "malformed_xml");
}

#[test]
fn entities_cannot_be_brought_along() {
    let bomb = format!(r#"<!DOCTYPE x [<!ENTITY a "aaaa">]>{}"#, report(""));
    assert_eq!(refused(&bomb), "entities");
    assert_eq!(refused(&report("").replace(r#""m""#, r#""&a;""#)), "entities");
    let numbered = report("").replace(r#""m""#, r#""&#77;&quot;&#x1;""#);
    assert_eq!(Level1Request::parse(&utf16(&numbered)).unwrap().machine_name, "M\"\u{fffd}");
}

#[test]
fn what_is_required_must_be_there_once() {
    for (from, to) in [
        (r#"username="u""#, ""),
        (r#"lcid="1033""#, ""),
        (r#"eventtime="1""#, ""),
        (r#"eventtype="APPCRASH""#, r#"eventtype="""#),
        (r#"<USERINFO username="u"/>"#, ""),
    ] {
        assert_eq!(refused(&report("").replace(from, to)), "missing", "{from}");
    }
    assert_eq!(refused(&report(r#"<USERINFO username="v"/>"#)), "repeated");
    assert_eq!(refused(&report("<FILES/><FILES/>")), "repeated");
    let twice = r#"<SIGNATURE><PARAMETER id="1" value="a"/><PARAMETER id="1" value="b"/></SIGNATURE>"#;
    assert_eq!(refused(&report(twice)), "repeated");
}

#[test]
fn numbers_and_lengths_have_limits() {
    for id in ["10", "-1", "x", "", "99999999999999999999"] {
        let xml = report(&format!(r#"<SIGNATURE><PARAMETER id="{id}" value="a"/></SIGNATURE>"#));
        assert_eq!(refused(&xml), "number", "{id}");
    }
    assert_eq!(refused(&report("").replace(r#"reporttype="2""#, r#"reporttype="5""#)), "number");
    let long = "a".repeat(limits::MAX_VALUE_CHARS + 1);
    assert_eq!(refused(&report("").replace(r#""m""#, &format!("\"{long}\""))), "too_long");
    assert_eq!(refused(&report("").replace("APPCRASH", &long)), "too_long");
    let files = r#"<FILE filename="a" filetype="5"/>"#.repeat(limits::MAX_FILES + 1);
    assert_eq!(refused(&report(&format!("<FILES>{files}</FILES>"))), "too_many");
    assert_eq!(refused(&report(&"<x/>".repeat(limits::MAX_ELEMENTS))), "too_many");
    assert_eq!(refused(&report(&"<x>".repeat(limits::MAX_DEPTH))), "too_many");
    let attributes: String = (0..=limits::MAX_ATTRIBUTES).map(|n| format!(" a{n}=''")).collect();
    assert_eq!(refused(&report("").replace("<USERINFO", &format!("<USERINFO{attributes}"))), "too_many");
}

#[test]
fn bodies_have_limits() {
    let body = vec![b' '; limits::MAX_REQUEST_BYTES + 1];
    assert_eq!(Level1Request::parse(&body).unwrap_err().reason(), "too_large");
    let body = vec![b'\n'; limits::MAX_RESPONSE_BYTES + 1];
    assert_eq!(Level1Response::parse(&body).unwrap_err().reason(), "too_large");
}

#[test]
fn a_page_of_a_proxy_is_no_response() {
    assert_eq!(Level1Response::parse(b"<html>log in = first</html>"), Err(WireError::NotAResponse));
    assert_eq!(Level1Response::parse(b"bucket=1\r\n"), Err(WireError::NotAResponse));
    assert_eq!(Level1Response::parse(b""), Ok(Level1Response::default()));
    for bad in ["Bucket=x", "Bucket=0", "Bucket=-1", "BucketTable=99999999999999999999"] {
        assert_eq!(Level1Response::parse(bad.as_bytes()).unwrap_err().reason(), "number", "{bad}");
    }
    let many = format!("GetFile={}", "a;".repeat(limits::MAX_LIST_ITEMS + 1));
    assert_eq!(Level1Response::parse(many.as_bytes()).unwrap_err().reason(), "too_many");
    let lines = "Bucket=1\n".repeat(limits::MAX_RESPONSE_LINES + 1);
    assert_eq!(Level1Response::parse(lines.as_bytes()).unwrap_err().reason(), "too_many");
}

#[test]
fn values_cannot_forge_lines() {
    let response = Level1Response {
        response: Some("1\r\nGetFile=/etc/shadow".into()),
        get_files: vec!["a;b".into(), "c\nd".into()],
        ..Level1Response::default()
    };
    let read = Level1Response::parse(&response.to_bytes()).unwrap();
    assert_eq!(read.get_files, ["cd"]);
    assert_eq!(read.response.as_deref(), Some("1GetFile=/etc/shadow"));
}

#[test]
fn a_bad_text_for_people_spoils_nothing_else_and_forges_nothing() {
    let long = "a".repeat(limits::MAX_SOLUTION_TEXT_CODE_CHARS + 1);
    for bad in ["%", "%4", "%zz", "%ff%fe", "%c0%80", "\u{e9}", long.as_str(), "%1b%07", " "] {
        let body = format!("Bucket=7\r\nSolutionText={bad}\r\niData=1\r\nSolutionFixedIn=%0d%0a\r\n");
        let read = Level1Response::parse(body.as_bytes()).unwrap();
        assert_eq!((read.bucket, read.wants_cab), (Some(7), true));
        assert_eq!((read.solution_text, read.solution_fixed_in), (None, None), "{}", bad.len());
    }
    let read = Level1Response::parse(b"SolutionText=a%1b[31m%0D%0AGetFile=%2Fetc%2Fshadow%09\r\n").unwrap();
    assert_eq!(read.solution_text.as_deref(), Some("a[31m\nGetFile=/etc/shadow"));
    assert!(read.get_files.is_empty());
}

#[test]
fn an_answer_with_everything_at_its_limit_can_be_read() {
    let (long, list) = ("\u{66f4}".repeat(20_000), vec!["x".repeat(60); 200]);
    let text = || Some("y".repeat(20_000));
    let response = Level1Response {
        response: text(),
        solution_text: Some(long.clone()),
        solution_fixed_in: Some(long),
        bucket: Some(u64::MAX),
        bucket_table: Some(u64::MAX),
        wants_cab: true,
        wants_memory_dump: true,
        wants_documents: true,
        get_files: list.clone(),
        get_file_versions: list.clone(),
        registry_keys: list.clone(),
        registry_trees: list.clone(),
        queries: list,
        dump_server: text(),
        dump_file: text(),
    };
    assert_eq!(Level1Response::parse(&response.to_bytes()), Ok(response.conformant()));
}
