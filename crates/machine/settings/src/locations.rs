//! Where settings, store and sockets are, for the two ways to run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Folders of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locations {
    /// Holds `policy.toml` and the machine's `wer.toml`.
    pub system_dir: PathBuf,
    /// Holds the user's `wer.toml`; `None` = no user's settings count.
    pub user_dir: Option<PathBuf>,
    /// Root of the store.
    pub store_root: PathBuf,
    /// Sockets.
    pub runtime_dir: PathBuf,
}

impl Locations {
    /// The embedded way: everything runs with the crashed user's own rights.
    ///
    /// `environment` looks a variable up. `WER_SYSTEM_CONFIG_DIR` and `WER_STORE_DIR` name other folders for
    /// `/etc/wer` and the store; whoever sets them gains nothing, because nothing here has rights that the user lacks.
    /// Paths that are not absolute are ignored, as the XDG base directory specification demands.
    #[must_use]
    pub fn embedded(environment: &dyn Fn(&str) -> Option<OsString>, uid: u32) -> Self {
        let absolute = |name: &str| environment(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME");
        let below_home = |folder: &str| home.as_ref().map(|home| home.join(folder));
        let user = absolute("XDG_CONFIG_HOME").or_else(|| below_home(".config"));
        let state = absolute("XDG_STATE_HOME").or_else(|| below_home(".local/state"));
        let runtime =
            absolute("XDG_RUNTIME_DIR").unwrap_or_else(|| PathBuf::from(format!("/run/user/{uid}")));
        Self {
            system_dir: absolute("WER_SYSTEM_CONFIG_DIR").unwrap_or_else(|| PathBuf::from("/etc/wer")),
            user_dir: user.map(|folder| folder.join("wer")),
            store_root: absolute("WER_STORE_DIR")
                .or_else(|| state.map(|folder| folder.join("wer")))
                .unwrap_or_else(|| PathBuf::from(format!("/var/tmp/wer-{uid}"))),
            runtime_dir: runtime.join("wer"),
        }
    }

    /// The kernel's ways: the machine's own folders, or those below `base`. No environment and no user's settings.
    #[must_use]
    pub fn system(base: Option<&Path>) -> Self {
        let below = |folder: &str| base.unwrap_or(Path::new("/")).join(folder);
        Self {
            system_dir: below("etc/wer"),
            user_dir: None,
            store_root: below("var/lib/wer"),
            runtime_dir: below("run/wer"),
        }
    }

    /// The machine's policy.
    #[must_use]
    pub fn policy_file(&self) -> PathBuf {
        self.system_dir.join("policy.toml")
    }

    /// The machine's settings.
    #[must_use]
    pub fn system_file(&self) -> PathBuf {
        self.system_dir.join("wer.toml")
    }

    /// The user's settings.
    #[must_use]
    pub fn user_file(&self) -> Option<PathBuf> {
        self.user_dir.as_ref().map(|folder| folder.join("wer.toml"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn embedded(pairs: &[(&str, &str)]) -> Locations {
        let look = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        Locations::embedded(&look, 1000)
    }

    #[test]
    fn the_embedded_way_follows_the_users_environment() {
        let locations = embedded(&[("HOME", "/home/joe")]);
        assert_eq!(locations.system_dir, Path::new("/etc/wer"));
        assert_eq!(locations.user_file().as_deref(), Some(Path::new("/home/joe/.config/wer/wer.toml")));
        assert_eq!(locations.store_root, Path::new("/home/joe/.local/state/wer"));
        assert_eq!(locations.runtime_dir, Path::new("/run/user/1000/wer"));
        let moved = embedded(&[
            ("HOME", "/home/joe"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_STATE_HOME", "/s"),
            ("XDG_RUNTIME_DIR", "/r"),
            ("WER_SYSTEM_CONFIG_DIR", "/e"),
        ]);
        assert_eq!(moved.user_dir.as_deref(), Some(Path::new("/c/wer")));
        assert_eq!(moved.store_root, Path::new("/s/wer"));
        assert_eq!((moved.system_dir.to_str(), moved.runtime_dir.to_str()), (Some("/e"), Some("/r/wer")));
        assert_eq!(embedded(&[("WER_STORE_DIR", "/w")]).store_root, Path::new("/w"));
    }

    #[test]
    fn relative_paths_and_a_missing_home_do_not_matter() {
        let locations = embedded(&[("HOME", "joe"), ("WER_STORE_DIR", "../w")]);
        assert_eq!(locations.user_dir, None);
        assert_eq!(locations.store_root, Path::new("/var/tmp/wer-1000"));
    }

    #[test]
    fn the_system_has_fixed_places() {
        assert_eq!(Locations::system(None).store_root, Path::new("/var/lib/wer"));
        let below = Locations::system(Some(Path::new("/base")));
        assert_eq!(below.policy_file(), Path::new("/base/etc/wer/policy.toml"));
        assert_eq!(below.runtime_dir, Path::new("/base/run/wer"));
        assert_eq!(below.user_dir, None);
    }
}
