//! What machines are answered: what people have set, and nothing that another machine has said.

use serde_json::json;
use wer_wire::Level1Response;

use crate::client::send;
use crate::world::{World, crash, folder};

const HOSTILE: [&str; 4] = [
    "x\r\nGetFile=/etc/shadow\r\nRegKey=HKLM\r\nWQL=select *\r\nResponse=http://evil.example/",
    "x\nDumpServer=evil.example\nDumpFile=/evil",
    "x;/etc/shadow",
    "x&#13;&#10;RegTree=HKLM",
];

#[tokio::test]
async fn the_answer_asks_for_what_policies_say_and_for_nothing_that_a_report_does() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let policy =
        json!({ "rule": { "event_type": "*" }, "cabs": 100, "files": ["/etc/app.conf"], "keys": ["k"] });
    for has_policy in [false, true] {
        if has_policy {
            let kind = [("Content-Type", "application/json")];
            let body = policy.to_string();
            let made = send(world.address, "POST", "/api/v1/policies", &kind, body.as_bytes()).await;
            assert_eq!(made.status, 201, "{}", made.text());
        }
        for (number, text) in (0..).zip(HOSTILE) {
            let mut report = crash(text, u64::from(has_policy) * 100 + number);
            report.event_type = format!("Event {text}");
            report.user_name = text.into();
            report.machine_name = format!("{number} {has_policy} {text}");
            report.os = text.into();
            report.parameters.iter_mut().for_each(|(_, _, value)| *value = text.into());
            report.files = vec![(text.into(), 2)];
            // Twice: what the first has told is in the store when the second is answered.
            for machine in ["a", "b"] {
                report.machine_name.push_str(machine);
                report.event_time_filetime += 1000;
                let answer: Level1Response = world.report(&report).await;
                let (files, keys): (&[&str], &[&str]) =
                    if has_policy { (&["/etc/app.conf"], &["k"]) } else { (&[], &[]) };
                assert_eq!(
                    (answer.get_files.as_slice(), answer.registry_keys.as_slice()),
                    (
                        &files.iter().map(|file| (*file).to_owned()).collect::<Vec<_>>()[..],
                        &keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>()[..],
                    ),
                    "{text}"
                );
                assert_eq!((answer.queries.len(), answer.registry_trees.len()), (0, 0), "{text}");
                assert_eq!((&answer.response, &answer.dump_server), (&None, &None), "{text}");
                let path = answer.dump_file.expect("a cab is wanted");
                assert!(path.starts_with("/cabs/") && path.len() == 42, "{path}");
            }
        }
    }
    world.stop().await;
}

#[tokio::test]
async fn solutions_lead_to_no_other_host_than_the_listed_ones() {
    let dir = folder();
    let world = World::start(dir.path()).await;
    let add = async |url: &str| {
        let body = json!({ "rule": { "event_type": "*" }, "url": url, "text": "Update." }).to_string();
        let kind = [("Content-Type", "application/json")];
        send(world.address, "POST", "/api/v1/solutions", &kind, body.as_bytes()).await
    };
    for (url, status) in [
        ("https://anywhere.example/1", 201),
        ("https://support.example@evil.example/", 422),
        ("javascript:alert(1)", 422),
    ] {
        let reply = add(url).await;
        assert_eq!(reply.status, status, "{url}: {}", reply.text());
    }
    world.store.restrict_solutions(vec!["support.example".into()]);
    let refused = add("https://anywhere.example/2").await;
    assert_eq!(
        (refused.status, refused.text().contains("solution_hosts")),
        (422, true),
        "{}",
        refused.text()
    );
    // What was set before the hosts were listed is not told to machines; the text is.
    let told = async |number: u64| {
        let reply =
            send(world.address, "POST", "/stage2.htm", &[], &crash("app", number).to_xml_utf16()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.text()
    };
    assert!(!told(1).await.contains("anywhere.example"));
    assert_eq!(add("https://support.example/2").await.status, 201);
    assert!(told(2).await.contains("Response=https://support.example/2"));
    world.stop().await;
}
