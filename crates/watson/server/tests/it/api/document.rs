//! The committed document is the one that is served.

use std::path::Path;

#[test]
fn the_committed_document_is_what_the_functions_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/watson/openapi.json");
    let text = watson_api::document_text();
    if std::env::var_os("WATSON_WRITE_OPENAPI").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == text,
        "the API changed: WATSON_WRITE_OPENAPI=1 cargo test -p watson-server --test it api:: writes {}",
        path.display()
    );
}
