//! The running server against its own OpenAPI document: schemathesis makes requests of what the document allows, and of what
//! it does not, and holds every answer against it.

use std::process::Command;

use crate::binary::Watson;
use crate::client::send;
use crate::world::{cab, crash, folder};
use wer_wire::Level1Response;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method,\
                      allow_header_conformance";

/// Installed by `cargo xtask setup`, below the target folder that this program is in. The folder may have been moved since,
/// which the script's first line would not know: its interpreter is named here.
fn schemathesis() -> Command {
    let program = std::env::current_exe().unwrap();
    let target = program.ancestors().find(|folder| folder.join("tools").exists());
    let programs = target.map(|target| target.join("tools/schemathesis/bin"));
    let programs = programs.filter(|programs| programs.join("schemathesis").exists());
    let programs = programs.expect("schemathesis is missing; `cargo xtask setup` installs it");
    let mut command = Command::new(programs.join("python3"));
    command.arg(programs.join("schemathesis"));
    command
}

#[tokio::test]
async fn every_answer_is_one_that_the_document_describes() {
    let dir = folder();
    let data = dir.path().join("data");
    let watson = Watson::start(&data, &[]);
    for moment in 0..3 {
        let body = crash("app", moment).to_xml_utf16();
        let reply = send(watson.address, "POST", "/stage2.htm", &[], &body).await;
        if let Some(path) = Level1Response::parse(&reply.body).unwrap().dump_file {
            send(watson.address, "PUT", &path, &[], &cab("a.txt", b"x")).await;
        }
    }
    let token = std::fs::read_to_string(data.join("token")).unwrap();
    let long = std::env::var_os("WATSON_LONG_TESTS").is_some();
    let outcome = schemathesis()
        .arg("run")
        .arg(format!("http://{}/api/v1/openapi.json", watson.address))
        .args(["--header", &format!("Authorization: Bearer {}", token.trim())])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--workers", "1"])
        .args(["--max-examples", if long { "500" } else { "10" }, "--seed", "5", "--no-shrink"])
        .args(["--suppress-health-check", "all", "--warnings", "off", "--no-color"])
        .current_dir(dir.path())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&outcome.stdout);
    assert!(outcome.status.success(), "{said}\n{}", String::from_utf8_lossy(&outcome.stderr));
    assert!(said.contains("passed"), "{said}");
}
