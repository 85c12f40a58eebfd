//! Two servers on one PostgreSQL and one bucket.

use crate::failures::site::{Site, until};
use crate::postgres::PostgresForTest;
use crate::world::{cab, crash};

#[tokio::test]
async fn what_one_takes_the_other_knows_analyses_and_gives_out_by_one_bucket() {
    let postgres = PostgresForTest::start();
    let site = Site::with_bucket(postgres.url());
    let (one, other) = (site.start("one", &[]), site.start("other", &[]));

    let body = crash("app", 1).to_xml_utf16();
    let (first, again) = (one.level1(&body).await, other.level1(&body).await);
    assert_eq!(first, again, "a repeat has the same bucket and the same token");
    let bytes = cab("notes.txt", b"what was said");
    let path = first.dump_file.clone().unwrap();
    assert_eq!(other.put(&path, &bytes).await.status, 200);
    assert_eq!(one.put(&path, &bytes).await.status, 200, "a repeat of the cab is known elsewhere");

    let bucket = one.bucket(first.bucket.unwrap()).await;
    assert_eq!((&bucket["hits"], bucket["reports"].as_array().unwrap().len()), (&1.into(), 1));
    let id = bucket["reports"][0].as_str().unwrap().to_owned();
    for server in [&one, &other] {
        assert!(server.get(&format!("/reports/{id}/cab")).await.body == bytes);
        until("the analysis ends", async || {
            server.get(&format!("/api/reports/{id}")).await.json()["state"] != "open"
        })
        .await;
        let report = server.get(&format!("/api/reports/{id}")).await.json();
        assert_eq!(report["files"], serde_json::json!([{ "name": "notes.txt", "size_bytes": 13 }]));
        // A child opens the cab, which this machine has as a copy only.
        let file = server.get(&format!("/reports/{id}/files/0")).await.text();
        assert!(file.contains("what was said"), "{file}");
    }

    let dump = [b"MDMP".as_slice(), &[0; 100_000]].concat();
    let taken = one.dump("crashpad", 1, &dump).await;
    let known = other.dump("crashpad", 1, &dump).await;
    assert_eq!((taken.status, known.status, taken.text()), (200, 200, known.text()));
    let got = other.get(&format!("/reports/{}/cab", taken.text())).await;
    assert!(got.status == 200 && got.body == dump, "{}", got.head);
    assert_eq!(one.metric("watson_hits ").await, 2);
    assert_eq!(
        site.s3.as_ref().unwrap().blobs().read_dir().unwrap().count(),
        2,
        "bytes are in the bucket alone"
    );
    for name in ["one", "other"] {
        assert_eq!(site.data(name).join("blobs").read_dir().unwrap().count(), 0);
        assert_eq!(site.data(name).join("tmp").read_dir().unwrap().count(), 0);
    }
    drop((one, other));
    site.is_whole();
}
