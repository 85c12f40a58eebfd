//! What is made once for each version.

use std::path::Path;

use anyhow::{Context, Result};

/// Does it unless the stamp says that it was done for this version.
pub(super) fn once(stamp: &Path, version: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    if std::fs::read_to_string(stamp).is_ok_and(|made| made == version) {
        return Ok(());
    }
    make()?;
    std::fs::write(stamp, version).with_context(|| stamp.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_made_once() {
        let folder = std::env::temp_dir().join(format!("xtask-readers-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let stamp = folder.join("version");
        let mut made = 0;
        for version in ["1", "1", "2"] {
            let make = || {
                made += 1;
                Ok(())
            };
            once(&stamp, version, make).expect("made");
        }
        assert_eq!(made, 2);
        let failed = once(&stamp, "3", || anyhow::bail!("no network"));
        assert!(failed.is_err() && std::fs::read_to_string(&stamp).expect("a stamp") == "2");
        std::fs::remove_dir_all(&folder).expect("ours");
    }
}
