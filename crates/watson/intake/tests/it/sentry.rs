//! Sentry: forms, dumps alone, envelopes.

use crate::client::{FORM, dump, form, packed_by, post};
use crate::world::World;

const EVENT: &str = "9ec79c33ec9942ab8353589fcb2e04dc";
const DUMP_KIND: &str = "Content-Type: application/x-dmp";

fn envelope(dump: &[u8]) -> Vec<u8> {
    let event = format!("{{\"event_id\":\"{EVENT}\",\"release\":\"game@1.2\"}}");
    let mut body = format!(
        "{{\"event_id\":\"{EVENT}\"}}\n{{\"type\":\"event\",\"length\":{}}}\n{event}\n\
         {{\"type\":\"attachment\",\"length\":5,\"filename\":\"log.txt\"}}\na log\n\
         {{\"type\":\"attachment\",\"attachment_type\":\"event.minidump\",\"filename\":\"m.dmp\",\"length\":{}}}\n",
        event.len(),
        dump.len()
    )
    .into_bytes();
    body.extend(dump);
    body.extend(b"\n{\"type\":\"session\",\"length\":2}\n{}\n{\"type\":\"made_up\"}\n{}");
    body
}

#[tokio::test]
async fn an_envelope_brings_event_dump_and_attachments_and_the_rest_is_counted() {
    let world = World::start().await;
    let dump = dump(1);
    let body = envelope(&dump);
    let target = "/api/42/envelope/?sentry_key=k";
    let packed = packed_by("gzip", &body);
    let first = post(world.address, target, &["Content-Encoding: gzip"], &packed).await;
    assert_eq!((first.status, first.text.as_str()), (200, format!("{{\"id\":\"{EVENT}\"}}").as_str()));
    assert!(world.blob_of(&dump) && world.blob_of(b"a log"));
    let again = post(world.address, target, &[], &body).await;
    assert_eq!(again.text, first.text);
    assert_eq!(world.hits().await, 1);
    let ignored = |kind| world.intake.metrics().count("watson_ignored_total", kind);
    assert_eq!((ignored("session"), ignored("other")), (2, 2));
    world.stop().await;
}

#[tokio::test]
async fn what_is_no_crash_is_answered_and_counted() {
    let world = World::start().await;
    let body = format!("{{\"event_id\":\"{EVENT}\"}}\n{{\"type\":\"event\"}}\n{{\"message\":\"hi\"}}\n");
    let reply = post(world.address, "/api/42/envelope/", &[], body.as_bytes()).await;
    assert_eq!((reply.status, reply.text), (200, format!("{{\"id\":\"{EVENT}\"}}")));
    assert_eq!(world.intake.metrics().count("watson_ignored_total", "event"), 1);
    assert_eq!((world.hits().await, world.leftovers()), (0, 0));
    world.stop().await;
}

#[tokio::test]
async fn a_dump_may_come_alone_and_in_every_packing() {
    let world = World::start().await;
    let dump = dump(2);
    let target = "/api/42/minidump/?sentry_key=k";
    let first = post(world.address, target, &[DUMP_KIND], &dump).await;
    assert_eq!((first.status, first.text.len()), (200, 36), "{}", first.text);
    let packed = ["gzip", "xz", "bzip2"].map(|program| packed_by(program, &dump));
    for body in packed.into_iter().chain([zstd::encode_all(&dump[..], 3).expect("zstd")]) {
        let reply = post(world.address, target, &[DUMP_KIND], &body).await;
        assert_eq!((reply.status, &reply.text), (200, &first.text));
    }
    assert_eq!(world.hits().await, 1, "it is the same dump");
    assert!(world.blob_of(&dump));
    world.stop().await;
}

#[tokio::test]
async fn a_form_names_its_event() {
    let world = World::start().await;
    let dump = zstd::encode_all(&dump(3)[..], 3).expect("zstd");
    let event = format!("{{\"event_id\":\"{EVENT}\",\"release\":\"game@1.2\"}}");
    let body = form(&[
        ("name=\"sentry\"", event.as_bytes()),
        ("name=\"upload_file_minidump\"; filename=\"a.dmp.zst\"", &dump),
    ]);
    let reply = post(world.address, "/api/42/minidump/", &[FORM], &body).await;
    assert_eq!((reply.status, reply.text.as_str()), (200, "9ec79c33-ec99-42ab-8353-589fcb2e04dc"));
    world.stop().await;
}
