//! Socorro.

use crate::client::{FORM, dump, form, packed_by, post};
use crate::world::World;

#[tokio::test]
async fn a_crash_is_answered_with_its_id_and_a_retry_with_the_same() {
    let world = World::start().await;
    let dump = dump(1);
    let body = form(&[
        ("name=\"ProductName\"", b"Firefox"),
        ("name=\"Version\"", b"130.0"),
        ("name=\"upload_file_minidump\"; filename=\"dump\"", &dump),
    ]);
    let packed = packed_by("gzip", &body);
    let first = post(world.address, "/submit", &[FORM, "Content-Encoding: gzip"], &packed).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let id = first.text.strip_prefix("CrashID=bp-").and_then(|rest| rest.strip_suffix('\n')).expect("an id");
    let (front, day) = id.split_at(29);
    assert!(front.matches('-').count() == 4 && day.len() == 7 && day.starts_with("02"), "{id}");
    let again = post(world.address, "/submit", &[FORM], &body).await;
    assert_eq!(again.text, first.text);
    assert_eq!(world.hits().await, 1);
    world.stop().await;
}

#[tokio::test]
async fn annotations_may_come_as_one_object() {
    let world = World::start().await;
    let dump = dump(2);
    let boundary = FORM.rsplit('=').next().expect("a boundary");
    let mut body = form(&[("name=\"upload_file_minidump\"; filename=\"dump\"", &dump)]);
    let extra = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"extra\"; filename=\"extra.json\"\r\n\
         Content-Type: application/json\r\n\r\n{{\"ProductName\":\"Fenix\",\"Version\":\"1\"}}\r\n"
    );
    body.splice(0..0, extra.into_bytes());
    let reply = post(world.address, "/submit", &[FORM], &body).await;
    assert!(reply.text.starts_with("CrashID=bp-"), "{}", reply.text);
    world.stop().await;
}

#[tokio::test]
async fn refusals_are_socorros() {
    let world = World::start().await;
    let good = dump(3);
    let dump: (&str, &[u8]) = ("name=\"upload_file_minidump\"; filename=\"dump\"", &good);
    let annotation: (&str, &[u8]) = ("name=\"ProductName\"", b"Firefox");
    let whole = form(&[annotation, dump]);
    let cases: [(&[&str], Vec<u8>, u16, &str); 8] = [
        (&[], whole.clone(), 400, "malformed_no_content_type"),
        (&["Content-Type: text/plain"], whole.clone(), 400, "malformed_wrong_content_type"),
        (&["Content-Type: multipart/form-data"], whole.clone(), 400, "malformed_no_boundary"),
        (&[FORM, "Content-Encoding: gzip"], whole.clone(), 400, "malformed_bad_gzip"),
        (&[FORM], whole[..whole.len() - 20].to_vec(), 400, "malformed_invalid_payload_structure"),
        (&[FORM], form(&[dump]), 400, "malformed_no_annotations"),
        (&[FORM], form(&[annotation]), 400, "malformed_no_dump"),
        (&[FORM], form(&[("name=\"uuid\"", b"x"), dump]), 401, "unauthorized_uuid"),
    ];
    for (headers, body, status, word) in cases {
        let reply = post(world.address, "/submit", headers, &body).await;
        assert_eq!((reply.status, reply.text), (status, format!("Discarded={word}\n")));
    }
    assert_eq!((world.hits().await, world.leftovers()), (0, 0));
    world.stop().await;
}

#[tokio::test]
async fn a_crash_whose_dump_is_not_wanted_is_counted_and_told_so() {
    let policy = watson_db::Policy { dumps_per_bucket: 1, ..watson_db::Policy::default() };
    let world = World::start_with(policy, watson_intake::DumpServer::Off).await;
    let upload = |number| {
        form(&[
            ("name=\"ProductName\"", b"Firefox"),
            ("name=\"upload_file_minidump\"; filename=\"dump\"", &dump(number)),
        ])
    };
    let first = post(world.address, "/submit", &[FORM], &upload(1)).await;
    assert!(first.text.starts_with("CrashID=bp-"), "{}", first.text);
    // The same crash again takes no second place, and another has none.
    assert_eq!(post(world.address, "/submit", &[FORM], &upload(1)).await.text, first.text);
    for _ in 0..2 {
        let second = post(world.address, "/submit", &[FORM], &upload(2)).await;
        assert_eq!((second.status, second.text.as_str()), (200, "Discarded=rule_quota\n"));
    }
    assert_eq!((world.hits().await, world.reports().await), (2, 1));
    assert_eq!(world.leftovers(), 0);
    world.stop().await;
}
