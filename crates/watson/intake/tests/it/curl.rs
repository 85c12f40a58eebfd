//! curl, a client that is on every machine: its forms, chunks and `Expect: 100-continue`.

use std::process::Command;

use crate::client::dump;
use crate::world::World;

async fn curl(arguments: Vec<String>) -> (bool, String) {
    let run = move || Command::new("curl").args(["-sS", "--max-time", "60"]).args(arguments).output();
    let output = tokio::task::spawn_blocking(run).await.expect("it runs").expect("curl is here");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test]
async fn curl_uploads_a_form_a_chunked_form_and_a_dump_alone() {
    let world = World::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.dmp");
    std::fs::write(&file, dump(1)).expect("a file");
    let part = format!("upload_file_minidump=@{}", file.display());
    let url = |path: &str| format!("http://{}{path}", world.address);
    let text = |arguments: &[&str]| arguments.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let form = text(&["-f", "-F", "prod=app", "-F", "ver=1", "-F", &part, &url("/crash")]);
    let (done, id) = curl(form).await;
    assert!(done && id.len() == 36, "{id}");
    let chunked = text(&[
        "-f",
        "-H",
        "Transfer-Encoding: chunked",
        "-H",
        "Expect: 100-continue",
        "-F",
        &part,
        &url("/crash"),
    ]);
    assert_eq!(curl(chunked).await, (true, id.clone()));
    let alone = text(&["-f", "--data-binary", &format!("@{}", file.display()), &url("/api/1/minidump/")]);
    assert_eq!(curl(alone).await, (true, id));
    assert_eq!(world.hits().await, 1);
    let nothing = text(&["-f", "-F", "prod=app", &url("/crash")]);
    assert!(!curl(nothing).await.0, "it fails for what is refused");
    world.stop().await;
}
