//! The data folder.

use watson_db::{Policy, Store};

use crate::world::folder;

#[tokio::test]
async fn the_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = folder();
    let root = dir.path().join("data");
    let _store = Store::open(&root, Policy::default()).await.unwrap();
    for folder in ["", "blobs", "symbols", "tmp"] {
        assert_eq!(root.join(folder).metadata().unwrap().permissions().mode() & 0o777, 0o700, "{folder}");
    }
}
