//! Machines that were erased after a snapshot was made must stay erased when it comes back. Later snapshots know of them:
//! the lines of every `erasures.log` in the folder join the restored one, before the store is opened and erases what
//! they name.

use std::path::Path;

use crate::DataDir;
use crate::backup::folder::list;
use crate::backup::manifest::Manifest;
use crate::backup::{BackupError, RestoreFrom};
use crate::blob::BlobPlace;
use crate::erase::bring_erasures;

/// Brings those of all snapshots, and of the file that was named.
pub(super) async fn bring(dir: &DataDir, from: &RestoreFrom, taken: &BlobPlace) -> Result<(), BackupError> {
    for name in list(&from.from)? {
        // Another snapshot that cannot be read is not in the way of this one.
        let Ok(manifest) = Manifest::read(&from.from.join("snapshots").join(name)) else { continue };
        for file in manifest.files.iter().filter(|file| file.path == Path::new("erasures.log")) {
            bring_erasures(dir, taken.file(&file.sha256).await?.path())?;
        }
    }
    if let Some(erasures) = &from.erasures {
        bring_erasures(dir, erasures)?;
    }
    Ok(())
}
