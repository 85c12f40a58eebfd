//! Where the workspace and what cargo built of it are.

use std::path::{Path, PathBuf};

/// Folders of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Targets {
    /// The workspace's root.
    pub workspace: PathBuf,
    /// Where cargo puts executables and libraries: `target/debug`.
    pub build: PathBuf,
    /// Where the crashing programs go: `target/crashers`.
    pub crashers: PathBuf,
}

/// The folders could not be found.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// No path of one's own.
    #[error("the running program's own path cannot be read: {0}")]
    OwnPath(#[from] std::io::Error),
    /// Not below a target folder.
    #[error("{0} does not lie in a folder that cargo builds into; run it by cargo")]
    NotInTarget(PathBuf),
}

impl Targets {
    /// For a program that cargo has built: a test below `target/debug/deps` or a binary in `target/debug`.
    ///
    /// # Errors
    /// The running program lies elsewhere.
    pub fn of_this_program() -> Result<Self, TargetError> {
        let own = std::env::current_exe()?;
        Self::of(&own).ok_or(TargetError::NotInTarget(own))
    }

    fn of(executable: &Path) -> Option<Self> {
        let folder = executable.parent()?;
        let build = if folder.ends_with("deps") { folder.parent()? } else { folder };
        Some(Self {
            workspace: Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?.to_path_buf(),
            build: build.to_path_buf(),
            crashers: build.parent()?.join("crashers"),
        })
    }

    /// An executable that cargo built, by its name.
    #[must_use]
    pub fn binary(&self, name: &str) -> PathBuf {
        self.build.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_binaries_agree() {
        let test = Targets::of(Path::new("/w/target/debug/deps/e2e-1234")).expect("a test");
        let binary = Targets::of(Path::new("/w/target/debug/xtask")).expect("a binary");
        assert_eq!(test, binary);
        assert_eq!(test.crashers, Path::new("/w/target/crashers"));
        assert!(test.workspace.join("Cargo.toml").is_file());
    }
}
