//! MS-CER2: requests as the specification's examples write them, and what they leave open.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use watson_db::Policy;
use watson_intake::DumpServer;

use crate::client::{Reply, post};
use crate::world::World;

/// Begin and end of a document in the order that the examples have.
fn report(event: &str, time: u64, application: &str, signature: &str, files: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n\
         <WERREPORT xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\r\n\
         <MACHINEINFO machinename=\"MACHINE\" os=\"6.1.6561.2.0.0.256.1\" lcid=\"1033\" oem=\"OEM\"/>\r\n\
         <USERINFO username=\"DOMAIN\\user\"/>\r\n\
         <EVENTINFO {event} eventtime=\"{time}\" friendlyeventname=\"Stopped working\" eventdescription=\"\"/>\r\n\
         {application}<SIGNATURE>{signature}</SIGNATURE><FILES>{files}</FILES>\r\n</WERREPORT>\r\n"
    )
}

/// A crash, as example 4.1 has it.
fn appcrash(time: u64) -> String {
    let signature: String =
        ["crash.exe", "1.0.0.1", "47d5f41c", "crash.exe", "1.0.0.1", "47d5f41c", "c0000005", "0000102a"]
            .iter()
            .enumerate()
            .map(|(id, value)| format!("<PARAMETER id=\"{id}\" name=\"P\" value=\"{value}\"/>"))
            .collect();
    report(
        "reporttype=\"2\" eventtype=\"APPCRASH\"",
        time,
        "<APPLICATIONINFO appname=\"crash.exe\" apppath=\"C:\\crash.exe\" appcompany=\"Contoso\"/>",
        &signature,
        "<FILE filename=\"Version.txt\" filetype=\"5\"/>",
    )
}

fn utf16(xml: &str) -> Vec<u8> {
    xml.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

async fn level1(world: &World, body: &[u8]) -> Reply {
    let reply = post(world.address, "/stage2.htm", &[], body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply
}

/// A time of now, as a FILETIME.
fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock");
    116_444_736_000_000_000 + u64::try_from(now.as_millis()).expect("a time") * 10_000
}

#[tokio::test]
async fn the_specifications_examples_are_taken_in_both_encodings() {
    let world = World::start().await;
    let blue = report(
        "reporttype=\"4\" eventtype=\"BlueScreen\"",
        now(),
        "<APPLICATIONINFO appname=\"Windows\" apppath=\"C:\\Windows\\System32\\WerFault.exe\"/>",
        "<SECONDARYPARAMETER name=\"BCCode\" value=\"e2\"/><SECONDARYPARAMETER name=\"BCP1\" value=\"0\"/>\
         <SECONDARYPARAMETER name=\"OS Version\" value=\"6_1_6561\"/>",
        "<FILE filename=\"Mini031108-01.dmp\" filetype=\"2\"/><FILE filename=\"sysdata.xml\" filetype=\"5\"/>",
    );
    let generic = report(
        "reporttype=\"1\" eventtype=\"GenericEvent\"",
        now(),
        "",
        "<PARAMETER id=\"0\" name=\"Problem Signature 01\" value=\"a\"/>\
         <PARAMETER id=\"9\" name=\"Problem Signature 10\" value=\"b\"/>",
        "",
    );
    for (number, xml) in (1..).zip([appcrash(now()), blue, generic]) {
        let first = level1(&world, &utf16(&xml)).await;
        assert!(first.text.contains(&format!("Bucket={number}\r\nBucketTable=1\r\n")), "{}", first.text);
        assert!(first.text.starts_with("iData=1\r\n"), "{}", first.text);
        assert!(!first.text.contains("DumpServer"), "{}", first.text);
        assert_eq!(level1(&world, xml.as_bytes()).await.text, first.text, "the same in UTF-8");
    }
    assert_eq!(world.hits().await, 3);
    let crash = world.store.bucket(1, 0).await.expect("it answers").expect("a bucket");
    assert_eq!(crash.late_hits, 0);
    world.stop().await;
}

#[tokio::test]
async fn absurd_times_are_kept_and_known_again_and_never_counted() {
    let world = World::start().await;
    let of_2099 = 116_444_736_000_000_000 + 4_070_908_800 * 10_000_000;
    for (number, time) in (1..).zip([0, 1, of_2099, u64::MAX]) {
        let first = level1(&world, &utf16(&appcrash(time))).await;
        assert!(!first.text.contains("iData=1"), "no cab is asked for: {}", first.text);
        assert_eq!(level1(&world, &utf16(&appcrash(time))).await.text, first.text);
        let bucket = world.store.bucket(1, 0).await.expect("it answers").expect("a bucket");
        assert_eq!((bucket.hits, bucket.late_hits), (0, number), "{time}");
    }
    assert_eq!(world.hits().await, 0);
    // A crash of now is counted beside them.
    assert!(level1(&world, &utf16(&appcrash(now()))).await.text.contains("iData=1"));
    assert_eq!(world.hits().await, 1);
    world.stop().await;
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_is_told_to_go_on() {
    let world = World::start().await;
    let body = utf16(&appcrash(now()));
    let mut stream = TcpStream::connect(world.address).await.expect("it listens");
    let head = format!(
        "POST /stage2.htm HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        world.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("it takes the head");
    let exchange = async {
        let mut go_on = [0; 25];
        stream.read_exact(&mut go_on).await.expect("it says to go on");
        assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        stream.write_all(&body).await.expect("it takes the body");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        answer
    };
    let answer = tokio::time::timeout(Duration::from_secs(60), exchange).await.expect("in time");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("Bucket=1"), "{answer}");
    world.stop().await;
}

#[tokio::test]
async fn the_answer_names_a_server_for_cabs_where_it_is_told_to() {
    let address = {
        let world = World::start_with(Policy::default(), DumpServer::Host).await;
        let answer = level1(&world, &utf16(&appcrash(now()))).await;
        assert!(answer.text.contains(&format!("\r\nDumpServer={}\r\n", world.address)), "{}", answer.text);
        assert!(answer.text.contains("\r\nDumpFile=/cabs/"), "{}", answer.text);
        let late = level1(&world, &utf16(&appcrash(0))).await;
        assert!(!late.text.contains("DumpServer"), "no cab, no server: {}", late.text);
        world.stop().await;
        "wer.example:1273"
    };
    let world = World::start_with(Policy::default(), DumpServer::parse(address).expect("a host")).await;
    let answer = level1(&world, &utf16(&appcrash(now()))).await;
    assert!(answer.text.contains("\r\nDumpServer=wer.example:1273\r\n"), "{}", answer.text);
    world.stop().await;
}
